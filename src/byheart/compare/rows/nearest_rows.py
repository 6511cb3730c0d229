"""How much nearer is a generated row to its nearest training row than to the second nearest?

r = d1 / d2, over the distinct training rows, and 0 where d1 is 0: a copy is a copy however often the row was there.

Source: Fang et al. 2024, arXiv 2412.11044, Section 3.2 and D.6.
Departs from it: the default distance is Gower's, whose scale is fixed by the training rows. The paper rescales the
numbers anew for each query, so that the row nearest in them has numeric distance 0 and r is 0 wherever its categories
agree too: rows that nobody trained on then count as memorized.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from byheart.compare.rows.distinct_rows import NOBODY, DistinctRows
from byheart.compare.rows.row_distance import comparable
from byheart.compare.rows.two_nearest import searcher, two_nearest
from byheart.core.errors import TooFewRecords
from byheart.core.items.rows import Rows
from byheart.core.schema import Schema

THRESHOLD = 1 / 3


@dataclass(frozen=True, eq=False)
class NearestRatio:
    """The two nearest distinct training rows of each generated row.

    Args:
        r: d1 / d2, 0 where d1 is 0, in [0, 1], float64 (rows,).
        d1, d2: distance to the nearest and to the second nearest, float64 (rows,).
        idx1, idx2: which training rows they are, the first of equal ones, int64 (rows,).
    """

    r: np.ndarray
    d1: np.ndarray
    d2: np.ndarray
    idx1: np.ndarray
    idx2: np.ndarray


def nearest_ratio(
    gen: pd.DataFrame,
    train: pd.DataFrame,
    schema: Schema,
    *,
    metric: str = "gower",
    scale: str = "range",
    threads: int = 1,
) -> NearestRatio:
    """The distance ratio of each generated row.

    Args:
        gen: generated rows, (rows, columns); categories that training rows lack are legal and match nothing.
        train: training rows; of equal ones, one counts.
        schema: the columns that both have.
        metric: `gower`, `hamming` (numbers in bins), `paper` (the paper's, scaled for each query) or `paper-global`.
        scale: width of a number for `gower`, of the training rows: `range` or `iqr`.
        threads: of this computation.

    Raises:
        TooFewRecords: with fewer than two distinct training rows.
        DataError: if a column is missing in all training rows, or absent.

    >>> train = pd.DataFrame({"age": [20, 30, 40], "sex": ["f", "m", "f"]})
    >>> nearest_ratio(pd.DataFrame({"age": [21], "sex": ["f"]}), train, Schema.of(["age"], ["sex"])).r.round(3).tolist()
    [0.053]
    """
    warn_if_degenerate(metric, schema)
    refuse_too_few(len(train))
    cells = comparable(Rows.of(train, schema) + Rows.of(gen, schema), np.arange(len(train)), metric, scale)
    pool, queries = DistinctRows.of(cells[: len(train)]), cells[len(train) :]
    refuse_too_few(len(pool))
    owners = np.full(len(gen), NOBODY)
    found = searcher(pool, metric, queries, owners, threads=threads)
    distance, place = two_nearest(found, queries, owners, threads=threads)
    return NearestRatio(distance_ratio(distance), *distance.T, *pool.first[place].T)


def distance_ratio(distance: np.ndarray) -> np.ndarray:
    """d1 / d2 of ascending distances (rows, 2), 0 where d1 is 0, NaN where one is."""
    nearest, second = distance.T
    return np.where(nearest == 0, 0.0, nearest / np.where(second == 0, 1.0, second))


def memorization_ratio(r: np.ndarray, threshold: float = THRESHOLD) -> float:
    """Share of rows with r below the threshold; 0 for no row."""
    return float(np.mean(r < threshold)) if len(r) else 0.0


def mem_auc(r: np.ndarray) -> float:
    """Area under the memorization ratio over thresholds from 0 to 1: exactly 1 - mean(r), as each row adds 1 - r."""
    return 1.0 - float(np.mean(r))


def mem_auc_grid10(r: np.ndarray) -> float:
    """The same by trapezoids between ten thresholds, as the paper's code has it.

    Rows at r = 0 exactly are counted from the second threshold on: too low by 1/18 of their share.
    """
    thresholds = np.linspace(0, 1, 10)
    ratios = np.array([np.mean(r < t) for t in thresholds])
    return float((np.diff(thresholds) * (ratios[1:] + ratios[:-1]) / 2.0).sum())


def warn_if_degenerate(metric: str, schema: Schema) -> None:
    """Say so where the paper's metric calls every row memorized, or every row whose neighbour has its label."""
    n = len(schema.categorical)
    if metric == "paper" and n < 2:
        what = "every row" if n == 0 else "every row whose nearest row in the numbers shares its category"
        warnings.warn(
            f"metric 'paper' with {n} categorical columns gives ratio 0 to {what}, copied or not; use 'gower'",
            UserWarning,
            stacklevel=3,
        )


def refuse_too_few(n: int) -> None:
    """A ratio needs two distinct training rows.

    Raises:
        TooFewRecords: if there are fewer.
    """
    if n < 2:
        raise TooFewRecords(f"two distinct training rows are needed to compare with; there are {n}")
