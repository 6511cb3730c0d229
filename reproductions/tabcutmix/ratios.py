"""Which share of rows looks copied from a training table, and how much of it would look so without any copying?"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import torch
from scipy.stats import t as student

from byheart.compare.rows.nearest_rows import THRESHOLD, nearest_ratio
from byheart.core.verdict import Estimate
from byheart.stats.excess import excess
from byheart.stats.intervals import proportion

from .tables import Table

METRICS = {"paper": "the paper's ratio", "gower": "one scale for all rows"}


def copied(rows: pd.DataFrame, train: pd.DataFrame, table: Table, metric: str) -> np.ndarray:
    """Which rows are more than three times nearer to one training row than to any other, bool (rows,)."""
    with warnings.catch_warnings():  # that the paper's metric degenerates on numbers alone is what is shown here
        warnings.filterwarnings("ignore", message="metric 'paper'")
        near = nearest_ratio(rows, train, table.schema, metric=metric, threads=torch.get_num_threads())
    found: np.ndarray = near.r < THRESHOLD
    return found


def held_out_share(table: Table, metric: str, *, folds: int, asked: int, seed: int) -> Estimate:
    """Share of real rows that look copied from the other folds, which do not hold them: nothing is memorized here.

    Args:
        table: the rows.
        metric: of the distance.
        folds: parts of equal size that the rows are dealt into.
        asked: how many of these parts are held out in turn, so that no row is asked about twice.
        seed: deals them.
    """
    rows = table.shuffled(seed, "folds")
    hits = [copied(held, train, table, metric) for held, train in _split(rows, folds, asked)]
    return proportion(np.concatenate(hits))


def _split(rows: pd.DataFrame, folds: int, asked: int) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    fold = np.arange(len(rows)) % folds
    for k in range(asked):
        yield rows[fold == k].reset_index(drop=True), rows[fold != k].reset_index(drop=True)


def planted_excess(table: Table, metric: str, share: float, *, train: int, rows: int, seed: int) -> Estimate:
    """Copies beyond the null in unseen rows of which a known share was replaced by training rows, a little jittered.

    Args:
        table: the rows.
        metric: of the distance.
        share: how many are replaced.
        train: training rows.
        rows: rows asked about, and as many others for the null.
        seed: draws them all, and the jitter of 0.2 % of a standard deviation on each number.
    """
    drawn = table.shuffled(seed, "planted")
    real, made, held = (part.reset_index(drop=True) for part in np_split(drawn, train, train + rows, train + 2 * rows))
    rng, n = np.random.default_rng(seed), round(share * rows)
    made.iloc[:n] = real.iloc[rng.choice(train, n, replace=False)].to_numpy()
    made = made.astype(real.dtypes.to_dict())
    numbers = list(table.schema.numerical)
    made.loc[: n - 1, numbers] += 0.002 * real[numbers].std().to_numpy() * rng.standard_normal((n, len(numbers)))
    shares = (proportion(copied(part, real, table, metric)) for part in (made, held))
    return excess(*shares)


def np_split(frame: pd.DataFrame, *ends: int) -> list[pd.DataFrame]:
    """The rows up to each end."""
    return [frame.iloc[start:end] for start, end in zip((0, *ends), ends, strict=False)]


def over_seeds(values: Sequence[float], unit: str, *, level: float = 0.95) -> Estimate:
    """Mean over whole trainings, each with its own rows, start and samples, with Student's interval."""
    x = np.asarray(values, np.float64)
    how = f"mean of {x.size} trainings on rows of their own; Student's interval"
    if x.size < 2:
        return Estimate(float(x.mean()), None, None, x.size, unit, "one training; no interval", level)
    reach = float(student.ppf((1 + level) / 2, x.size - 1) * x.std(ddof=1) / x.size**0.5)
    return Estimate(float(x.mean()), float(x.mean()) - reach, float(x.mean()) + reach, x.size, unit, how, level)


def exactly(rows: pd.DataFrame, train: pd.DataFrame) -> np.ndarray:
    """Which rows equal a training row in every cell, bool (rows,)."""
    known = set(train.itertuples(index=False, name=None))
    return np.array([row in known for row in rows[list(train.columns)].itertuples(index=False, name=None)])
