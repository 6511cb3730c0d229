"""What does a training loop really give to the model, token by token, and on which tokens is the loss?

Rows are read from the collated batches, behind every step that can lose something: template, truncation, packing,
masking. They are read in the order of the data, so that the loop's own order, and its chance, stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch

from byheart.core.errors import DataError

IGNORED = -100  # the label of a token without a loss, in torch's cross-entropy


@dataclass(frozen=True, eq=False)
class Row:
    """One row of a batch, without its padding.

    Args:
        ids: token ids, int64 (tokens,).
        learned: whether the loss is on the token, bool (tokens,); never at position 0, which nothing predicts.
    """

    ids: np.ndarray
    learned: np.ndarray


def trained_batches(loader: Any) -> Iterator[list[Row]]:
    """The batches of one pass over the training data.

    Args:
        loader: a `torch.utils.data.DataLoader`, or a wrapper with its `dataset`, `collate_fn` and `batch_size`.

    Raises:
        DataError: if the data can be read only once, or the batches hold no labels.
    """
    records = iter(_records(loader.dataset))
    with torch.random.fork_rng(devices=[]):
        while chunk := list(islice(records, _batch_size(loader))):
            yield _rows(loader.collate_fn(chunk))


def is_stream(loader: Any) -> bool:
    """Whether the data do not say how many they are."""
    return not hasattr(loader.dataset, "__len__")


def _records(dataset: Any) -> Iterator[Any]:
    if hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__"):
        return (dataset[i] for i in range(len(dataset)))
    records: Iterator[Any] = iter(dataset)
    if records is dataset:
        raise DataError("the training data can be read only once, so nothing is checked first; pass preflight=False")
    return records


def _batch_size(loader: Any) -> int:
    sampler = getattr(loader, "batch_sampler", None)
    return int(getattr(loader, "batch_size", None) or getattr(sampler, "batch_size", None) or 8)


def _rows(batch: Any) -> list[Row]:
    if "input_ids" not in batch or "labels" not in batch:
        raise DataError(
            f"a training batch holds {', '.join(batch)}; without input_ids and labels nobody can say what is learned, "
            "so the canaries cannot be checked; pass preflight=False"
        )
    ids, labels = (np.asarray(batch[name]) for name in ("input_ids", "labels"))
    real = np.asarray(batch["attention_mask"]) if "attention_mask" in batch else np.ones_like(ids)
    real = real.astype(bool) if real.shape == ids.shape else np.ones(ids.shape, dtype=bool)
    learned = labels != IGNORED
    learned[:, 0] = False
    return [Row(i[r], on[r]) for i, on, r in zip(ids, learned, real, strict=True)]
