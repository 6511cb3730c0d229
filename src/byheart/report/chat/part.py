"""What stands on the page of an audit of a chat model, beside what every page has?"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from byheart.core.mask import mask_personal
from byheart.core.verdict import Estimate
from byheart.report import words
from byheart.report.evidence import Evidence
from byheart.report.figures import CONTROL, MEMBER, Chart, chart, distribution_chart, roc_band_of, roc_chart
from byheart.report.part import Part
from byheart.report.text.membership import membership_words

METHOD = "verbatim"
MOST = 12  # passages shown
ENDS = 5  # words shown at either end of a passage
GLOSSARY = {
    **{k: words.GLOSSARY[k] for k in ("interval", "p-value", "adjusted")},
    "AUC": "how often more comes back of an article than of a control, of all pairs; 0.5 is chance, 1 is always",
    "ROC curve": "the share of articles found, for each share of controls that are wrongly accused",
    "blind baseline": "a guess made from the articles alone, without asking the model; if it succeeds, the two sets "
    "differ by themselves and a long stretch proves nothing about this model",
    "control": "articles like the others that the model cannot have seen; what comes back of them is chance",
    "controls": "articles like the others that the model cannot have seen; what comes back of them is chance",
    "refusal": "an answer that declines; it is missing data and says nothing about memory",
    "filter": "something after the model that stops its output; it hides how much more would have come",
    "prefix": "the beginning of the article that stands in the question",
    "q-value": "the share of the articles named up to this one that are expected to be like a control",
    "false alarms": "controls that are wrongly taken for known articles",
}


def page(evidence: Evidence, show_text: bool) -> tuple[dict[str, Any], dict[str, Chart]]:
    """What the template of chat models says, and its charts by the id of their place."""
    own = {
        "headline": headline(evidence), "explain": words.Explained(GLOSSARY),
        "passages": list(passages(evidence, show_text)), "most": MOST, "questions": questions(evidence),
        "curve": curve(evidence), "contrasts": contrasts(evidence),
        "attacks": evidence.facts.get("attacks", []), "membership": membership_words(evidence),
    }  # fmt: skip
    return own, _charts(evidence)


def missing(evidence: Evidence) -> dict[str, bool]:
    """What an audit of a chat model may lack, and what it would add; whether it is there."""
    return {
        "No control articles were given, so nothing can be shown: articles like the others that the model cannot have "
        "seen tell how long a stretch comes back by chance, by quotation, and by the way of asking.":
            evidence.count("nonmember") > 0,
        "The scores of the blind baseline were not kept, so whether the two sets differ in themselves is not known.":
            evidence.blind is not None or not evidence.count("nonmember"),
        "What each way of asking brought back is not in the run folder.":
            (evidence.run.findings_folder / "elicitation.parquet").exists(),
    }  # fmt: skip


def _charts(evidence: Evidence) -> dict[str, Chart]:
    prefix = curve_chart(curve(evidence))
    if METHOD not in evidence.membership:
        return prefix
    roc = roc_chart(evidence, METHOD, roc_band_of(evidence.scores[METHOD], evidence.seed), log=False)
    heaps = distribution_chart(evidence.scores[METHOD])
    roc["layout"]["yaxis"]["title"]["text"] = "articles found"
    heaps["layout"]["xaxis"]["title"]["text"] = "longest stretch, characters"
    heaps["layout"]["yaxis"]["title"]["text"] = "share of articles"
    for trace in heaps["data"]:
        trace["name"] = trace["name"].replace("training records", "articles").replace("control ", "controls ")
    return {**prefix, "roc": roc, "distribution": heaps}


def headline(evidence: Evidence) -> str:
    """The one sentence a reader takes away: how much came back, of how many, against the controls."""
    own = evidence.scores.get(METHOD)
    if own is None or not evidence.verdicts:
        return "This audit has not come to a verdict yet."
    decision, k = words.overall(evidence.verdicts), int(own.params.get("whole_words", 20))
    members, controls = own.where("member"), own.where("nonmember")
    if decision == "inconclusive" or not len(members):
        return "Whether this model knows these articles by heart cannot be said from its answers."
    n, m = (int(np.count_nonzero(s.extra["recited"])) for s in (members, controls))
    said = f"{k} words or more in a row of {n:,} of {len(members):,} articles"
    if decision == "shown":
        return f"This model writes out {said}, against {m:,} of {len(controls):,} controls."
    return f"No recitation beyond chance was seen: {said}, and of {m:,} of {len(controls):,} controls."


def passages(evidence: Evidence, show_text: bool) -> Iterator[dict[str, Any]]:
    """The members' longest passages, longest first, and the longest of a control."""
    own = evidence.scores.get(METHOD)
    if own is None:
        return
    q = evidence.standing_out
    for role, most in (("member", MOST), ("nonmember", 1)):
        side = own.where(role)
        for i in np.argsort(-side.values, kind="stable")[:most].tolist():
            yield {
                "name": words.sentence(side.ids[i], show_text), "role": role, "characters": int(side.values[i]),
                "words": int(side.extra["words"][i]), "share": float(side.extra["share"][i]),
                "prefix": int(side.extra["prefix"][i]), "q": q.get(str(side.ids[i])) if role == "member" else None,
                "offset": int(side.extra.get("offset", np.zeros(len(side)))[i]),
                "attack": attack_name(evidence, int(side.extra["attack"][i])),
                **masked_passage(str(side.extra["span"][i]), show_text),
            }  # fmt: skip


