"""How often does a member score higher than a control, and how sure are we?

Source: DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837-845; Obuchowski 1997, Biometrics 53:567-578 (records in
groups); Newcombe 2006, Statistics in Medicine 25:559-573, method 5 (when members and controls do not overlap at all).
Departs from it: the interval is taken on the log-odds scale, where it stays inside (0, 1), with Student's t.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm, rankdata
from scipy.stats import t as student

from byheart.core.errors import TooFewRecords
from byheart.core.verdict import Estimate
from byheart.stats.sides import Sides


@dataclass(frozen=True, eq=False)
class Placements:
    """An AUC and what each group adds to its error.

    Args:
        auc: P(member > control) + P(tie) / 2.
        by_members: (n_groups,), sum over a group's members of (share of controls below - auc), over all members.
        by_controls: (n_groups,), the same from the controls' side.
    """

    auc: float
    by_members: np.ndarray
    by_controls: np.ndarray


def auc(members: np.ndarray, controls: np.ndarray) -> float:
    """Area under the ROC curve; ties count half. 0.5 is chance, 1 when every member is above every control.

    Raises:
        TooFewRecords: if either side is empty.

    >>> auc(np.array([2.0, 1.0]), np.array([1.0, 0.0]))
    0.875
    """
    return placements(Sides.of(members, controls)).auc


def placements(sides: Sides) -> Placements:
    """The AUC with its structural components, summed by group, in O(n log n).

    Raises:
        TooFewRecords: if either side is empty.
    """
    m, n = sides.members.size, sides.controls.size
    if m == 0 or n == 0:
        raise TooFewRecords(f"an AUC needs members and controls; got {m} and {n}")
    pooled = rankdata(np.concatenate([sides.members, sides.controls]))
    below = (pooled[:m] - rankdata(sides.members)) / n  # (m,) share of controls below each member
    above = 1 - (pooled[m:] - rankdata(sides.controls)) / m  # (n,) share of members above each control
    area = float(below.mean())
    by_members = np.bincount(sides.member_groups, below - area, sides.n_groups) / m
    by_controls = np.bincount(sides.control_groups, above - area, sides.n_groups) / n
    return Placements(area, by_members, by_controls)


def clustered_variance(sides: Sides, by_members: np.ndarray, by_controls: np.ndarray) -> float:
    """Variance of an AUC, or of a difference of two, from its components by group (Obuchowski 1997, section 3).

    With every record alone it is DeLong's.

    Raises:
        TooFewRecords: if a side has fewer than 2 groups.
    """
    i10, i01 = sides.n_member_groups, sides.n_control_groups
    if min(i10, i01) < 2:
        raise TooFewRecords(f"a variance needs 2 groups on each side; got {i10} and {i01}")
    i = sides.n_groups
    own = i10 / (i10 - 1) * by_members @ by_members + i01 / (i01 - 1) * by_controls @ by_controls
    return max(float(own + 2 * i / (i - 1) * by_members @ by_controls), 0.0)


def auc_estimate(sides: Sides, *, level: float = 0.95) -> Estimate:
    """The AUC with its interval; groups, not records, are what is counted.

    Raises:
        TooFewRecords: if a side has fewer than 2 groups.
    """
    parts = placements(sides)
    se = clustered_variance(sides, parts.by_members, parts.by_controls) ** 0.5
    odds = parts.auc * (1 - parts.auc)
    how = "share of member-control pairs in which the member scores higher; "
    if se > 0 and odds > 0:
        middle, reach = np.log(parts.auc / (1 - parts.auc)), _t(sides, level) * se / odds
        low, high = (float(1 / (1 + np.exp(-x))) for x in (middle - reach, middle + reach))
        how += "DeLong interval"
    else:
        low, high = _newcombe(parts.auc, sides.n_member_groups, sides.n_control_groups, level)
        how += "Newcombe interval, as every pair says the same"
    if not sides.singletons:
        how += ", groups counted as one (Obuchowski)"
    return Estimate(parts.auc, low, high, sides.n_groups, f"AUC over {sides.counted()}", how, level)


def auc_difference(sides: Sides, other: Sides, *, level: float = 0.95) -> Estimate:
    """AUC of one score minus AUC of another on the same records, paired, with its interval.

    Args:
        sides: one score.
        other: another score of the same records in the same order.
        level: coverage.

    Raises:
        ValueError: if the two are not of the same records.
        TooFewRecords: if a side has fewer than 2 groups.
    """
    if not (
        np.array_equal(sides.member_groups, other.member_groups)
        and np.array_equal(sides.control_groups, other.control_groups)
    ):
        raise ValueError("two scores are compared on the same records, in the same order")
    a, b = placements(sides), placements(other)
    se = clustered_variance(sides, a.by_members - b.by_members, a.by_controls - b.by_controls) ** 0.5
    value, reach = a.auc - b.auc, _t(sides, level) * se
    return Estimate(
        value, value - reach, value + reach, sides.n_groups, f"difference of two AUCs over {sides.counted()}",
        "AUC of the score minus AUC of the blind baseline on the same records; paired DeLong interval", level,
    )  # fmt: skip


def auc_z(sides: Sides) -> float:
    """(AUC - 0.5) in standard errors; normal for many groups under the null.

    Raises:
        TooFewRecords: if a side has fewer than 2 groups.
    """
    parts = placements(sides)
    se = clustered_variance(sides, parts.by_members, parts.by_controls) ** 0.5
    return (parts.auc - 0.5) / se if se > 0 else float(np.sign(parts.auc - 0.5)) * np.inf


def design_effect(sides: Sides) -> float:
    """How many times larger the variance of the AUC is than if all records were independent; at least 1."""
    parts = placements(sides)
    alone = Sides.of(sides.members, sides.controls)
    free = placements(alone)
    independent = clustered_variance(alone, free.by_members, free.by_controls)
    if sides.singletons or independent == 0:
        return 1.0
    return max(1.0, clustered_variance(sides, parts.by_members, parts.by_controls) / independent)


def _t(sides: Sides, level: float) -> float:
    return float(student.ppf((1 + level) / 2, min(sides.n_member_groups, sides.n_control_groups) - 1))


def _newcombe(area: float, m: int, n: int, level: float) -> tuple[float, float]:
    """All areas that the observed one does not reject, by Hanley & McNeil's variance with (m + n) / 2 per side."""
    z = float(norm.ppf((1 + level) / 2))

    def gap(theta: float) -> float:
        spread = 1 + ((m + n) / 2 - 1) * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        return float(abs(area - theta) - z * np.sqrt(theta * (1 - theta) / (m * n) * spread))

    tiny = 1e-12
    low = 0.0 if area <= tiny else float(brentq(gap, tiny, area - tiny)) if gap(tiny) > 0 else 0.0
    high = 1.0 if area >= 1 - tiny else float(brentq(gap, area + tiny, 1 - tiny)) if gap(1 - tiny) > 0 else 1.0
    return low, high
