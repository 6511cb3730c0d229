"""Rows of different lengths in one flat array: what a pass over texts returns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Ragged:
    """Rows of different lengths, stored flat.

    Args:
        values: all rows behind each other, (total,).
        offsets: where each row starts, int64 (rows + 1,), first 0 and last `total`.

    Raises:
        ValueError: if the offsets do not describe the values.

    >>> r = Ragged.of([[1.0, 2.0], [], [3.0]])
    >>> len(r), r[0].tolist(), r.lengths.tolist()
    (3, [1.0, 2.0], [2, 0, 1])
    """

    values: np.ndarray
    offsets: np.ndarray

    def __post_init__(self) -> None:
        if self.values.ndim != 1 or self.offsets.ndim != 1:
            raise ValueError(f"values and offsets are flat; got {self.values.shape} and {self.offsets.shape}")
        if self.offsets.size < 1 or self.offsets[0] != 0 or self.offsets[-1] != self.values.size:
            raise ValueError(f"offsets run from 0 to {self.values.size}; got {self.offsets[[0, -1]].tolist()}")

    @classmethod
    def of(cls, rows: Iterable[Sequence[float] | np.ndarray], dtype: np.dtype | type | None = None) -> Ragged:
        """Pack rows, each (length,), into one array."""
        arrays = [np.asarray(row, dtype=dtype) for row in rows]
        lengths = np.array([a.size for a in arrays], dtype=np.int64)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
        values = np.concatenate(arrays) if arrays else np.zeros(0, dtype or np.float64)
        return cls(values.astype(dtype, copy=False) if dtype else values, offsets)

    def __len__(self) -> int:
        return self.offsets.size - 1

    def __getitem__(self, row: int) -> np.ndarray:
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[i] for i in range(len(self)))

    @property
    def lengths(self) -> np.ndarray:
        """Length of each row, int64 (rows,)."""
        return np.diff(self.offsets)

    @property
    def row(self) -> np.ndarray:
        """The row number of each value, int64 (total,): for reductions with `np.add.at` or `np.bincount`."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def like(self, values: np.ndarray) -> Ragged:
        """Other values, (total,), in the same rows."""
        return Ragged(np.asarray(values), self.offsets)

    def take(self, rows: np.ndarray | Sequence[int]) -> Ragged:
        """The named rows, in the order named."""
        rows = np.asarray(rows, dtype=np.int64)
        return Ragged.of([self[int(i)] for i in rows], dtype=self.values.dtype)

    def keep(self, mask: np.ndarray) -> Ragged:
        """Only the values where the flat mask, bool (total,), is true; rows keep their number."""
        kept = np.bincount(self.row[mask], minlength=len(self)) if self.values.size else np.zeros(len(self), np.int64)
        return Ragged(self.values[mask], np.concatenate([np.zeros(1, np.int64), np.cumsum(kept, dtype=np.int64)]))

    @staticmethod
    def join(parts: Sequence[Ragged]) -> Ragged:
        """Put the rows of several behind each other."""
        lengths = np.concatenate([p.lengths for p in parts])
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
        return Ragged(np.concatenate([p.values for p in parts]), offsets)
