"""How many members are found at a given rate of false alarms, and how well is that known?

Source: Davison & Hinkley 1997, Bootstrap Methods and their Application (resampling both sides, so that the noise of the
threshold is in the interval); Clopper & Pearson 1934 (which false-alarm rates can be certified at all).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from byheart.core.errors import TooFewRecords
from byheart.core.randomness import generator
from byheart.core.verdict import Estimate
from byheart.stats.intervals import clopper_pearson, group_weights
from byheart.stats.sides import Sides


@dataclass(frozen=True, eq=False)
class RocBand:
    """A ROC curve at chosen false-alarm rates, with a band that holds the whole true curve at `level`.

    Args:
        fpr, tpr, low, high: (points,), shares of controls and of members.
        level: coverage of the band as a whole.
        how: how it was made.
    """

    fpr: np.ndarray
    tpr: np.ndarray
    low: np.ndarray
    high: np.ndarray
    level: float
    how: str


def roc_curve(members: np.ndarray, controls: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """False-alarm rate, hit rate and threshold at every distinct score, from strictest to laxest.

    Returns:
        fpr, tpr, threshold, each (points,); a record is called a member at `score >= threshold`; the first point is
        (0, 0) at +inf.
    """
    thresholds = np.unique(np.concatenate([members, controls]))[::-1]
    tpr = 1 - np.searchsorted(np.sort(members), thresholds, side="left") / max(members.size, 1)
    fpr = 1 - np.searchsorted(np.sort(controls), thresholds, side="left") / max(controls.size, 1)
    return np.r_[0.0, fpr], np.r_[0.0, tpr], np.r_[np.inf, thresholds]


def certifiable_fpr(n_controls: int, level: float = 0.95) -> float:
    """Smallest false-alarm rate that n controls can vouch for: the upper limit when none of them is a false alarm.

    >>> round(certifiable_fpr(100), 4)
    0.0362
    """
    return clopper_pearson(0, n_controls, level)[1]


def controls_needed(fpr: float, level: float = 0.95) -> int:
    """How many controls it takes to vouch for a false-alarm rate.

    >>> controls_needed(0.001)
    3688
    """
    return math.ceil(math.log((1 - level) / 2) / math.log1p(-fpr))


def tpr_at_fpr(sides: Sides, fpr: float, *, seed: int, n_resamples: int = 1000, level: float = 0.95) -> Estimate:
    """Largest share of members found while the share of false alarms among the controls is at most `fpr`.

    The interval holds the noise of the threshold too: both sides are resampled. Where so few controls cannot vouch for
    that rate the value is None and `how` says how many would.

    Raises:
        ValueError: if `fpr` is not in (0, 1).
        TooFewRecords: if either side is empty.
    """
    if not 0 < fpr < 1:
        raise ValueError(f"a false-alarm rate lies between 0 and 1; got {fpr}")
    n, name = sides.n_control_groups, f"{100 * fpr:g} %"
    unit = f"share of members found at a false-alarm rate of {name}, over {sides.counted()}"
    if not n or certifiable_fpr(n, level) > fpr:
        floor = f"they can vouch for {100 * certifiable_fpr(n, level):.2g} % at best; " if n else ""
        how = f"not resolvable with {n} controls: {floor}{name} needs {controls_needed(fpr, level)}"
        return Estimate(None, None, None, n, unit, how, level)
    tpr = float(_tpr(sides, np.array([fpr]))[0])
    draws = _resampled_tpr(sides, np.array([fpr]), seed, n_resamples)[:, 0]
    exact = clopper_pearson(round(tpr * sides.n_member_groups), sides.n_member_groups, level)
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    worst = clopper_pearson(_allowed(n, fpr), n, level)[1]
    how = (
        f"threshold set on the controls; the wider of {n_resamples} resamples of both sides and the exact interval; "
        f"the true false-alarm rate there may be up to {100 * worst:.2g} %"
    )
    return Estimate(
        tpr, min(float(low), exact[0], tpr), max(float(high), exact[1], tpr), sides.n_groups, unit, how, level
    )


def roc_band(
    sides: Sides, *, seed: int, fpr: np.ndarray | None = None, n_resamples: int = 500, level: float = 0.95
) -> RocBand:
    """The ROC curve with a simultaneous band.

    Raises:
        TooFewRecords: if either side is empty.
    """
    grid = np.linspace(0, 1, 101)[1:-1] if fpr is None else np.asarray(fpr, np.float64)
    tpr = _tpr(sides, grid)
    draws = _resampled_tpr(sides, grid, seed, n_resamples)
    least = 0.5 / sides.n_member_groups  # a resample cannot see spreads below half a member
    spread = np.maximum(draws.std(axis=0), least)
    reach = float(np.quantile((abs(draws - tpr) / spread).max(axis=1), level))
    low, high = np.clip(tpr - reach * spread, 0, 1), np.clip(tpr + reach * spread, 0, 1)
    how = f"holds the whole true curve at {100 * level:g} % (simultaneous band); {n_resamples} resamples of both sides"
    return RocBand(grid, tpr, low, high, level, how)


def _allowed(n: int, fpr: float) -> int:
    """False alarms among n controls that keep within the rate."""
    return min(int(fpr * n + 1e-9), n - 1)


def _tpr(sides: Sides, grid: np.ndarray) -> np.ndarray:
    """Share of members above the first control that may not be a false alarm, (points,)."""
    if not sides.members.size or not sides.controls.size:
        raise TooFewRecords(f"a ROC needs both sides; got {sides.members.size} members, {sides.controls.size} controls")
    barred = np.sort(sides.controls)[::-1][[_allowed(sides.controls.size, f) for f in grid.tolist()]]
    found: np.ndarray = 1 - np.searchsorted(np.sort(sides.members), barred, side="right") / sides.members.size
    return found


def _resampled_tpr(sides: Sides, grid: np.ndarray, seed: int, n_resamples: int) -> np.ndarray:
    """TPR at each rate of the grid in each bootstrap resample, (n_resamples, points)."""
    rng = generator(seed, "roc")
    m_order, n_order = np.argsort(sides.members), np.argsort(-sides.controls)
    controls = sides.controls[n_order]
    m_codes, n_codes = sides.member_groups[m_order], sides.control_groups[n_order]
    above = sides.members.size - np.searchsorted(sides.members[m_order], controls, side="right")  # (n,) members above
    draws = np.empty((n_resamples, grid.size))
    for i, weights in enumerate(group_weights(sides, rng, n_resamples)):
        seen = np.cumsum(weights[n_codes])  # (n,) false alarms when the line is below the j-th highest control
        barred = np.minimum(np.searchsorted(seen, grid * seen[-1] + 1e-9, side="right"), controls.size - 1)
        found = np.r_[0, np.cumsum(weights[m_codes[::-1]])]
        draws[i] = found[above[barred]] / found[-1] if found[-1] else 0.0
    return draws
