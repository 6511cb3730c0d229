"""How are the numbers before and after told, each with what it rests on?

Source: Davison & Hinkley 1997, Bootstrap Methods and their Application, section 3.8 (clusters resampled whole).
"""

from __future__ import annotations

import numpy as np

from byheart.core.randomness import generator
from byheart.core.verdict import Estimate
from byheart.stats.intervals import bootstrap_mean, proportion
from byheart.stats.sides import number_groups

RESAMPLES = 500


def nothing(unit: str) -> Estimate:
    """What is said where there is nothing to count."""
    return Estimate(None, None, None, 0, unit, "there is nothing to measure it on")


def mean_of(values: np.ndarray, groups: np.ndarray, unit: str, seed: int) -> Estimate:
    """Mean of the values (n,), with whole groups resampled; without an interval for fewer than 2 groups."""
    if not values.size:
        return nothing(unit)
    n_groups = np.unique(groups.astype(str)).size
    if n_groups < 2:
        return Estimate(float(values.mean()), None, None, n_groups, unit, "mean; no interval from one group")
    return bootstrap_mean(values, groups, seed=seed, unit=unit)


def change_in(differences: np.ndarray, groups: np.ndarray, unit: str, seed: int) -> Estimate:
    """Mean of paired differences (n,), after less before (for a loss: its rise)."""
    return mean_of(differences, groups, f"change: {unit}", seed)


def share_of(hits: np.ndarray, groups: np.ndarray, unit: str) -> Estimate:
    """Share of hits bool (n,), for as many trials as the groups are worth."""
    if not hits.size:
        return nothing(f"share {unit}")
    e = proportion(hits, groups)
    return Estimate(e.value, e.low, e.high, e.n, f"share {unit}", e.how, e.level)


def percentile_of(values: np.ndarray, groups: np.ndarray, percent: float, unit: str, seed: int) -> Estimate:
    """A percentile of the values (n,), with whole groups resampled.

    Resampling counts each value as often as its group is drawn; the percentile is that of the weighted values.
    """
    unit = f"{percent:g}th percentile of {unit}"
    if not values.size:
        return nothing(unit)
    codes, n_groups = number_groups(groups)
    order = np.argsort(values, kind="stable")
    ordered, codes = values[order], codes[order]

    def at(weights: np.ndarray) -> float:
        summed = np.cumsum(weights[codes])
        return float(ordered[np.searchsorted(summed, summed[-1] * percent / 100)])

    value = at(np.ones(n_groups))
    if n_groups < 2:
        return Estimate(value, None, None, n_groups, unit, "no interval from one group")
    rng = generator(seed, "switch", "percentile")
    draws = [at(np.bincount(rng.integers(n_groups, size=n_groups), minlength=n_groups)) for _ in range(RESAMPLES)]
    low, high = np.quantile(draws, [0.025, 0.975])
    how = f"interval from {RESAMPLES} resamples of {n_groups} groups"
    return Estimate(value, float(low), float(high), n_groups, unit, how)


def over_draws(values: np.ndarray, unit: str, draws: str = "random directions") -> Estimate:
    """Mean over random edits (n,), `draws` in words, with the least and the greatest of them; one tells no spread."""
    low, high, n = float(values.min()), float(values.max()), values.size
    if n == 1:
        return Estimate(low, None, None, n, unit, f"one of the {draws}, which tells no spread", 1.0)
    return Estimate(float(values.mean()), low, high, n, unit, f"mean of {n} {draws}, the least and the greatest", 1.0)