def masked_passage(text: str, show_text: bool = False) -> dict[str, str]:
    """A passage as a page may show it: its first and last words, and a fingerprint of all of it.

    Never more than half of it is shown; a holder of the article can check the fingerprint (SHA-256 of the passage).

    >>> masked_passage("one two three four five six seven eight")["shown"]
    'one two […] seven eight'
    """
    mark = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
    if show_text:
        return {"shown": words.safe(text), "hash": mark}
    said = text.split()
    k = min(ENDS, len(said) // 4)
    ends = (" ".join(said[:k]), " ".join(said[len(said) - k :])) if k else ("", "")
    first, last = (words.safe(mask_personal(e)) for e in ends)
    return {"shown": f"{first} […] {last}".strip(), "hash": mark}


def questions(evidence: Evidence) -> list[dict[str, Any]]:
    """What each way of asking brought back and how it was answered, members and controls side by side."""
    path = evidence.run.findings_folder / "elicitation.parquet"
    if not path.exists():
        return []
    table = pd.read_parquet(path)
    kinds = [c for c in ("refusal", "filtered", "paraphrased", "empty", "error", "skipped") if c in table]
    rows: dict[tuple[int, int, int], dict[str, Any]] = {}
    for r in table.sort_values(["prefix", "offset", "attack"], kind="stable").to_dict("records"):
        place = int(r["prefix"]), int(r["offset"]), int(r["attack"])
        named = {"prefix": place[0], "offset": place[1], "attack": attack_name(evidence, place[2])}
        row = rows.setdefault(place, named)
        rest = ", ".join(f"{int(r[k])} {k}" for k in kinds if int(r[k])) or "–"
        row[str(r["role"])] = {"mean": float(r["weight"]), "largest": int(r["largest"]), "answered": int(r["answered"]),
                               "rest": rest}  # fmt: skip
    return list(rows.values())


def attack_name(evidence: Evidence, number: int) -> str:
    """Name of a template, without its version."""
    attacks = evidence.facts.get("attacks", [])
    return str(attacks[number]).partition(" ")[0] if 0 <= number < len(attacks) else str(number)


def curve(evidence: Evidence) -> list[dict[str, Any]]:
    """Mean longest stretch by length and place of the prefix, both sides beside each other; empty for one place."""
    path = evidence.run.findings_folder / "prefix_length.parquet"
    if not path.exists():
        return []
    table = pd.read_parquet(path).sort_values(["offset", "prefix"], kind="stable")
    rows: dict[tuple[int, int], dict[str, Any]] = {}
    for r in table.to_dict("records"):
        low, high = (None if np.isnan(x) else float(x) for x in (r["low"], r["high"]))
        offset, prefix = int(r["offset"]), int(r["prefix"])
        row = rows.setdefault((offset, prefix), {"offset": offset, "prefix": prefix})
        row[str(r["role"])] = Estimate(float(r["weight"]), low, high, int(r["n"]), "characters", "mean over articles")
    return list(rows.values()) if len(rows) > 1 else []


def contrasts(evidence: Evidence) -> list[str]:
    """What more words, and a later place, change on the same articles, in sentences."""
    path = evidence.run.findings_folder / "prefix_length.json"
    if not path.exists():
        return []
    told = json.loads(path.read_text(encoding="utf-8"))["estimates"]
    found = [Estimate(**told[name]) for name in ("longer", "further")]
    return [
        f"On the same articles: {words.estimate_words(e)} {e.unit} ({e.how.rpartition('; ')[2]})."
        for e in found
        if e.value is not None
    ]


def curve_chart(rows: list[dict[str, Any]]) -> dict[str, Chart]:
    """The same drawn: a line for each side and place; nothing where one length was asked."""
    if len({r["prefix"] for r in rows}) < 2:
        return {}
    traces = []
    offsets = sorted({r["offset"] for r in rows})
    for role, name, colour in (("nonmember", "controls", CONTROL), ("member", "articles", MEMBER)):
        for offset, dash in zip(offsets, ("solid", "dash", "dot", "dashdot") * len(offsets), strict=False):
            line = [(r["prefix"], r[role]) for r in rows if r["offset"] == offset and role in r]
            up, down = ([abs((end or e.value) - e.value) for end, e in zip(ends, (e for _, e in line), strict=True)]
                        for ends in ([e.high for _, e in line], [e.low for _, e in line]))  # fmt: skip
            place = "" if offsets == [0] else f", from word {offset}"
            traces.append({
                "type": "scatter", "mode": "lines+markers", "name": f"{name}{place}", "x": [p for p, _ in line],
                "y": [e.value for _, e in line], "line": {"color": colour, "width": 2.5, "dash": dash},
                "marker": {"size": 8}, "hovertemplate": "%{y:.0f} characters after %{x} words<extra></extra>",
                "error_y": {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "thickness": 1.5},
            })  # fmt: skip
    at = sorted({r["prefix"] for r in rows})
    x = {"title": "words given", "type": "log", "tickvals": at, "ticktext": [str(p) for p in at]}
    return {"prefix": chart(traces, x, {"title": "mean longest stretch, characters", "rangemode": "tozero"})}


PART = Part(
    home=__name__,
    template="chat.html.jinja",
    page=page,
    missing=missing,
    roles=(
        ("member", "article that the model may know", "articles that the model may know"),
        ("nonmember", "control that it cannot know", "controls that it cannot know"),
    ),
)
