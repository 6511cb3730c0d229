"""By how much did the same records change between two runs?

A verdict holds one number. If it is the AUC of two roles, or the mean of a column over a role, the same number can be
read from the scores; then the two runs are compared record by record, which is sharper than comparing their intervals.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from byheart.core.scores import Scores
from byheart.core.verdict import Estimate
from byheart.stats.auc import auc, auc_difference
from byheart.stats.intervals import bootstrap_mean
from byheart.stats.paired import two_sided
from byheart.stats.sides import Sides


@dataclass(frozen=True)
class Reading:
    """A number that can be read from scores.

    Args:
        roles: the roles it is of.
        column: name of an extra column; empty for the scores themselves.
        contrast: AUC of the first role against the second, instead of the mean.
    """

    roles: tuple[str, ...]
    column: str = ""
    contrast: bool = False

    def of(self, scores: Scores) -> float:
        """The number in one run."""
        if self.contrast:
            return auc(*(scores.where(role).values for role in self.roles))
        return float(self._values(scores.where(*self.roles)).mean())

    def change(self, before: Scores, after: Scores, *, seed: int) -> Estimate:
        """The number after minus the number before, on the same records in the same order."""
        if self.contrast:
            sides = (Sides.from_scores(s, *self.roles) for s in (after, before))
            return replace(auc_difference(*sides), how="paired by record (DeLong)")
        gain = self._values(after) - self._values(before)
        n = len(set(before.groups.tolist()))
        p = two_sided(gain, before.groups, seed=seed)
        how = f"paired by record; {n:,} groups resampled; sign flips, two-sided p = {p:.2g}"
        return replace(bootstrap_mean(gain, before.groups, seed=seed), how=how)

    def _values(self, scores: Scores) -> np.ndarray:
        return scores.extra[self.column].astype(np.float64) if self.column else scores.values


def readings(scores: Scores) -> Iterator[Reading]:
    """The numbers a claim about these scores may be."""
    for pair in (("member", "nonmember"), ("canary", "canary_control")):
        yield Reading(pair, contrast=True)
    flags = [name for name, column in scores.extra.items() if column.dtype == bool]
    for roles in (("canary",), ("member",), ("member", "canary")):
        for column in ("", *flags):
            yield Reading(roles, column)


def paired_change(before: Scores, after: Scores, was: float | None, now: float | None, *, seed: int) -> Estimate | None:
    """The change in a claim's number, record by record.

    Args:
        before: scores of the first run.
        after: scores of the second.
        was: the claim's number in the first run.
        now: the claim's number in the second.
        seed: for the resamples.

    Returns:
        None where the runs scored other records, or where no reading of the scores gives both numbers.
    """
    for reading in readings(before):
        shared = _same(before, after, reading.roles)
        if shared is None or (reading.column and reading.column not in after.extra):
            continue
        if _is(reading, before, was) and _is(reading, after, now):
            return reading.change(*shared, seed=seed)
    return None


def _is(reading: Reading, scores: Scores, value: float | None) -> bool:
    return value is not None and math.isclose(reading.of(scores), value, rel_tol=1e-6, abs_tol=1e-9)


def _same(before: Scores, after: Scores, roles: tuple[str, ...]) -> tuple[Scores, Scores] | None:
    """The records of these roles in one order, if both runs scored the same ones, two groups of each role at least."""
    x, y = (s.where(*roles) for s in (before, after))
    x, y = (s.take(np.argsort(s.ids.astype(str), kind="stable")) for s in (x, y))
    enough = len(set(x.groups.tolist())) >= 2 and set(roles) <= set(x.roles.tolist())
    return (x, y) if enough and np.array_equal(x.ids, y.ids) else None
