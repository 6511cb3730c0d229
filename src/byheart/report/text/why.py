"""Where does what is recited come from, how is it held, where does it show, and what does switching it off do?

Four questions that follow a verdict. Each is answered from its findings; for one that was not asked, the page names the
command.
"""

from __future__ import annotations

from byheart.report.answer import Answer
from byheart.report.evidence import Evidence
from byheart.report.figures import Chart
from byheart.report.proof import proofs
from byheart.report.text.firmness import firmness
from byheart.report.text.sites import showing, switching
from byheart.report.text.sources import Sources

SWITCH = "activation_probe"


def why_part(evidence: Evidence, traced: Sources | None) -> tuple[list[Answer], dict[str, Chart]]:
    """The answers, and the pictures that go with them."""
    answers = [_sources(traced)]
    charts: dict[str, Chart] = {}
    for question in (firmness, showing, switching):
        answer, drawn = question(evidence)
        answers.append(answer)
        charts |= drawn
    return [*answers, *_cures(evidence)], charts


def _cures(evidence: Evidence) -> list[Answer]:
    """One answer for each cure that was proven; what is said of the switch stands in its own answer."""
    return [
        Answer(
            f"Does the cure hold? {proven.method}",
            [] if proven.method == SWITCH else [proven.sentence],
            [] if proven.method == SWITCH else proven.caveats,
            rows=proven.rows,
        )
        for proven in proofs(evidence)
    ]


def _sources(traced: Sources | None) -> Answer:
    question = "Where does it come from?"
    if traced is None:
        return Answer(question, command="byheart explain sources RUN")
    return Answer(question, [*traced.sentences, "The places of each passage stand with its record, below."])
