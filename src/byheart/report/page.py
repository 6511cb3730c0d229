"""What would a careful reader want to see first, and what last? One self-contained HTML page from a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from byheart.core.atomic import write_text
from byheart.core.errors import MissingExtra
from byheart.core.run import RunFolder
from byheart.core.verdict import Estimate, Verdict
from byheart.report import words
from byheart.report.evidence import Evidence
from byheart.report.page_frame import environment, script_json
from byheart.report.part import Part, baseline_word, part_of
from byheart.report.provenance import made_with, time_spent
from byheart.stats.multiplicity import holm

try:
    from plotly.offline import get_plotlyjs
except ImportError as e:  # pragma: no cover
    raise MissingExtra("plotly", "report") from e


def write_report(run: RunFolder, *, show_text: bool = False) -> Path:
    """Write `report.html`: verdicts first, then the evidence, then what it does not license.

    Args:
        run: the folder of an audit; any part of it may be absent.
        show_text: show training text and personal data in clear.

    Returns:
        Path of the page. It holds everything it needs and asks no network.
    """
    evidence = Evidence.of(run)
    part = part_of(evidence)
    own, charts = part.page(evidence, show_text)
    page = environment(part.home).get_template(part.template).render(
        **shared(part, evidence, show_text) | own,
        charts=charts, charts_json=script_json(charts), plotly_js=get_plotlyjs(),
    )  # fmt: skip
    write_text(page, run.path / "report.html")
    return run.path / "report.html"


def shared(part: Part, evidence: Evidence, show_text: bool) -> dict[str, Any]:
    """What the page of every kind of run says."""
    facts = evidence.facts
    summary, tell = facts.get("summary"), part.telling(evidence, show_text)
    return {
        "model": part.name(evidence), "counts": part.counts(evidence), "show_text": show_text, "facts": facts,
        "headline": words.claims_headline(evidence.verdicts), "explain": words.Explained(),
        "overall": words.overall(evidence.verdicts), "baseline": part.baseline,
        "summary": tell(summary) if isinstance(summary, str) else "",
        "tell": tell, "tally": words.tally(evidence.verdicts), "claims": claims(evidence.verdicts),
        "unlicensed": [(m, tell(s)) for m, s in part.unlicensed(evidence)],
        "said": [(m, tell(s)) for m, s in words.said(evidence.verdicts, shown=True)],
        "notes": [tell(s) for s in facts.get("notes", [])],
        "machine": [*made_with(facts, part.made_from), *time_spent(facts)],
        "date": facts.get("date") or facts.get("finished") or "",
    }  # fmt: skip


def claims(verdicts: list[Verdict]) -> list[dict[str, Any]]:
    """Each verdict with its adjusted p, its numbers, their marks on a common line, and the others of the same claim."""
    judged = [v.p for v in verdicts if v.p is not None]
    adjusted = iter(holm(judged).tolist())
    by_claim: dict[str, list[Verdict]] = {}
    for v in verdicts:
        by_claim.setdefault(v.claim, []).append(v)
    return [
        {
            "verdict": v, "adjusted": None if v.p is None else next(adjusted), "marks": marks(v),
            "leads": v is by_claim[v.claim][0], "others": by_claim[v.claim][1:],
        }
        for v in verdicts
    ]  # fmt: skip


def marks(v: Verdict) -> list[dict[str, Any]]:
    """Where value, low and high of a verdict's estimates stand on one line, in percent of its width.

    A number of another kind (an AUC beside a share) has no place on that line; it stands in the table of all claims.
    """
    named = [("measured", v.main), ("control", v.control), (baseline_word(v), v.baseline)]
    kind = v.main.unit.partition(" ")[0]
    there = [(n, e) for n, e in named if e is not None and e.value is not None and e.unit.partition(" ")[0] == kind]
    ends = [x for _, e in there for x in (e.value, e.low, e.high) if x is not None]
    if not ends:
        return []
    width = max(ends) - min(ends) or 1.0
    left, right = min(ends) - 0.06 * width, max(ends) + 0.06 * width

    def place(x: float | None, open_end: float | None) -> float:
        return round(100 * (x - left) / (right - left), 2) if x is not None else open_end or 0.0

    def mark(name: str, e: Estimate) -> dict[str, Any]:
        closed = place(e.value, None) if e.low is None and e.high is None else None
        low, high = (place(e.low, 0.0), place(e.high, 100.0)) if closed is None else (closed, closed)
        return {"name": name, "estimate": e, "at": place(e.value, None), "low": low, "rest": round(100 - high, 2)}

    return [mark(name, e) for name, e in there]
