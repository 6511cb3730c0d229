"""How firmly is what is recited held? The answer of `explain/redundancy`, for the page."""

from __future__ import annotations

import pandas as pd

from byheart.core.verdict import Estimate
from byheart.report.answer import Answer, bars, of, plain
from byheart.report.evidence import Evidence
from byheart.report.figures import CONTROL, MEMBER, Chart, chart

ORDERS = {
    "adjacent": "neighbours swapped", "rotate": "cut and turned round", "first_last": "first and last swapped",
    "fix_ends": "all shuffled but the ends", "trigram": "shuffled in threes", "reverse": "read backwards",
}  # fmt: skip
DONE = {"delete": "left out", "replace": "replaced", "insert": "inserted", "shuffle": "shuffled"}
PLACES = {"start": "first", "end": "last", "middle": "middle"}


def firmness(evidence: Evidence) -> tuple[Answer, dict[str, Chart]]:
    """What it takes to put the model off, and which records hold longest."""
    question, found = "How firmly is it held?", evidence.findings("redundancy")
    if found is None:
        return Answer(question, command="byheart signals perturbed_prefixes RUN && byheart explain redundancy RUN"), {}
    table, facts = found
    e = {name: Estimate(**told) for name, told in facts["estimates"].items()}
    said = []
    if e["drop, memorized"].value is not None:
        said = [
            f"Disturbing the beginning of a recited record loses {of(e['drop, memorized'])} of what came back, over "
            "records and perturbations."
        ]
    lost = e["vulnerability ratio, matched"]
    if lost.value is not None:
        said.append(
            f"Records of low redundancy are put off {of(lost)} times as easily as others, at equal strengths of one "
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
    recited = {
        "type": "scatter", "mode": "markers", "name": "recited records", "x": plain(rows["weight"]), "y": names,
        "marker": {"color": MEMBER, "size": 9}, "error_x": bars(rows["weight"], rows["low"], rows["high"]),
        "hovertemplate": "%{y}: %{x:.0%} lost<extra></extra>",
    }  # fmt: skip
    twins = {
        "type": "scatter", "mode": "markers", "name": "never trained on", "x": plain(rows["twins"]), "y": names,
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
