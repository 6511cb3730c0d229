"""Which two distinct rows of a pool are nearest to each row, whatever the metric and however many rows there are?

Ties go to the row that stands first in the pool. Answers do not depend on blocks or threads: the distances that decide
are those of `row_distance`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from byheart.compare.rows.all_pairs import AllPairs
from byheart.compare.rows.distinct_rows import NOBODY, DistinctRows
from byheart.compare.rows.row_distance import Cells
from byheart.compare.rows.row_screen import Screen

T = TypeVar("T")

QUERIES = 64
"""Rows asked for at a time, at most."""
PAIRS = 1 << 21
"""Pairs of rows held at a time in float64 by `AllPairs`: 16 MiB an array."""


def searcher(pool: DistinctRows, metric: str, queries: Cells, owners: np.ndarray, *, threads: int) -> Screen | AllPairs:
    """A pool made ready to be searched.

    Args:
        pool: in the order that breaks ties.
        metric: one of `row_distance.METRICS`; the cells were made for it.
        queries: all rows that will be asked for; with their owners they set the scale of `paper-global`.
        owners: whose each query is, int64 (queries,), `NOBODY` for none.
        threads: how many blocks are done at a time.
    """
    if not metric.startswith("paper"):
        return Screen(pool)
    if metric == "paper":
        return AllPairs(pool)
    limits = np.array(_in_blocks(AllPairs(pool).euclid_limits, pool, queries, owners, threads)).reshape(-1, 2)
    return AllPairs(pool, np.array([np.fmin.reduce(limits[:, 0]), np.fmax.reduce(limits[:, 1])]))


def two_nearest(
    search: Screen | AllPairs, queries: Cells, owners: np.ndarray | None = None, *, threads: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """The two nearest distinct rows of each query.

    Args:
        search: from `searcher`.
        queries: (queries,).
        owners: whose each query is, int64 (queries,), `NOBODY` for none; rows of the pool that are all the query's
            owner's do not count.
        threads: how many blocks are done at a time.

    Returns:
        distance: float64 (queries, 2), ascending, infinite where there is none; and
        place: which of the distinct rows, int64 (queries, 2), -1 where there is none.
    """
    owners = np.full(len(queries), NOBODY) if owners is None else owners
    found = _in_blocks(search, search.pool, queries, owners, threads)
    if not found:
        return np.empty((0, 2)), np.empty((0, 2), np.int64)
    distance, place = zip(*found, strict=True)
    return np.concatenate(distance), np.concatenate(place)


def _in_blocks(
    find: Callable[[Cells, np.ndarray], T], pool: DistinctRows, queries: Cells, owners: np.ndarray, threads: int
) -> list[T]:
    size = min(QUERIES, max(1, PAIRS // max(1, len(pool))))
    blocks = [slice(start, start + size) for start in range(0, len(queries), size)]
    with ThreadPoolExecutor(max(1, threads)) as workers:
        return list(workers.map(lambda rows: find(queries[rows], owners[rows]), blocks))
