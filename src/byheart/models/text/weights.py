"""Where are a model's weights, may they be opened, and what are they?

Every source (folder, hub id, `.gguf` file, PEFT adapter, shipped name) becomes a local folder first; then one path
checks and loads it. What could run foreign code is refused unless it is trusted by name.
"""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from byheart.core.digest import digest_file, digest_json
from byheart.core.errors import MissingExtra, TargetError
from byheart.models.text.gguf import converted, shipped
from byheart.models.text.quiet_loading import quiet_loading

try:
    from huggingface_hub import snapshot_download
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer
except ImportError as e:
    raise MissingExtra(e.name or "transformers", "text") from e

UNREADABLE = (ValueError, OSError, RuntimeError, KeyError, ImportError, SafetensorError)
VOCABULARIES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
HUB_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
HUB_FILES = ["*.json", "*.safetensors", "*.model", "*.txt", "*.jinja"]


@dataclass(frozen=True)
class Weights:
    """An opened model: module, tokenizer, and what they were made from."""

    module: Any
    tokenizer: Any
    name: str
    digest: str
    base_digest: str | None = None


def open_weights(source: str, device: torch.device, dtype: str | torch.dtype, trust: bool) -> Weights:
    """Load a model from anywhere.

    Raises:
        TargetError: one line: what is wrong with which file, and what to do.
    """
    if device.type == "cuda" and not torch.cuda.is_available():
        raise TargetError("no CUDA device is here; give --device cpu or auto")
    folder = locate(source, trust)
    kind = _kind(dtype, device)
    name = source if HUB_ID.fullmatch(source) else Path(source).resolve().name
    with quiet_loading():
        if (folder / "adapter_config.json").is_file():
            return _adapted(folder, name, device, kind, trust)
        module, tokenizer = _module(folder, device, kind, trust), _tokenizer(folder, trust)
    return Weights(module, tokenizer, name, _digest(folder, module.dtype))


def locate(source: str, trust: bool = False) -> Path:
    """The local folder of a source; a `.gguf` file is converted once, a hub id is downloaded once.

    Raises:
        TargetError: if there is no such model.
    """
    path = Path(source).expanduser()
    if path.is_dir():
        return path
    if path.suffix == ".gguf" or source == "smollm2":
        return converted(shipped() if source == "smollm2" else path)
    if path.exists():
        raise TargetError(f"{source} is a file; a model is a folder, a .gguf file or a hub id")
    if not HUB_ID.fullmatch(source):
        raise TargetError(f"{source} does not exist; give a model folder, a .gguf file, a hub id or smollm2")
    try:
        return Path(snapshot_download(source, allow_patterns=[*HUB_FILES, *(["*.bin", "*.py"] if trust else [])]))
    except Exception as e:
        reason = str(e).partition("\n")[0]
        raise TargetError(f"{source} is neither a folder here nor a model on the hub that can be read: {reason}") from e


def fingerprint(config: dict[str, Any], tokenizer: Any) -> str:
    """Fingerprint of a configuration and a tokenizer in memory."""
    reader = json.loads(tokenizer.backend_tokenizer.to_str())
    for passing in ("padding", "truncation"):  # left there by the last call
        reader.pop(passing, None)
    special = {k: str(v) for k, v in tokenizer.special_tokens_map.items()}
    return digest_json([config, reader, special, str(tokenizer.chat_template)])


def _adapted(folder: Path, name: str, device: torch.device, kind: torch.dtype | str, trust: bool) -> Weights:
    facts = _read(folder / "adapter_config.json")
    base_name = facts.get("base_model_name_or_path")
    if not base_name:
        raise TargetError(f"{folder}/adapter_config.json names no base model (base_model_name_or_path)")
    if not (folder / "adapter_model.safetensors").is_file() and not trust:
        raise TargetError(f"{folder} holds no adapter_model.safetensors; save the adapter in safetensors format")
    beside = folder / base_name
    base_folder = beside if beside.is_dir() else locate(base_name, trust)
    module = _module(base_folder, device, kind, trust)
    tokenizer = _tokenizer(folder if _has_vocabulary(folder) else base_folder, trust)
    base_digest = _digest(base_folder, module.dtype)
    try:
        with warnings.catch_warnings():  # peft asks transformers in an old-fashioned way
            warnings.simplefilter("ignore", FutureWarning)
            adapted = PeftModel.from_pretrained(module, str(folder), is_trainable=False)
    except UNREADABLE as e:
        raise TargetError(f"the adapter in {folder} does not fit {base_name}: {_line(e)}") from e
    if adapted.active_peft_config.is_prompt_learning:
        raise TargetError(
            f"{folder} is a prompt-learning adapter ({facts.get('peft_type')}); merge it into a model first"
        )
    return Weights(
        adapted.to(device), tokenizer, name, digest_json([base_digest, _digest(folder, module.dtype)]), base_digest
    )


