"""Where in the network does recitation show, and what does switching it off there do? For the page.

From `findings/activation_probe` and `findings/activation_probe_edit.json`.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from byheart.core.verdict import Estimate
from byheart.report.answer import Answer, bars, of, plain
from byheart.report.evidence import Evidence
from byheart.report.figures import BLIND, CONTROL, MEMBER, QUIET, Chart, chart
from byheart.report.words import p_words

BASELINE = "matched AUC of "
UNITS = 5  # named in a sentence
SURE = 0.05


def showing(evidence: Evidence) -> tuple[Answer, dict[str, Chart]]:
    """At which site a probe tells recited tokens from others of which the model was just as sure."""
    question, found = "Where in the network does it show?", evidence.findings("activation_probe")
    if found is None:
        return _open(evidence, question, "byheart localize activation_probe RUN"), {}
    table, facts = found
    e, params = {name: Estimate(**told) for name, told in facts["estimates"].items()}, facts["params"]
    own, n = e["matched AUC"], params["events"]
    shown = params["p"] <= SURE and (own.low or 0.0) > 0.5
    said = [
        f"{'Recitation shows inside the model' if shown else 'It is not shown that recitation can be seen inside'}: "
        f"at {params['site']} a probe tells {n['recited']:,} recited tokens from {n['others']:,} others of which the "
        f"model was just as sure, AUC {of(own)}, 0.5 is chance ({p_words(params['p'])})."
    ]
    blind = {name.removeprefix(BASELINE): b for name, b in e.items() if name.startswith(BASELINE)}
    known = [f"{name} {of(b)}" for name, b in blind.items() if b.value is not None]
    if known:
        said.append(f"Without a look inside: {', '.join(known)}.")
    top = table.head(UNITS)
    if len(top):
        named = ", ".join(f"{a} ({d:+.2f})" for a, d in zip(top["address"], top["d"], strict=True))
        said.append(f"The single numbers that differ most, with Cohen's d: {named}.")
    caption = (
        "How well a probe at the end of each block tells recited tokens from others of equal confidence, on documents "
        "it did not learn from, with its interval. Dashed: what chance and the token's probability alone tell."
    )
    drawn = _layers_chart(pd.DataFrame(params["curve"]), blind.get("p of the token"))
    return Answer(question, said, params["caveats"], chart="layers", caption=caption), {"layers": drawn}


def _open(evidence: Evidence, question: str, command: str) -> Answer:
    """Why there is no answer: it was not asked, or the records allow none."""
    why_not = evidence.facts.get("unanswered", {}).get("activation_probe")
    if why_not:
        return Answer(question, [f"This could not be answered: {why_not}."])
    return Answer(question, command=command)


def _layers_chart(curve: pd.DataFrame, confidence: Estimate | None) -> Chart:
    """AUC by layer."""
    rows = curve[curve["kind"].isin(["block", "embed"]) & curve["value"].notna()].sort_values("layer")
    other = curve[~curve["kind"].isin(["block", "embed"]) & curve["value"].notna()]
    traces: list[Chart] = [
        _points(rows, "end of each block", MEMBER, "lines+markers", "circle"),
        *([_points(other, "other sites", CONTROL, "markers", "diamond")] if len(other) else []),
    ]
    ends = [float(curve["layer"].min()) - 0.3, float(curve["layer"].max()) + 0.3]
    levels = [("chance", 0.5, QUIET), ("probability of the token", confidence.value if confidence else None, BLIND)]
    for name, level, colour in levels:
        if level is not None:
            line = {"color": colour, "width": 2, "dash": "dash"}
            traces.append({"type": "scatter", "mode": "lines", "name": name, "x": ends, "y": [level] * 2, "line": line})
    x = {"title": "layer (-1 is the embedding)", "dtick": max(1, round(len(rows) / 12))}
    return chart(traces, x, {"title": "AUC at equal confidence"})


def _points(rows: pd.DataFrame, name: str, colour: str, mode: str, symbol: str) -> Chart:
    return {
        "type": "scatter", "mode": mode, "name": name, "x": plain(rows["layer"]), "y": plain(rows["value"]),
        "text": rows["site"].tolist(), "marker": {"color": colour, "size": 8, "symbol": symbol},
        "line": {"color": colour}, "error_y": bars(rows["value"], rows["low"], rows["high"]),
        "hovertemplate": "%{text}: %{y:.3f}<extra></extra>",
    }  # fmt: skip


def switching(evidence: Evidence) -> tuple[Answer, dict[str, Chart]]:
    """What changing the activations there does to recitation, and what it costs."""
    question, path = "What does switching it off there do?", evidence.run.findings_folder / "activation_probe_edit.json"
    if not path.exists():
        return _open(evidence, question, "byheart mitigate activation_probe RUN --then measure"), {}
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    e = {name: Estimate(**told) for name, told in facts["estimates"].items()}
    costs = [f"{words} {of(e[name])}" for name, words in COSTS.items() if name in e and e[name].value is not None]
    said = [facts["sentence"], *([f"What else changes: {'; '.join(costs)}."] if costs else [])]
    rows = [(words, e[name]) for words, name in LEFT if name in e and e[name].value is not None]
    if not rows:
        return Answer(question, said, facts["caveats"]), {}
    caption = (
        "Share of records that come back exactly: as the model is, with the switch on, and with the same change in "
        "random directions, which tells how much any change of that size disturbs."
    )
    if any(e.get(WHOLE) is one for _, one in rows):
        caption += " The whole site replaced by that of unseen text is the most that a change there could do."
    return Answer(question, said, facts["caveats"], chart="switch", caption=caption), {"switch": _switch_chart(rows)}


def of_records(evidence: Evidence) -> dict[str, list[str]]:
    """What probe and switch say of single records, sentences by id."""
    said: dict[str, list[str]] = {}
    flagged, switched = (
        pd.read_parquet(path).to_dict("records") if path.exists() else []
        for path in (evidence.run.findings_folder / f"activation_probe_{what}.parquet" for what in ("records", "edit"))
    )
    for row in flagged:
        if not np.isnan(row["q"]):
            verb = "reads as recited" if row["q"] <= SURE else "does not stand out"
            said.setdefault(str(row["id"]), []).append(f"By the probe inside it {verb} (q = {row['q']:.2g}).")
    for row in switched:
        if row["before"]:
            verb = "still comes back" if row["after"] else "no longer comes back"
            told = f"With the switch on, its end {verb} word for word{_left(row)}."
            said.setdefault(str(row["id"]), []).append(told)
    return said


def _left(row: dict[Any, Any]) -> str:
    """How long the longest stretch still is, where it was generated."""
    if row["after"] or row["stretch_after"] < 0:
        return ""
    return f" (longest stretch {int(row['stretch_before'])} tokens before, {int(row['stretch_after'])} after)"


COSTS = {
    "held-out text, loss": "loss on held-out text, nats per token",
    "held-out text, loss, 99th percentile": "its 99th percentile",
    "next-token agreement": "share of held-out tokens with the same best guess",
    "repetition, change": "share of repeated text that is copied",
}
WHOLE = "still recited, site of unseen text"
LEFT = (
    ("before", "recited before"), ("switched off", "recited after"),
    ("of these still, switched off", "still recited"),
    ("of these still, random directions", "still recited, random directions"),
    ("of these still, whole site replaced", WHOLE),
)  # fmt: skip


def _switch_chart(rows: list[tuple[str, Estimate]]) -> Chart:
    """Shares that come back, with their intervals."""
    told = pd.DataFrame([{"name": name, "value": e.value, "low": e.low, "high": e.high} for name, e in rows])
    told = told.astype({"value": float, "low": float, "high": float})[::-1]
    dots = {
        "type": "scatter", "mode": "markers", "x": plain(told["value"]), "y": told["name"].tolist(),
        "marker": {"color": MEMBER, "size": 10}, "error_x": bars(told["value"], told["low"], told["high"]),
        "hovertemplate": "%{y}: %{x:.0%}<extra></extra>", "showlegend": False,
    }  # fmt: skip
    x = {"title": "share recited", "tickformat": ".0%", "range": [-0.03, 1.03]}
    margin = {"l": 210, "r": 22, "t": 8, "b": 48}
    return chart([dots], x, {"type": "category"}, margin=margin)
