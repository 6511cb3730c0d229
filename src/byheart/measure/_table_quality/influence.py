"""How far from the truth may a score of two tables be, by how much each row moves it?

Source: Davison & Hinkley 1997, Bootstrap Methods and their Application, section 2.7.2 (the variance of a statistic is
the sum of squares of the influences of its rows; here of whole groups of rows); Hampel 1974, JASA 69:383-393.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from byheart.core.verdict import Estimate

HOW = "interval from the influence of every row on the score, Student's t"


@dataclass(frozen=True, eq=False)
class Score:
    """A number, and how much each row moves it.

    Args:
        value: the score; NaN where it has none.
        moves: one float64 (rows,) for each table: what the value gains, to first order, when a row counts twice. They
            sum to 0 over a table.
    """

    value: float
    moves: tuple[np.ndarray, ...]

    @classmethod
    def unknown(cls, *sizes: int) -> Score:
        """No score, for tables of these sizes."""
        return cls(float("nan"), tuple(np.zeros(n) for n in sizes))

    def minus(self, other: Score) -> Score:
        """The difference of two scores of the same rows."""
        return Score(self.value - other.value, tuple(a - b for a, b in zip(self.moves, other.moves, strict=True)))


def mean_score(scores: Sequence[Score]) -> Score:
    """The mean of those scores that have a value; without any, NaN.

    Raises:
        ValueError: if there is no score at all.
    """
    if not scores:
        raise ValueError("a mean needs at least one score")
    known = [s for s in scores if not np.isnan(s.value)]
    if not known:
        return scores[0]
    moves = tuple(np.mean(rows, axis=0) for rows in zip(*(s.moves for s in known), strict=True))
    return Score(float(np.mean([s.value for s in known])), moves)


@dataclass(frozen=True, eq=False)
class Units:
    """What is counted: persons, or rows that stand alone.

    Args:
        codes: int64 (rows of all tables), the unit of each row in 0..n_units - 1.
        n_units: how many there are in all tables together.
        least: how many the table with the fewest has.
    """

    codes: np.ndarray
    n_units: int
    least: int

    @classmethod
    def of(cls, *groups: np.ndarray) -> Units:
        """From whose row each is, int64 (rows,), one array for each table."""
        units, codes = np.unique(np.concatenate(groups), return_inverse=True)
        return cls(codes, len(units), min(len(np.unique(g)) for g in groups))


def standard_error(score: Score, units: Units) -> float:
    """Standard error of a score, rows of one unit counted as one; NaN with fewer than 2 units in a table."""
    if units.least < 2:
        return float("nan")
    together = np.bincount(units.codes, np.concatenate(score.moves), units.n_units)
    return float(np.sqrt(units.least / (units.least - 1) * (together @ together)))


def score_estimate(
    score: Score,
    units: Units,
    *,
    unit: str,
    how: str,
    bounds: tuple[float, float] = (0.0, 1.0),
    level: float = 0.95,
) -> Estimate:
    """The score with its interval, cut at the bounds of what it can be.

    Returns:
        Estimate: value None where the score has none; no interval where a table has fewer than 2 units.
    """
    n = units.n_units
    if np.isnan(score.value):
        return Estimate(None, None, None, n, unit, how, level)
    error = standard_error(score, units)
    if np.isnan(error):
        return Estimate(score.value, None, None, n, unit, f"{how}; no interval from a single row or entity", level)
    reach = float(student.ppf((1 + level) / 2, units.least - 1)) * error
    low, high = max(score.value - reach, bounds[0]), min(score.value + reach, bounds[1])
    return Estimate(score.value, low, high, n, unit, f"{how}; {HOW}", level)