def _module(folder: Path, device: torch.device, kind: torch.dtype | str, trust: bool) -> Any:
    _check_config(folder, trust)
    safe = any(folder.glob("*.safetensors"))
    if not safe and not any(p for ending in ("*.bin", "*.pt", "*.pth", "*.ckpt") for p in folder.glob(ending)):
        raise TargetError(f"{folder} holds no weights (*.safetensors)")
    if not safe and not trust:
        raise TargetError(
            f"{folder} holds pickled weights only, which can run code when opened; save them as safetensors, "
            f"or pass --trust-remote-code"
        )
    try:
        options = {"use_safetensors": safe, "local_files_only": True, "output_loading_info": True}
        opened: Any = AutoModelForCausalLM.from_pretrained(str(folder), dtype=kind, trust_remote_code=trust, **options)
        module, report = opened
    except UNREADABLE as e:
        raise TargetError(f"{folder} cannot be opened as a causal language model: {_line(e)}") from e
    if report["missing_keys"]:
        missing = sorted(report["missing_keys"])
        raise TargetError(
            f"the weights in {folder} are not whole: {missing[0]} and {len(missing) - 1} more are not there"
        )
    return module.to(device).eval()


def _check_config(folder: Path, trust: bool) -> None:
    if not (folder / "config.json").is_file():
        raise TargetError(f"{folder} holds no config.json; give the folder that save_pretrained wrote")
    if not trust and (_read(folder / "config.json").get("auto_map") or _remote_tokenizer(folder)):
        raise TargetError(
            f"{folder} wants to run code that comes with it (auto_map); pass --trust-remote-code if you trust it"
        )


def _remote_tokenizer(folder: Path) -> bool:
    path = folder / "tokenizer_config.json"
    return path.is_file() and bool(_read(path).get("auto_map"))


def _tokenizer(folder: Path, trust: bool) -> Any:
    if not _has_vocabulary(folder) and not trust:
        raise TargetError(f"{folder} holds no tokenizer (tokenizer.json); save the model's tokenizer into it")
    try:
        return AutoTokenizer.from_pretrained(str(folder), trust_remote_code=trust, local_files_only=True)
    except UNREADABLE as e:
        raise TargetError(f"the tokenizer in {folder} cannot be opened: {_line(e)}") from e


def _has_vocabulary(folder: Path) -> bool:
    return any((folder / name).is_file() for name in VOCABULARIES)


def _digest(folder: Path, dtype: torch.dtype) -> str:
    """Fingerprint of weights, configuration and tokenizer as they lie on disk, and the number type they are run in."""
    wanted = (
        "config.json",
        "adapter_config.json",
        "tokenizer_config.json",
        "chat_template.jinja",
        "special_tokens_map.json",
    )
    weights = [*folder.glob("*.safetensors")] or [*folder.glob("*.bin")]
    files = {*weights, *(folder / name for name in (*wanted, *VOCABULARIES))}
    return digest_json([[(p.name, digest_file(p)) for p in sorted(files) if p.is_file()], str(dtype)])


def _kind(dtype: str | torch.dtype, device: torch.device) -> torch.dtype | str:
    if isinstance(dtype, torch.dtype):
        return dtype
    if dtype == "auto":
        return torch.float32 if device.type == "cpu" else "auto"
    kinds = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    if dtype not in kinds:
        raise TargetError(f"dtype is auto, {', '.join(kinds)}; got {dtype!r}")
    return kinds[dtype]


def _read(path: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as e:
        raise TargetError(f"{path} is not JSON: {_line(e)}") from e
    return facts


def _line(e: Exception) -> str:
    return str(e).strip().partition("\n")[0] or type(e).__name__
