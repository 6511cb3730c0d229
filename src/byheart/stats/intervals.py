"""How far from the truth may a proportion or a mean be?

Source: Clopper & Pearson 1934, Biometrika 26:404-413; Wilson 1927, JASA 22:209-212; Davison & Hinkley 1997, Bootstrap
Methods and their Application, section 3.8 (clusters resampled whole); Zou & Donner 2008, Statistics in Medicine
27:1693-1702 (interval of a difference from two intervals, eq. 3).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.stats import beta, norm

from byheart.core.errors import TooFewRecords
from byheart.core.randomness import generator
from byheart.core.verdict import Estimate
from byheart.stats.sides import Sides, number_groups


def clopper_pearson(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Exact interval of a proportion: k hits in n trials.

    Args:
        k: hits, 0..n.
        n: independent trials, at least 1.
        level: coverage is at least this, whatever the true proportion.

    Raises:
        ValueError: if k is not in 0..n.

    >>> [round(x, 4) for x in clopper_pearson(0, 100)]
    [0.0, 0.0362]
    """
    if not 0 <= k <= n or n < 1:
        raise ValueError(f"hits lie between 0 and the number of trials; got {k} of {n}")
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, k, n - k + 1)) if k > 0 else 0.0
    high = float(beta.ppf(1 - tail, k + 1, n - k)) if k < n else 1.0
    return low, high


def wilson(k: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Score interval of a proportion; also for effective (non-integer) counts.

    Raises:
        ValueError: if k is not in 0..n.
    """
    if not 0 <= k <= n or n <= 0:
        raise ValueError(f"hits lie between 0 and the number of trials; got {k} of {n}")
    z2 = float(norm.ppf((1 + level) / 2)) ** 2
    middle = (k + z2 / 2) / (n + z2)
    half = (z2 * (k * (n - k) / n + z2 / 4)) ** 0.5 / (n + z2)
    return max(0.0, middle - half), min(1.0, middle + half)


def proportion(
    hits: Sequence[bool] | np.ndarray, groups: Sequence[Any] | np.ndarray | None = None, *, level: float = 0.95
) -> Estimate:
    """Share of hits with its interval: exact when records stand alone, else for as many trials as the groups are worth.

    With groups, the number of trials is divided by the design effect (Kish 1965): how much wider the spread between
    groups makes the share than independent records would.

    Raises:
        TooFewRecords: if there is no record.
    """
    hit = np.asarray(hits, np.float64)
    if hit.size == 0:
        raise TooFewRecords("a share of no records has no value")
    codes, n_groups = number_groups(np.arange(hit.size) if groups is None else groups)
    share, k = float(hit.mean()), int(hit.sum())
    if n_groups == hit.size:
        low, high = clopper_pearson(k, hit.size, level)
        return Estimate(
            share, low, high, hit.size, "share of records", "counted; exact (Clopper-Pearson) interval", level
        )
    n_worth = hit.size / _design_effect(hit, codes, n_groups)
    low, high = wilson(share * n_worth, n_worth, level)
    how = f"counted; interval (Wilson) for {n_worth:.0f} independent records, which is what {n_groups} groups are worth"
    return Estimate(share, low, high, n_groups, f"share of {hit.size} records in {n_groups} groups", how, level)


def _design_effect(hit: np.ndarray, codes: np.ndarray, n_groups: int) -> float:
    sizes, share = np.bincount(codes, minlength=n_groups), float(hit.mean())
    worst = float((sizes**2).sum() / sizes.sum())  # records of one group all alike
    if share in (0.0, 1.0):
        return worst
    spread = np.bincount(codes, hit, n_groups) - share * sizes
    clustered = n_groups / max(n_groups - 1, 1) * float((spread**2).sum()) / hit.size**2
    return min(max(clustered / (share * (1 - share) / hit.size), 1.0), float(hit.size))


def group_weights(sides: Sides, rng: np.random.Generator, n_resamples: int) -> Iterator[np.ndarray]:
    """How often each group is drawn in one bootstrap resample, int64 (n_groups,), n_resamples times.

    Groups of members only, of controls only, and of both are resampled separately, each to its own number; a group is
    taken whole. Resampling is by weights, so records are never copied.
    """
    kind = (sides.member_sizes > 0) + 2 * (sides.control_sizes > 0)
    strata = [np.flatnonzero(kind == k) for k in (1, 2, 3)]
    for _ in range(n_resamples):
        weights = np.zeros(sides.n_groups, np.int64)
        for stratum in strata:
            if stratum.size:
                weights[stratum] = np.bincount(rng.integers(stratum.size, size=stratum.size), minlength=stratum.size)
        yield weights


def bootstrap_mean(
    values: np.ndarray,
    groups: Sequence[Any] | np.ndarray | None = None,
    *,
    seed: int,
    unit: str = "mean",
    n_resamples: int = 2000,
    level: float = 0.95,
) -> Estimate:
    """Mean of the values (n,) with a percentile interval from resampling whole groups.

    Raises:
        TooFewRecords: if there are fewer than 2 groups.
    """
    codes, n_groups = number_groups(np.arange(len(values)) if groups is None else groups)
    if n_groups < 2:
        raise TooFewRecords(f"an interval needs at least 2 groups; got {n_groups}")
    sums, sizes = np.bincount(codes, values, n_groups), np.bincount(codes, minlength=n_groups)
    rng = generator(seed, "bootstrap_mean")
    rows = max(1, 1_000_000 // n_groups)  # resamples drawn at once
    draws = np.empty(n_resamples)
    for start in range(0, n_resamples, rows):
        drawn = rng.integers(n_groups, size=(min(rows, n_resamples - start), n_groups))
        draws[start : start + rows] = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    how = f"mean; interval from {n_resamples} resamples of {n_groups} groups"
    return Estimate(float(np.mean(values)), float(low), float(high), n_groups, unit, how, level)


def difference_of(before: Estimate, after: Estimate) -> Estimate | None:
    """After minus before from two independent intervals; None where either has no value.

    >>> e = lambda v, low, high: Estimate(v, low, high, 9, "", "")
    >>> str(difference_of(e(0.8, 0.76, 0.83), e(0.5, 0.46, 0.53)))
    '-0.3 [-0.35, -0.25]'
    """
    if before.value is None or after.value is None:
        return None
    low = _reach(after.value, after.low, before.value, before.high)
    high = _reach(after.value, after.high, before.value, before.low)
    value = after.value - before.value
    how = "from the two intervals, as if the runs were independent (Zou and Donner)"
    return Estimate(
        value, None if low is None else value - low, None if high is None else value + high,
        min(before.n, after.n), f"change in {after.unit}", how, after.level,
    )  # fmt: skip


def _reach(value: float, end: float | None, other: float, other_end: float | None) -> float | None:
    return None if end is None or other_end is None else math.hypot(value - end, other - other_end)
