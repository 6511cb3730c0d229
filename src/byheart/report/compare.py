"""What changed between two runs, and is the change larger than the noise?

A claim that both runs judged is compared record by record where both scored the same records and the claim's number is
the AUC, the mean or the share of them; otherwise from the two intervals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from byheart.core.atomic import write_text
from byheart.core.digest import digest_json
from byheart.core.run import RunFolder
from byheart.core.scores import Scores
from byheart.core.verdict import Estimate, Verdict
from byheart.report.evidence import Evidence
from byheart.report.markdown import plain
from byheart.report.page_frame import environment
from byheart.report.pairing import paired_change
from byheart.report.part import part_of
from byheart.report.words import estimate_words, safe
from byheart.stats.intervals import difference_of


@dataclass(frozen=True)
class Change:
    """One number before and after.

    Args:
        name: method or utility.
        claim: the sentence that was judged, or what the utility counts.
        before, after: None where one run has no such number.
        difference: after minus before; None where one of them is missing.
        decisions: of the two verdicts, empty where there is none.
    """

    name: str
    claim: str
    before: Estimate | None
    after: Estimate | None
    difference: Estimate | None
    decisions: tuple[str, str] = ("", "")

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {**asdict(self), "decisions": list(self.decisions)}

    @property
    def moved(self) -> str:
        """`fell`, `rose`, `no clear change`, or empty without a difference."""
        d = self.difference
        if d is None or d.value is None:
            return ""
        if d.high is not None and d.high < 0:
            return "fell"
        return "rose" if d.low is not None and d.low > 0 else "no clear change"


def compare_runs(before: RunFolder, after: RunFolder) -> list[Change]:
    """Each claim of either run, each utility that `run.json` of either names, each line of a proof; with its change.

    A proof stands in the second run if that is the first after an edit (`byheart mitigate NAME RUN --then measure`).
    """
    runs = Evidence.of(before), Evidence.of(after)
    first, second = ({(v.method, v.claim): v for v in run.verdicts} for run in runs)
    claims = [_claim_change(*k, first.get(k), second.get(k), *runs) for k in dict.fromkeys([*first, *second])]
    return [*claims, *_utility_changes(*runs), *_proof_changes(*runs)]


def change_lines(changes: Sequence[Change]) -> list[str]:
    """The changes as plain lines."""
    lines = []
    for c in changes:
        lines.append(safe(f"{c.name}: {c.claim}"))
        was, now = (estimate_words(e) if e else "not measured" for e in (c.before, c.after))
        lines.append(safe(f"  before {was}; after {now}"))
        if c.difference is not None:
            lines.append(safe(f"  {c.moved}: {estimate_words(c.difference)}, {c.difference.how}"))
    return lines or ["Neither run has a verdict to compare."]


def write_comparison(changes: Sequence[Change], before: RunFolder, after: RunFolder, path: Path) -> Path:
    """Write the changes as a page, or as markdown where the path ends in `.md`."""
    if path.suffix == ".md":
        rows = ["| claim | before | after | change | |", "|---|---|---|---|---|"]
        cells = [(f"{c.name}: {c.claim}", *_three(c), c.moved) for c in changes]
        rows += ["| " + " | ".join(plain(x) for x in row) + " |" for row in cells]
        write_text("## Before and after\n\n" + "\n".join(rows) + "\n", path)
        return path
    page = environment().get_template("comparison.html.jinja")
    runs = {name: Evidence.of(run) for name, run in (("before", before), ("after", after))}
    names = {name: part_of(evidence).name(evidence) for name, evidence in runs.items()}
    write_text(page.render(changes=changes, marks=[_mark(c.difference) for c in changes], **names), path)
    return path


def _three(c: Change) -> list[str]:
    return [estimate_words(e) if e is not None else "not measured" for e in (c.before, c.after, c.difference)]


def _mark(d: Estimate | None) -> dict[str, float]:
    """Where a difference stands on a line of its own, percent of the width, with zero in the middle."""
    if d is None or d.value is None:
        return {}
    ends = [abs(x) for x in (d.value, d.low, d.high) if x is not None]
    reach = 1.1 * max(ends) or 1.0

    def place(x: float | None, open_end: float) -> float:
        return open_end if x is None else round(50 * (1 + x / reach), 2)

    return {"at": place(d.value, 50), "low": place(d.low, 0), "rest": round(100 - place(d.high, 100), 2)}


def _claim_change(
    method: str, claim: str, b: Verdict | None, a: Verdict | None, before: Evidence, after: Evidence
) -> Change:
    difference = (_paired(b, a, before, after) or difference_of(b.main, a.main)) if b and a else None
    mains, decisions = [v.main if v else None for v in (b, a)], [v.decision if v else "" for v in (b, a)]
    return Change(method, claim, mains[0], mains[1], difference, (decisions[0], decisions[1]))


def _paired(b: Verdict, a: Verdict, before: Evidence, after: Evidence) -> Estimate | None:
    first, second = _scores(before, b.method), _scores(after, a.method)
    if first is None or second is None:
        return None
    found = paired_change(first, second, b.main.value, a.main.value, seed=after.seed)
    return found and replace(found, unit=f"change in {a.main.unit}")


def _scores(run: Evidence, method: str) -> Scores | None:
    """The scores a verdict rests on; a second claim about them has a longer name (`verbatim_passages`)."""
    return run.scores.get(method) or run.scores.get(method.rpartition("_")[0])


def _utility_changes(before: Evidence, after: Evidence) -> Iterator[Change]:
    first, second = (
        {k: Estimate(**e) for k, e in run.facts.get("utility", {}).items() if isinstance(e, dict)}
        for run in (before, after)
    )
    for name in dict.fromkeys([*first, *second]):
        b, a = first.get(name), second.get(name)
        known = a or b
        yield Change(f"utility: {name}", known.unit if known else "", b, a, difference_of(b, a) if b and a else None)


def _proof_changes(before: Evidence, after: Evidence) -> Iterator[Change]:
    """What the proof of the edit measured, record by record, if the second run is that of the first after an edit."""
    proof = after.facts.get("proof", {})
    if proof.get("of") != digest_json(before.facts.get("command", {})):
        return
    for line in proof["lines"]:
        b, a, d = (None if line[side] is None else Estimate(**line[side]) for side in ("before", "after", "change"))
        if (b, a, d) != (None, None, None):
            yield Change(f"proof: {line['name']}", f"{line['question']} {line['note']}".strip(), b, a, d)
