"""Are the weights of a model in pieces that no single process holds?

Such a model cannot be read by one process in the middle of training; it is scored after it has been saved whole.
"""

from __future__ import annotations

from typing import Any

import torch


def sharded_by(model: Any) -> str | None:
    """What cut the weights into pieces.

    Args:
        model: a `torch.nn.Module`, wrapped or not.

    Returns:
        `FSDP`, `DeepSpeed ZeRO-3` or `distributed tensors`; None if this process holds the whole model.
    """
    kinds = _fsdp_kinds()
    if kinds and any(isinstance(m, kinds) for m in model.modules()):
        return "FSDP"
    tensor = _distributed_tensor()
    for weight in model.parameters():
        if hasattr(weight, "ds_id"):  # DeepSpeed numbers the parameters that it partitions
            return "DeepSpeed ZeRO-3"
        if tensor is not None and isinstance(weight, tensor):
            return "distributed tensors"
    return None


def whole(model: Any) -> Any:
    """The model inside the wrappers of data parallelism and compilation."""
    while True:
        inner = getattr(model, "_orig_mod", None)
        if inner is None and isinstance(model, (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)):
            inner = model.module
        if inner is None:
            return model
        model = inner


def _fsdp_kinds() -> tuple[type, ...]:
    if not torch.distributed.is_available():
        return ()
    from torch.distributed import fsdp  # builds without distributed support lack it

    return tuple(k for k in (getattr(fsdp, n, None) for n in ("FullyShardedDataParallel", "FSDPModule")) if k)


def _distributed_tensor() -> type | None:
    if not torch.distributed.is_available():
        return None
    from torch.distributed.tensor import DTensor

    return DTensor
