"""What is asked of the audit of a synthetic table, so that a generator trained on an edited table can be compared?

How much it copies is what the audit's own verdict says, beyond the null of held-out rows; single training rows are
copied or not. What the table is worth is the quality that the audit measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.edit import Edit
from byheart.core.run import RunFolder
from byheart.core.scores import Scores
from byheart.core.verdict import Estimate
from byheart.mitigate._proof.estimates import change_in, over_draws, share_of
from byheart.mitigate._proof.lessons import Relearning
from byheart.mitigate._proof.proof import Evidence, Line
from byheart.stats.intervals import difference_of
from byheart.stats.permutation import permuted

QUALITY = ("efficacy", "trend")
"""What a table is worth; the first that was measured."""
SHAPE = "shape"
COPIED = "of these training rows copied by a synthetic row"


@dataclass(frozen=True, eq=False)
class Audit:
    """What one audit says.

    Args:
        excess: share of synthetic rows that copy a training row, beyond the null.
        rows: of `measure/copied_record`, the training rows alone; none without held-out rows.
        utility: by name.
    """

    excess: Estimate | None
    rows: Scores | None
    utility: dict[str, Estimate]

    @classmethod
    def of(cls, run: RunFolder) -> Audit:
        """Read a finished audit."""
        excess = next((v.main for v in run.verdicts if v.method == "nearest_row"), None)
        copied = run.scores.get("copied_record")
        utility = {name: Estimate(**e) for name, e in run.facts.get("utility", {}).items()}
        return cls(excess, None if copied is None else copied.where("member"), utility)

    def is_copied(self) -> np.ndarray:
        """Which training rows a synthetic row copies, bool (training rows,)."""
        return np.zeros(0, bool) if self.rows is None else np.nan_to_num(self.rows.values) > 0


@dataclass(frozen=True)
class TableQuestions:
    """The questions to an audited generator, `Questions` of a proof; the thing that is asked is a finished run.

    Args:
        targets: ids of the training rows that the edit is for; None for all.
        seed: of resamples.
    """

    targets: frozenset[str] | None = None
    seed: int = 0

    def ask(self, thing: RunFolder, before: Audit | None) -> Audit:
        """What the audit says."""
        return Audit.of(thing)

    def is_leaking(self, before: Audit) -> bool:
        """Always: a share of nothing is a result too, and the audits of random edits are few."""
        return True

    def ask_control(self, thing: RunFolder, before: Audit) -> Audit:
        """What the audit says of a generator trained after a random edit."""
        return Audit.of(thing)

    def relearn(self, thing: RunFolder, edit: Edit, before: Audit, after: Audit, how: Relearning | None) -> Line:
        """Not asked: there is nothing to be taught again."""
        return Line(
            note=f"Does not apply: an edit of {edit.kind} acts through a training, and what was audited comes from a "
            "generator trained anew; whoever trains on the old rows has their copies again."
        )

    def evidence(self, before: Audit, after: Audit, controls: Sequence[Audit], relearned: Line) -> Evidence:
        """The numbers."""
        leaks = [self._leak(audit) for audit in (before, after)]
        drawn = [e for e in map(self._leak, controls) if e is not None and e.value is not None]
        values = np.array([e.value for e in drawn])
        meant = self._meant(before)
        lines = {
            "targets": self._targets(before, after, leaks, values),
            "weights": Line(note="Does not apply: what is audited is a table, not the generator that made it."),
            "bystanders": self._bystanders(before, after),
            "held out": self._worth(before, after, QUALITY, "quality"),
            "behaviour": self._worth(before, after, (SHAPE,), "shape of single columns"),
            "relearning": relearned,
        }  # fmt: skip
        beyond = _beyond(leaks[1], drawn)
        now = None if leaks[1] is None else leaks[1].value
        p = permuted(-now, -values, exact=False).p if values.size and now is not None else None
        estimates = _named(lines) | ({} if beyond is None else {"copied, beyond random": beyond})
        return Evidence(
            lines, estimates, beyond, p, int(before.is_copied()[meant].sum()), values.size, self._records(before, after)
        )

    def _meant(self, audit: Audit) -> np.ndarray:
        """Which training rows the edit is for, bool (training rows,)."""
        ids = np.zeros(0, object) if audit.rows is None else audit.rows.ids
        return np.ones(ids.size, bool) if self.targets is None else np.isin(ids, list(self.targets))

    def _leak(self, audit: Audit) -> Estimate | None:
        """The share copied: of synthetic rows beyond the null, or of the targets where they are named."""
        if self.targets is None or audit.rows is None:
            return audit.excess
        meant = self._meant(audit)
        return share_of(audit.is_copied()[meant], audit.rows.groups[meant], COPIED)

    def _targets(self, before: Audit, after: Audit, leaks: Sequence[Estimate | None], drawn: np.ndarray) -> Line:
        if leaks[0] is None or leaks[1] is None:
            return Line(note="Not measured: the audit has no verdict on copies.")
        random = over_draws(drawn, leaks[1].unit, "random edits") if drawn.size else None
        if self.targets is None or before.rows is None or after.rows is None:
            return Line(leaks[0], leaks[1], difference_of(leaks[0], leaks[1]), random, "rise")
        return Line(leaks[0], leaks[1], self._change(before, after, self._meant(before)), random, "rise")

    def _change(self, before: Audit, after: Audit, rows: np.ndarray) -> Estimate | None:
        assert before.rows is not None, "rows were asked for by id"
        gained = after.is_copied()[rows] * 1.0 - before.is_copied()[rows]
        return change_in(gained, before.rows.groups[rows], "share of these training rows copied", self.seed)

    def _bystanders(self, before: Audit, after: Audit) -> Line:
        if self.targets is None:
            return Line(note="Does not apply: the edit is meant for all training rows, so that none is a bystander.")
        others = ~self._meant(before)
        if before.rows is None or not before.is_copied()[others].any():
            return Line(note="Not measured: no other training row was copied before.")
        was, now = (share_of(a.is_copied()[others], before.rows.groups[others], COPIED) for a in (before, after))
        return Line(was, now, self._change(before, after, others), worse="fall")

    def _worth(self, before: Audit, after: Audit, names: Sequence[str], what: str) -> Line:
        name = next((n for n in names if n in before.utility and n in after.utility), None)
        if name is None:
            return Line(note=f"Not measured: the audits tell nothing of the {what}.")
        was, now = before.utility[name], after.utility[name]
        return Line(was, now, difference_of(was, now), worse="fall", note=f"Measured as {name}.")

    def _records(self, before: Audit, after: Audit) -> dict[str, np.ndarray]:
        if before.rows is None:
            return {}
        sides = {"before": before.is_copied(), "after": after.is_copied()}
        return {"id": before.rows.ids, "role": before.rows.roles, **sides}


def _named(lines: dict[str, Line]) -> dict[str, Estimate]:
    """The numbers of the lines by name."""
    sides = ("before", "after", "change", "random")
    found = {f"{name}, {side}": getattr(line, side) for name, line in lines.items() for side in sides}
    return {name: e for name, e in found.items() if e is not None}


def _beyond(after: Estimate | None, drawn: Sequence[Estimate]) -> Estimate | None:
    """How much more is copied after random edits; over several, the mean with the widest of their intervals."""
    gaps = [gap for e in drawn if after is not None and (gap := difference_of(after, e)) is not None]
    if not gaps:
        return None
    lows, highs = [g.low for g in gaps], [g.high for g in gaps]
    value = float(np.mean([g.value for g in gaps if g.value is not None]))
    low = None if None in lows else min(x for x in lows if x is not None)
    high = None if None in highs else max(x for x in highs if x is not None)
    return Estimate(value, low, high, gaps[0].n, f"{gaps[0].unit}, random edits less this one", gaps[0].how)
