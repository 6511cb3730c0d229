"""Which two rows of a pool are nearest by the distance of the paper, whose scale depends on all rows of the pool?

    d(x, x') = (norm(|x - x'|_2 over the raw numbers) + number of categories that differ) / M

where norm is the max-min rescaling to [0, 1] over all rows of the pool, for one query at a time (`paper`) or over all
pairs at once (`paper-global`). No pair can be left out, so that all are computed.

Source: Fang et al. 2024, arXiv 2412.11044, Eq. 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from byheart.compare.rows.distinct_rows import NOBODY, DistinctRows
from byheart.compare.rows.row_distance import Cells, euclid, mismatches


@dataclass(frozen=True, eq=False)
class AllPairs:
    """Finds the two nearest distinct rows by Eq. 1.

    Args:
        pool: the rows, in the order that breaks ties.
        limits: smallest and largest Euclidean distance, (2,), for norm; None takes those of each query.
    """

    pool: DistinctRows
    limits: np.ndarray | None = None

    def __call__(self, queries: Cells, owners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `Screen`: distances float64 (queries, 2) and rows of the pool int64 (queries, 2); inf and -1 for none."""
        apart = self._apart(queries, owners)
        low, high = self._limits(apart)
        spread = np.where(high > low, high - low, 1.0)
        differ = mismatches(queries[:, None], self.pool.cells)
        distance = ((apart - low[:, None]) / spread[:, None] + differ) / self.pool.cells.n_columns
        distance[np.isnan(distance)] = np.inf
        return _two_smallest(distance)

    def euclid_limits(self, queries: Cells, owners: np.ndarray) -> np.ndarray:
        """Smallest and largest Euclidean distance of these queries to the pool, (2,); NaN where no pair counts."""
        apart = self._apart(queries, owners)
        return np.array([np.fmin.reduce(apart, axis=None), np.fmax.reduce(apart, axis=None)])

    def _apart(self, queries: Cells, owners: np.ndarray) -> np.ndarray:
        """Euclidean distances, (queries, pool); NaN for rows that are all the query's owner's."""
        apart = euclid(queries[:, None], self.pool.cells)
        apart[(self.pool.sole_owner == owners[:, None]) & (owners[:, None] != NOBODY)] = np.nan
        return apart

    def _limits(self, apart: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.limits is None:
            return np.fmin.reduce(apart, axis=1), np.fmax.reduce(apart, axis=1)
        return np.full(len(apart), self.limits[0]), np.full(len(apart), self.limits[1])


def _two_smallest(distance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each row, overwritten; the first where distances tie."""
    every = np.arange(len(distance))
    found, places = np.empty((len(distance), 2)), np.empty((len(distance), 2), np.int64)
    for k in range(2):
        places[:, k] = distance.argmin(axis=1)
        found[:, k] = distance[every, places[:, k]]
        distance[every, places[:, k]] = np.inf
    return found, np.where(np.isinf(found), -1, places)
