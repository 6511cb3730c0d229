"""What does each cure tried on a run take away, what goes with it, and does it last?

From `findings/METHOD_edit.json`, where it holds the lines of a proof.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from byheart.core.verdict import Estimate
from byheart.report.evidence import Evidence

SIDES = ("before", "after", "change", "random")


@dataclass(frozen=True)
class ProofRow:
    """One line of a proof as a row of a table.

    Args:
        question: what was asked.
        unit: what is counted.
        before, after, change, random: numbers; None where there is none.
        note: what to know of it, or why there is no number.
    """

    question: str
    unit: str
    before: Estimate | None
    after: Estimate | None
    change: Estimate | None
    random: Estimate | None
    note: str

    @property
    def numbers(self) -> list[Estimate | None]:
        """The four, in order."""
        return [getattr(self, side) for side in SIDES]


@dataclass(frozen=True)
class Proven:
    """One cure.

    Args:
        method: that made the edit.
        sentence: the decision with its numbers.
        caveats: to be read first.
        rows: the six lines.
    """

    method: str
    sentence: str
    caveats: list[str]
    rows: list[ProofRow]


def proofs(evidence: Evidence) -> list[Proven]:
    """Every cure whose proof stands in the run, by name; those measured without `--then measure` have none."""
    found = []
    for path in sorted(evidence.run.findings_folder.glob("*_edit.json")):
        facts = json.loads(path.read_text(encoding="utf-8"))
        if "lines" in facts:
            rows = [_row(line) for line in facts["lines"]]
            found.append(Proven(facts["method"], facts["sentence"], facts["caveats"], rows))
    return found


def _row(line: dict[str, Any]) -> ProofRow:
    numbers = {side: None if line[side] is None else Estimate(**line[side]) for side in SIDES}
    unit = next((e.unit for e in numbers.values() if e is not None), "")
    return ProofRow(question=line["question"], unit=unit, note=line["note"], **numbers)
