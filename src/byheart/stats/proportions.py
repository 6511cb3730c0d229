"""Is a share higher among members than among controls?

Source: Fisher 1935, JRSS 98:39-82 (exact test); Zou & Donner 2008, Statistics in Medicine 27:1693-1702 (interval of a
difference from the intervals of its two parts; with Wilson's it is Newcombe 1998, method 10).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import hypergeom

from byheart.core.verdict import Estimate
from byheart.stats.intervals import proportion
from byheart.stats.permutation import permutation_test
from byheart.stats.sides import Sides


def fisher_exact_p(hits: int, n: int, control_hits: int, n_controls: int) -> float:
    """One-sided p-value that members hit more often than controls, all records independent.

    >>> round(fisher_exact_p(3, 3, 0, 3), 3)
    0.05
    """
    return float(hypergeom.sf(hits - 1, n + n_controls, hits + control_hits, n))


def more_hits_p(sides: Sides, *, seed: int, n_resamples: int = 2000) -> tuple[float, str]:
    """One-sided p-value that members hit more often, and which test gave it.

    Args:
        sides: 1 for a hit and 0 otherwise.
        seed: for the dealings, when records come in groups.
        n_resamples: how many dealings.
    """
    if sides.singletons:
        counts = (int(sides.members.sum()), sides.members.size, int(sides.controls.sum()), sides.controls.size)
        return fisher_exact_p(*counts), "Fisher's exact test"
    test = permutation_test(sides, seed=seed, statistic="mean", n_resamples=n_resamples)
    return test.p, f"labels dealt anew to whole groups, {test.how()}"


def share_difference(sides: Sides, *, level: float = 0.95) -> Estimate:
    """Share of hits (values 0 or 1) among members minus that among controls, with its interval.

    Raises:
        TooFewRecords: if either side is empty.
    """
    a = proportion(sides.members > 0, sides.member_groups, level=level)
    b = proportion(sides.controls > 0, sides.control_groups, level=level)
    ends = [float(x) for x in (a.value or 0, a.low or 0, a.high or 0, b.value or 0, b.low or 0, b.high or 0)]
    p, l1, u1, q, l2, u2 = ends
    low, high = p - q - math.hypot(p - l1, u2 - q), p - q + math.hypot(u1 - p, q - l2)
    how = "difference of two shares; interval from the two intervals (Zou and Donner)"
    return Estimate(p - q, max(-1.0, low), min(1.0, high), sides.n_groups, f"over {sides.counted()}", how, level)


def hits(sides: Sides, threshold: float) -> Sides:
    """1 where the score reaches the threshold, 0 elsewhere."""
    return sides.with_values(
        (sides.members >= threshold).astype(np.float64), (sides.controls >= threshold).astype(np.float64)
    )
