"""Where does what is recited come from, how is it held, where does it show, and what does switching it off do?

Four questions that follow a verdict. Each is answered from its findings; for one that was not asked, the page names the
command.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from byheart.core.verdict import Estimate
from byheart.report.evidence import Evidence
from byheart.report.figures import CONTROL, MEMBER, Chart, chart
from byheart.report.sources import Sources
from byheart.report.words import interval_words, number

ORDERS = {
    "adjacent": "neighbours swapped", "rotate": "cut and turned round", "first_last": "first and last swapped",
    "fix_ends": "all shuffled but the ends", "trigram": "shuffled in threes", "reverse": "read backwards",
}  # fmt: skip
DONE = {"delete": "left out", "replace": "replaced", "insert": "inserted", "shuffle": "shuffled"}
PLACES = {"start": "first", "end": "last", "middle": "middle"}


@dataclass(frozen=True)
class Answer:
    """One question and what is known.

    Args:
        question: as a heading.
        sentences: the answer, results first.
        caveats: what to know before believing it.
        command: what would answer it, where nothing was asked yet.
        chart: id of its picture, empty without one.
        caption: of the picture.
    """

    question: str
    sentences: list[str] = field(default_factory=list)
    caveats: list[str] = field(default_factory=list)
    command: str = ""
    chart: str = ""
    caption: str = ""


def why_part(evidence: Evidence, traced: Sources | None) -> tuple[list[Answer], dict[str, Chart]]:
    """The answers, and the pictures that go with them."""
    redundant, drawn = _redundancy(evidence)
    return [_sources(traced), redundant], drawn


def _sources(traced: Sources | None) -> Answer:
    question = "Where does it come from?"
    if traced is None:
        return Answer(question, command="byheart explain sources RUN")
    return Answer(question, [*traced.sentences, "The places of each passage stand with its record, below."])


def _redundancy(evidence: Evidence) -> tuple[Answer, dict[str, Chart]]:
    """What it takes to put the model off, and which records hold longest."""
    question, found = "How firmly is it held?", evidence.findings("redundancy")
    if found is None:
        return Answer(question, command="byheart signals perturbed_prefixes RUN && byheart explain redundancy RUN"), {}
    table, facts = found
    e = {name: Estimate(**told) for name, told in facts["estimates"].items()}
    said = []
    if e["drop, memorized"].value is not None:
        said = [
            f"Disturbing the beginning of a recited record loses {_of(e['drop, memorized'])} of what came back, over "
            "records and perturbations."
        ]
    lost = e["vulnerability ratio, matched"]
    if lost.value is not None:
        said.append(
            f"Records of low redundancy are put off {_of(lost)} times as easily as others, at equal strengths of one "
            "perturbation (1 is no difference)."
        )
    drawn = {} if table["n"].max() == 0 else {"drops": _drops_chart(table)}
    caption = (
        "Share of the continuation that is lost after each perturbation of the first tokens, with its interval; twins "
        "were never trained on, so what they lose was copied from the prefix or guessed."
    )
    return Answer(question, said, facts["params"]["caveats"], chart="drops" if drawn else "", caption=caption), drawn


def _drops_chart(table: pd.DataFrame) -> Chart:
    """Mean drop by perturbation, recited records and never-trained twins."""
    rows = table[table["n"] > 0].sort_values("weight")
    names = [disturbed(str(a)) for a in rows["address"]]
    bars = {"array": _gap(rows["high"] - rows["weight"]), "arrayminus": _gap(rows["weight"] - rows["low"])}
    recited = {
        "type": "scatter", "mode": "markers", "name": "recited records", "x": _plain(rows["weight"]), "y": names,
        "marker": {"color": MEMBER, "size": 9}, "error_x": {"type": "data", "symmetric": False, **bars},
        "hovertemplate": "%{y}: %{x:.0%} lost<extra></extra>",
    }  # fmt: skip
    twins = {
        "type": "scatter", "mode": "markers", "name": "never trained on", "x": _plain(rows["twins"]), "y": names,
        "marker": {"color": CONTROL, "size": 8, "symbol": "circle-open"},
        "hovertemplate": "%{y}: %{x:.0%} lost<extra></extra>",
    }  # fmt: skip
    x, height = {"title": "share lost", "tickformat": ".0%"}, 120 + 22 * len(names)
    margin = {"l": 170, "r": 22, "t": 8, "b": 48}
    return chart([recited, twins], x, {"type": "category"}, height=height, margin=margin)


def disturbed(address: str) -> str:
    """A perturbation in words.

    >>> disturbed("delete/4/start"), disturbed("random/1"), disturbed("reverse")
    ('first 4 left out', '1 swap', 'read backwards')
    """
    operator, _, rest = address.partition("/")
    k, _, place = rest.partition("/")
    if operator == "random":
        return f"{k} swap{'' if k == '1' else 's'}"
    if operator in DONE and place in PLACES:
        return f"{PLACES[place]} {k} {DONE[operator]}"
    return ORDERS.get(address, address)


def _of(e: Estimate) -> str:
    return f"{number(e.value)} ({interval_words(e) or 'no interval'}, n = {e.n})"


def _plain(values: pd.Series) -> list[float | None]:
    return [None if np.isnan(v) else float(v) for v in values]


def _gap(values: pd.Series) -> list[float]:
    return [0.0 if np.isnan(v) else float(v) for v in values]

