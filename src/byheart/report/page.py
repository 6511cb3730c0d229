"""What would a careful reader want to see first, and what last? One self-contained HTML page from a run folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from byheart.core.atomic import write_text
from byheart.core.errors import MissingExtra
from byheart.core.run import RunFolder
from byheart.core.verdict import Estimate, Verdict
from byheart.report import words
from byheart.report.benchmark.part import benchmark_part
from byheart.report.chain.part import chain_part
from byheart.report.chat.part import chat_part
from byheart.report.evidence import Evidence
from byheart.report.figures import (
    NULL_BITS,
    Chart,
    distribution_chart,
    exposure_chart,
    recited_chart,
    roc_band_of,
    roc_chart,
    stretch_chart,
)
from byheart.report.page_frame import environment, script_json
from byheart.report.provenance import made_with, time_spent
from byheart.report.table.part import table_part
from byheart.report.text.canaries import ceiling, exposures, recited_secrets
from byheart.report.text.membership import membership_words
from byheart.report.text.recitation import LONG, Recital, recital
from byheart.report.text.sites import of_records
from byheart.report.text.sources import sources_of
from byheart.report.text.tokens import LEAST, TOP, most_memorized
from byheart.report.text.why import why_part
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
    template, part = PARTS.get(evidence.family, PARTS["text"])
    own, charts = part(evidence, show_text)
    page = environment().get_template(template).render(
        **shared(evidence, show_text), **own,
        charts=charts, charts_json=script_json(charts), plotly_js=get_plotlyjs(),
    )  # fmt: skip
    write_text(page, run.path / "report.html")
    return run.path / "report.html"


def shared(evidence: Evidence, show_text: bool) -> dict[str, Any]:
    """What the page of every family says."""
    facts = evidence.facts
    summary, tell = facts.get("summary"), words.telling(evidence, show_text)
    return {
        "evidence": evidence, "show_text": show_text, "facts": facts, "overall": words.overall(evidence.verdicts),
        "summary": tell(summary) if isinstance(summary, str) else "",
        "tell": tell, "tally": words.tally(evidence.verdicts), "claims": claims(evidence.verdicts),
        "unlicensed": [(m, tell(s)) for m, s in words.unlicensed(evidence)],
        "said": [(m, tell(s)) for m, s in words.said(evidence.verdicts, shown=True)],
        "notes": [tell(s) for s in facts.get("notes", [])],
        "machine": [*made_with(facts), *time_spent(facts)], "date": facts.get("date") or facts.get("finished") or "",
    }  # fmt: skip


def text_part(evidence: Evidence, show_text: bool) -> tuple[dict[str, Any], dict[str, Chart]]:
    """What the template of texts says, and its charts."""
    recited = recital(evidence.shards("token_logprobs"))
    traced = sources_of(evidence, show_text=show_text)
    answers, drawn = why_part(evidence, traced)
    own = {
        "headline": words.headline(evidence, recited), "explain": words.Explained(), "baseline": "blind baseline",
        "top": TOP, "long": LONG, "least": LEAST, "null_bits": NULL_BITS,
        "rows": most_memorized(evidence, recited, show_text=show_text) if recited is not None else [],
        "stretches": stretch_words(recited), "membership": membership_words(evidence), "answers": answers,
        "sources": together(traced.of if traced is not None else {}, of_records(evidence)),
    }  # fmt: skip
    return own, draw(evidence, recited) | drawn


def together(*said: dict[str, list[str]]) -> dict[str, list[str]]:
    """Sentences by record from several hands, in order."""
    return {name: [s for of in said for s in of.get(name, [])] for name in dict.fromkeys(n for of in said for n in of)}


def draw(evidence: Evidence, recited: Recital | None) -> dict[str, Chart]:
    """The charts that the run has numbers for, by the id of their place on the page."""
    charts: dict[str, Chart] = {}
    if evidence.membership:
        method = evidence.membership[0]
        band = roc_band_of(evidence.scores[method], evidence.seed)
        charts["roc"] = roc_chart(evidence, method, band, log=False)
        charts["roc-low"] = roc_chart(evidence, method, band, log=True)
        charts["distribution"] = distribution_chart(evidence.scores[method])
    if recited is not None and np.isin(recited.roles, ("member", "nonmember")).any():
        charts["stretch"] = stretch_chart(recited)
    bits = exposures(evidence)
    if bits:
        charts["exposure"] = exposure_chart(bits, ceiling(evidence), evidence.seed)
    counts = recited_secrets(evidence, recited)
    if counts:
        charts["recited"] = recited_chart(counts)
    return charts


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
    named = [("measured", v.main), ("control", v.control), (words.baseline_word(v), v.baseline)]
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


def stretch_words(recited: Recital | None) -> dict[str, Any]:
    """Counts of long stretches among training records and among controls."""
    out: dict[str, Any] = {"member": None, "nonmember": None}
    if recited is None:
        return out
    for role in ("member", "nonmember"):
        lengths = recited.length[recited.roles == role]
        if lengths.size:
            out[role] = {"n": lengths.size, "long": int((lengths >= LONG).sum()), "most": int(lengths.max())}
    return out


PARTS: dict[str, tuple[str, Callable[[Evidence, bool], tuple[dict[str, Any], dict[str, Chart]]]]] = {
    "text": ("report.html.jinja", text_part),
    "table": ("table.html.jinja", table_part),
    "benchmark": ("benchmark.html.jinja", benchmark_part),
    "chat": ("chat.html.jinja", chat_part),
    "chain": ("chain.html.jinja", chain_part),
}
"""Template and content by family."""
