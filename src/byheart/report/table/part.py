"""What stands on the page of a run over tables, beside what every page has?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from byheart.core.errors import TooFewRecords
from byheart.core.items.rows import Rows
from byheart.core.verdict import Estimate
from byheart.report import words
from byheart.report.evidence import Evidence
from byheart.report.figures import Chart
from byheart.report.markdown import bullets, plain
from byheart.report.part import Part
from byheart.report.proof import proofs
from byheart.report.subject import Subject
from byheart.report.table import words as table_words
from byheart.report.table.cells import masking, short
from byheart.report.table.figures import columns_chart, distance_chart, ratio_chart, table_columns, trade_off_chart
from byheart.report.table.neighbours import Neighbours
from byheart.report.table.twins import TOP, twins
from byheart.stats.shares import share_estimate
from byheart.stats.sides import Sides

SHARE_FALSE = 0.05  # of the rows named
MOST_COPIED = 10  # training rows in the table of the most copied


def page(evidence: Evidence, show_text: bool) -> tuple[dict[str, Any], dict[str, Chart]]:
    """What the template of tables says, and its charts by the id of their place."""
    columns = _columns(evidence)
    trade_off = _json(evidence, "trade_off")
    pairs = twins(evidence, Neighbours.of(evidence, "nearest_member"), show_text=show_text)
    own = {
        "headline": table_words.headline(evidence), "told": table_words.told(evidence),
        "advice": table_words.advice(evidence), "copying": table_words.copying_shown(evidence),
        "pairs": pairs, "top": TOP, "named": named(evidence), "closest": closest(evidence), "columns": columns,
        "copied": list(most_copied(evidence, show_text)), "quality": quality(evidence),
        "unmeasured": unmeasured(evidence),
        "schema": None if evidence.corpus is None else evidence.corpus.rows.schema,
        "explain": words.Explained(table_words.TABLE_GLOSSARY), "short": short, "percent": table_words.percent,
        "rarity": table_words.rarity, "areas": table_words.areas(evidence),
        "cures": proofs(evidence),
    }  # fmt: skip
    return own, dict(_charts(evidence, columns, trade_off))


def card(evidence: Evidence) -> tuple[str, str]:
    """How much is copied, in one sentence; then plain counts and what to do."""
    sentences = [*table_words.told(evidence), table_words.advice(evidence)]
    return table_words.headline(evidence), "\n\n".join(map(plain, sentences))


def counted(evidence: Evidence) -> str:
    """Rows near one training row alone, and rows equal to one."""
    return bullets(table_words.told(evidence))


def missing(evidence: Evidence) -> dict[str, bool]:
    """What a run over tables may lack, and what it would add; whether it is there."""
    findings = evidence.run.findings_folder
    return {
        "No held-out rows were given, so nothing can be shown: in coarse tables even rows that the generator never saw "
        "lie close to training rows, and only they tell how often that happens without copying.":
            evidence.count("nonmember") > 0,
        "The rows of the tables are not in the run folder, so no pair of rows can be shown.":
            evidence.corpus is not None,
        "The distances to the training rows are not in the run folder, so no pair of rows can be shown.":
            bool(evidence.shard_paths("nearest_member")),
        "Scores of the nearest training row are not in the run folder, so distances are not drawn.":
            "nearest_row" in evidence.scores,
        "Whether held-out rows differ from training rows by themselves was not tested, or its scores were not kept; so "
        "a difference between them may come from how they were collected.":
            "blind_rows" in evidence.scores or not evidence.count("nonmember"),
        "No quality was measured beside privacy: a table that copies nothing may also be worth nothing.":
            (findings / "table_quality.json").exists(),
    }  # fmt: skip


def _charts(
    evidence: Evidence, columns: list[dict[str, Any]], trade_off: dict[str, Any]
) -> Iterator[tuple[str, Chart]]:
    scores = evidence.scores.get("nearest_row")
    if scores is not None and len(scores.where("synthetic")):
        yield "ratio", ratio_chart(scores)
        yield "distance", distance_chart(scores)
    if columns:
        yield "columns", columns_chart(columns)
    if trade_off.get("points"):
        axes = (trade_off.get("privacy", "privacy"), trade_off.get("quality", "quality"))
        yield "tradeoff", trade_off_chart(trade_off["points"], *axes)


def closest(evidence: Evidence) -> dict[str, Any]:
    """Which side the closest real row of each synthetic row is on, against chance; empty without both sides."""
    scores = evidence.scores.get("closest_record")
    if scores is None:
        return {}
    sides = Sides.from_scores(scores)
    m, n, total = sides.members.size, sides.controls.size, float(sides.members.sum() + sides.controls.sum())
    if not m or not n or total <= 0:
        return {}
    try:
        balanced = share_estimate(sides)
    except TooFewRecords:
        balanced = Estimate(None, None, None, 0, "", "")
    raw = float(sides.members.sum()) / total
    return {"share": raw, "chance": m / (m + n), "balanced": balanced, "generated": round(total), "m": m, "n": n}


def most_copied(evidence: Evidence, show_text: bool) -> Iterator[dict[str, Any]]:
    """Training rows that synthetic rows copy, the most copied first; identical ones are one line, with their number."""
    scores, corpus = evidence.scores.get("copied_record"), evidence.corpus
    real, near = (Neighbours.of(evidence, name) for name in ("nearest_real", "nearest_synthetic"))
    if scores is None or corpus is None or real is None:
        return
    members = scores.where("member")
    place = pd.Index(corpus.ids).get_indexer(pd.Index(members.ids))
    same = np.where(real.same_as[place] >= 0, real.same_as[place], place)
    _, first, row, identical = np.unique(same, return_index=True, return_inverse=True, return_counts=True)
    times = np.bincount(row, members.values, first.size)
    order = np.argsort(-times, kind="stable")[:MOST_COPIED]
    for k in order[times[order] > 0]:
        at = place[first[k]]
        yield {
            "name": words.sentence(members.ids[first[k]], show_text), "times": float(times[k]),
            "identical": int(identical[k]), "distance": None if near is None else _finite(near.distance[at, 0]),
            "alone": _finite(real.distance[at, 0]),
        }  # fmt: skip


def _finite(x: float) -> float | None:
    return float(x) if np.isfinite(x) else None


def quality(evidence: Evidence) -> list[dict[str, Any]]:
    """Quality of the synthetic table: words, estimate, the best that can be hoped for, and the floor."""
    estimates = {name: Estimate(**e) for name, e in _json(evidence, "table_quality").get("estimates", {}).items()}
    order = list(table_words.QUALITY)
    names = [n for n in estimates if not n.endswith(("_control", "_baseline"))]
    names.sort(key=lambda n: order.index(n) if n in order else len(order))
    return [
        {
            "name": table_words.QUALITY.get(name, name.replace("_", " ")), "estimate": estimates[name],
            "control": estimates.get(f"{name}_control"), "baseline": estimates.get(f"{name}_baseline"),
        }
        for name in names
        if estimates[name].value is not None
    ]  # fmt: skip


def named(evidence: Evidence) -> int:
    """How many synthetic rows are named as copies one by one."""
    path = evidence.run.findings_folder / "named_rows.parquet"
    return int((pd.read_parquet(path)["q"] <= SHARE_FALSE).sum()) if path.exists() else 0


def unmeasured(evidence: Evidence) -> list[str]:
    """Measures of quality without a value, each with the reason."""
    estimates = _json(evidence, "table_quality").get("estimates", {})
    return [
        f"{table_words.QUALITY.get(name, name.replace('_', ' '))}: {e['how']}"
        for name, e in estimates.items()
        if e["value"] is None and not name.endswith(("_control", "_baseline"))
    ]


def _columns(evidence: Evidence) -> list[dict[str, Any]]:
    path = evidence.run.findings_folder / "copied_columns.parquet"
    return table_columns(pd.read_parquet(path)) if path.exists() else []


def _json(evidence: Evidence, name: str) -> dict[str, Any]:
    path = evidence.run.findings_folder / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


SUBJECT = Subject(
    "It records one audit of one synthetic table, against the table its generator was trained on. The Opinion speaks "
    "of models; a synthetic table is what one gives away, and is arranged in the same way. Singling out, linkability "
    "and inference are the criteria of Opinion 05/2014 on anonymisation.",
    ("regurgitation of training data", "membership inference", "singling out", "linkability", "attribute inference"),
    (
        "exfiltration of the generator, and attacks on its weights or gradients: this run saw only the table it made",
        "attacks that put several synthetic tables of one generator together",
    ),
    (("member", "training rows"), ("nonmember", "held-out rows"), ("synthetic", "synthetic rows")),
    "knowledge about persons beyond these columns",
    "A claim that this table holds no personal data has to explain that, or show that the copied rows hold none.",
    "choice of columns, coarsening, training of the generator, cures against copying, privacy guarantees. The threat "
    "model of this audit: someone who holds the synthetic table, and for membership also the row in question.",
    {
        "anonymeter_singling_out": "singling out",
        "anonymeter_linkability": "linkability",
        "anonymeter_inference": "attribute inference",
    },
)
PART = Part(
    home=__name__,
    template="table.html.jinja",
    page=page,
    card=card,
    counted=counted,
    subject=SUBJECT,
    missing=missing,
    roles=(
        ("member", "training row", "training rows"),
        ("nonmember", "held-out row", "held-out rows"),
        ("synthetic", "synthetic row", "synthetic rows"),
    ),
    masking=masking,
    unnamed="the synthetic table",
    made_from=("train", "synthetic", "control", "metric"),
    baseline="baseline",
    items=Rows,
)
