"""Which model is meant? From what a user gives to a model that can be asked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byheart.core.errors import TargetError, UsageError
from byheart.core.fetching import fetched

if TYPE_CHECKING:
    from byheart.core.run import RunFolder
    from byheart.core.target import LanguageModel

OF_WEIGHTS = ("audit text", "audit benchmark", "explain stim")
"""Runs whose model is one that can be opened again."""


def open_text_model(source: Any, *, device: str, dtype: str, trust_remote_code: bool) -> LanguageModel:
    """A language model from a folder, hub id, `.gguf` file, adapter, `smollm2`, live pair or LanguageModel.

    Raises:
        UsageError: if the name is empty or the device unknown.
        TargetError: if the model cannot be opened.
    """
    if hasattr(source, "hidden") and hasattr(source, "opener"):
        return source  # type: ignore[no-any-return]
    if isinstance(source, (str, Path)) and not str(source).strip():
        raise UsageError("the name of the model is empty; give a folder, a hub id, a .gguf file or smollm2")
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", device):
        raise UsageError(f"--device is auto, cpu or cuda; got {device!r}")
    load = fetched("byheart.models.text.causal_lm", "load_text_model")  # torch and transformers are an extra
    return load(source, device=device, dtype=dtype, trust_remote_code=trust_remote_code)  # type: ignore[no-any-return]


def reopen(
    run: RunFolder, *, device: str = "auto", dtype: str = "auto", trust_remote_code: bool = False
) -> LanguageModel:
    """The model that a run was made with, in the precision of the run unless another is given.

    Args:
        run: the folder of an audit of a language model.
        device: auto, cpu or cuda.
        dtype: precision; auto is that of the run.
        trust_remote_code: allow a model's own code, asked for anew each time.

    Raises:
        UsageError: if the run is of something else than a language model with its weights at hand.
        TargetError: if the weights are no longer those of the run.
    """
    verb = run.facts.get("command", {}).get("verb")
    if verb not in OF_WEIGHTS:
        raise UsageError(f"{run.path} is a run of `{verb}`; this needs one of `audit text`, whose model can be opened")
    dtype = run.facts.get("opened", {}).get("dtype", "auto") if dtype == "auto" else dtype
    source = run.facts.get("model_source")
    target = open_text_model(source, device=device, dtype=dtype, trust_remote_code=trust_remote_code)
    if target.digest != run.facts["command"]["model"]:
        raise TargetError(f"{source} is no longer the model of this run; its weights have changed")
    return target
