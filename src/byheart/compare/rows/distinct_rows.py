"""Which rows of a table are the same row, and whose are they?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from byheart.compare.rows.row_distance import Cells

NOBODY = -1


@dataclass(frozen=True, eq=False)
class DistinctRows:
    """The distinct rows of a pool, numbered in the order in which each first appears.

    Args:
        cells: one of each, (distinct,).
        class_of: which distinct row each row of the pool is, int64 (rows,).
        owners: whose each row of the pool is, int64 (rows,), 0 or more.
    """

    cells: Cells
    class_of: np.ndarray
    owners: np.ndarray

    @classmethod
    def of(cls, cells: Cells, owners: np.ndarray | None = None) -> DistinctRows:
        """Find them among rows that stand in the order that breaks ties; without owners each row has its own."""
        class_of = same_row(cells)
        first = np.unique(class_of, return_index=True)[1]
        return cls(cells[first], class_of, np.arange(len(cells)) if owners is None else owners)

    def __len__(self) -> int:
        return len(self.cells)

    @cached_property
    def first(self) -> np.ndarray:
        """The first row of the pool of each class, int64 (distinct,)."""
        return np.unique(self.class_of, return_index=True)[1]

    @cached_property
    def _first_of_another(self) -> np.ndarray:
        """The first row of each class that is not its first row's owner's, -1 if none, int64 (distinct,)."""
        others = np.flatnonzero(self.owners != self.owners[self.first][self.class_of])
        found = np.full(len(self), -1, np.int64)
        classes, at = np.unique(self.class_of[others], return_index=True)
        found[classes] = others[at]
        return found

    @cached_property
    def sole_owner(self) -> np.ndarray:
        """Who owns all rows of each class, `NOBODY` if several do, int64 (distinct,)."""
        return np.where(self._first_of_another < 0, self.owners[self.first], NOBODY)

    @cached_property
    def _held(self) -> tuple[np.ndarray, np.ndarray]:
        """Each pair (class, owner) that occurs, as one number, and how often."""
        keys, times = np.unique(self._key(self.class_of, self.owners), return_counts=True)
        return keys, times

    def _key(self, classes: np.ndarray, owners: np.ndarray) -> np.ndarray:
        key: np.ndarray = classes * (self.owners.max() + 1) + owners
        return key

    def representative(self, classes: np.ndarray, owners: np.ndarray) -> np.ndarray:
        """The first row of each class that is not this owner's, int64 like `classes`; -1 where the class is -1."""
        own = (self.owners[self.first[classes]] == owners) & (owners != NOBODY)
        return np.where(classes < 0, -1, np.where(own, self._first_of_another[classes], self.first[classes]))

    def copies(self, classes: np.ndarray, owners: np.ndarray) -> np.ndarray:
        """How many rows of each class are not this owner's, int64 like `classes`; -1 where the class is -1."""
        keys, times = self._held
        wanted = self._key(classes, owners)
        at = np.minimum(np.searchsorted(keys, wanted), keys.size - 1)
        own = np.where((keys[at] == wanted) & (owners != NOBODY), times[at], 0)
        return np.where(classes < 0, -1, np.bincount(self.class_of)[classes] - own)


def same_row(cells: Cells) -> np.ndarray:
    """A number for each distinct row, from 0 in order of first appearance, int64 (rows,).

    Rows are the same if they are equal in all columns, missing being equal to missing.
    """
    name = np.zeros(len(cells), np.int64)
    for column in [*cells.numbers.T, *cells.codes.T]:
        codes = pd.factorize(column, use_na_sentinel=False)[0].astype(np.int64)
        name = pd.factorize(name * (codes.max(initial=0) + 1) + codes)[0].astype(np.int64)
    return name
