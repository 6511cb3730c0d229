"""How far apart are the two sets on average?

Source: Obuchowski 1997, Biometrics 53:567-578 (variance by group, here for means instead of placements).
"""

from __future__ import annotations

import numpy as np
from scipy.stats import t as student

from byheart.core.errors import TooFewRecords
from byheart.core.verdict import Estimate
from byheart.stats.auc import clustered_variance
from byheart.stats.sides import Sides


def mean_gap(sides: Sides) -> tuple[float, float]:
    """Mean of the members minus mean of the controls, and its standard error with groups counted as one.

    Raises:
        TooFewRecords: if a side has fewer than 2 groups.
    """
    m, n = sides.members.size, sides.controls.size
    if not m or not n:
        raise TooFewRecords(f"a difference of means needs both sides; got {m} and {n}")
    a, b = float(sides.members.mean()), float(sides.controls.mean())
    by_members = np.bincount(sides.member_groups, sides.members - a, sides.n_groups) / m
    by_controls = np.bincount(sides.control_groups, sides.controls - b, sides.n_groups) / n
    return a - b, clustered_variance(sides, by_members, -by_controls) ** 0.5


def mean_gap_estimate(sides: Sides, *, level: float = 0.95) -> Estimate:
    """The difference of means in standard deviations of the controls, with its interval.

    Raises:
        TooFewRecords: if a side has fewer than 2 groups.
    """
    gap, se = mean_gap(sides)
    scale = float(sides.controls.std(ddof=1)) or 1.0
    reach = float(student.ppf((1 + level) / 2, min(sides.n_member_groups, sides.n_control_groups) - 1)) * se
    how = "mean score of the set minus mean score of the held-out set, in standard deviations of the held-out set"
    low, high = (gap - reach) / scale, (gap + reach) / scale
    return Estimate(gap / scale, low, high, sides.n_groups, f"standard deviations, over {sides.counted()}", how, level)
