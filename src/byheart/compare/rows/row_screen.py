"""Which rows of a pool cannot be among the two nearest, told in whole numbers?

A number x becomes q = round(L * clip((x - low) / width, -1, 2)), a missing one -2 L. Then for every pair of rows, with
p numbers among M columns and D the Gower distance,

    sum over numbers of min(|q_x - q_y|, L) + L * mismatches  <=  L * M * D + p,

as clipping brings no two values further apart, each of the two roundings moves a value by at most 1/2, and two
categories that share a byte only lower the left side. The left side fits 16 bits, so it costs one or two bytes per
column and pair; only pairs that it cannot rule out are computed in float64. The answer is therefore that of float64 to
the last bit, ties included.

Source: ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from byheart.compare.rows.distinct_rows import NOBODY, DistinctRows
from byheart.compare.rows.row_distance import Cells, gower

LARGEST = 8191
"""Largest L: differences of values from -2 L to 2 L fit int16."""
CHUNK = 1 << 10
"""Rows of the pool at a time: with some dozens of queries, what is added up stays in the cache of a core."""
HELD = 1 << 14
"""Rows of the pool whose bounds are held before the distances of the best are computed."""


class Whole(NamedTuple):
    """Rows in whole numbers: `numbers` int16 (numbers, rows), `codes` uint8 (categories, rows)."""

    numbers: np.ndarray
    codes: np.ndarray

    def repeated(self, times: int) -> Whole:
        """Each row so many times side by side, (columns, rows, times): plain arrays are subtracted fastest."""
        return Whole(*(np.repeat(part[:, :, None], times, axis=2) for part in self))


@dataclass(frozen=True, eq=False)
class Screen:
    """Finds the two nearest distinct rows by Gower distance.

    Args:
        pool: the rows, in the order that breaks ties.
    """

    pool: DistinctRows

    def __post_init__(self) -> None:
        _ = self.whole, self.pool.sole_owner  # made once, before threads ask for them

    @cached_property
    def kind(self) -> type[np.unsignedinteger[Any]]:
        """Type of the sum: two bytes unless they would leave few levels to many columns."""
        return np.uint16 if self.pool.cells.n_columns <= 512 else np.uint32

    @cached_property
    def levels(self) -> int:
        """L: so many that the sum over M columns fits."""
        return min(LARGEST, int(np.iinfo(self.kind).max) // self.pool.cells.n_columns)

    @property
    def slack(self) -> float:
        """What the sum may exceed L M D by; without numbers it is exact, and half a level tells a tie from less."""
        p = self.pool.cells.numbers.shape[1]
        return p + 0.5 if p else -0.5

    @cached_property
    def whole(self) -> Whole:
        """The pool in whole numbers."""
        return self.in_whole(self.pool.cells)

    def in_whole(self, cells: Cells) -> Whole:
        """Rows in whole numbers; of more than 255 categories, whose count would not fit a byte, the first 255."""
        place = np.clip((cells.numbers - cells.low) / cells.width, -1, 2)
        numbers = np.rint(np.where(np.isnan(place), -2, place) * self.levels).astype(np.int16)
        return Whole(np.ascontiguousarray(numbers.T), np.ascontiguousarray(cells.codes[:, :255].astype(np.uint8).T))

    def __call__(self, queries: Cells, owners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distances float64 (queries, 2), ascending, and rows of the pool int64 (queries, 2); inf and -1 for none.

        Args:
            queries: a few dozen rows.
            owners: whose each is, int64 (queries,), `NOBODY` for none: rows that are all this owner's do not count.
        """
        best = np.full((len(queries), 2), np.inf), np.full((len(queries), 2), -1, np.int64)
        whole = self.in_whole(queries).repeated(min(CHUNK, len(self.pool)))
        for start in range(0, len(self.pool), HELD):
            low = self.lower_bounds(whole, start, min(start + HELD, len(self.pool)))
            rows = np.flatnonzero(low.min(axis=1) < self._bound(best[0][:, 1]) + self.slack)
            if rows.size:
                self._improve(best, rows, low[rows], start, queries, owners)
        return best

    def _bound(self, distance: np.ndarray) -> np.ndarray:
        """L M D."""
        return distance * (self.levels * self.pool.cells.n_columns)

    def lower_bounds(self, queries: Whole, start: int, stop: int) -> np.ndarray:
        """The left side for queries, repeated at most `CHUNK` times, against a stretch of the pool, (queries, rows)."""
        low = np.empty((queries.numbers.shape[1], stop - start), self.kind)
        step = max(1, queries.numbers.shape[2])
        reach = [np.ptp([*self._ends[j], x.min(), x.max()]) for j, x in enumerate(queries.numbers)]
        for at in range(start, stop, step):
            end = min(at + step, stop)
            chunk = Whole(*(part[:, at:end] for part in self.whole))
            mine = Whole(*(part[:, :, : end - at] for part in queries))
            low[:, at - start : end - start] = self._sums(mine, chunk, [r > self.levels for r in reach])
        return low

    @cached_property
    def _ends(self) -> list[tuple[int, int]]:
        """Smallest and largest whole number of each column of the pool."""
        return [(int(y.min()), int(y.max())) for y in self.whole.numbers]

    def _sums(self, queries: Whole, pool: Whole, clipped: list[bool]) -> np.ndarray:
        """The left side; columns in which nothing can differ by more than L are not clipped."""
        shape = queries.numbers.shape[1], pool.numbers.shape[1]
        differ, flag, gap = np.zeros(shape, np.uint8), np.empty(shape, np.bool_), np.empty(shape, np.int16)
        for x, y in zip(queries.codes, pool.codes, strict=True):
            np.not_equal(x, y, out=flag)
            np.add(differ, flag.view(np.uint8), out=differ)
        total = differ.astype(self.kind)
        np.multiply(total, self.kind(self.levels), out=total)
        most = np.full(shape[1], self.levels, np.int16)  # a row, as NumPy is slow to take the minimum with one number
        for x, y, clip in zip(queries.numbers, pool.numbers, clipped, strict=True):
            np.subtract(x, y, out=gap)
            np.abs(gap, out=gap)
            if clip:
                np.minimum(gap, most, out=gap)
            np.add(total, gap.view(np.uint16), out=total)
        return total

    def _improve(
        self, best: tuple[np.ndarray, np.ndarray], rows: np.ndarray, low: np.ndarray, start: int, queries: Cells,
        owners: np.ndarray,
    ) -> None:  # fmt: skip
        """Put what comes nearer in one stretch among the two best of these rows of the queries; `low` is theirs."""
        owners, largest = owners[rows], np.iinfo(self.kind).max
        if (owners != NOBODY).any():
            sole = self.pool.sole_owner[start : start + low.shape[1]]
            low[(sole == owners[:, None]) & (owners[:, None] != NOBODY)] = largest

        def exact(row: np.ndarray, place: np.ndarray) -> np.ndarray:
            own = (self.pool.sole_owner[place] == owners[row]) & (owners[row] != NOBODY)
            return np.where(own, np.inf, gower(queries[rows[row]], self.pool.cells[place]))

        every = np.arange(rows.size)
        promising = _two_lowest(low)
        seen = exact(np.repeat(every, 2), start + promising.ravel()).reshape(-1, 2)
        seen[promising[:, 0] == promising[:, 1], 1] = np.inf
        enough = np.sort(np.concatenate([best[0][rows], seen], axis=1), axis=1)[:, 1]
        limit = np.minimum(np.floor(self._bound(enough) + abs(self.slack)), largest).astype(self.kind)
        row, held = np.divmod(np.flatnonzero(low <= limit[:, None]), low.shape[1])
        place = start + held
        best[0][rows], best[1][rows] = _two_smallest(
            np.concatenate([np.repeat(every, 2), row]),
            np.concatenate([best[0][rows].ravel(), exact(row, place)]),
            np.concatenate([best[1][rows].ravel(), place]),
            rows.size,
        )


def _two_lowest(low: np.ndarray) -> np.ndarray:
    """Where the two lowest of each row stand, (rows, 2); twice the same place in a row of one."""
    every = np.arange(len(low))
    first = low.argmin(axis=1)
    kept = low[every, first]
    low[every, first] = np.iinfo(low.dtype).max
    second = low.argmin(axis=1)
    low[every, first] = kept
    second = np.where((second == first) & (low.shape[1] > 1), (first + 1) % low.shape[1], second)
    return np.stack([first, second], axis=1)


def _two_smallest(row: np.ndarray, distance: np.ndarray, place: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the entries of each of n rows, at least two each, the two smallest; the smaller place where distances tie."""
    order = np.lexsort((place, distance, row))
    first = np.searchsorted(row[order], np.arange(n))
    two = order[np.stack([first, first + 1], axis=1)]
    return distance[two], place[two]
