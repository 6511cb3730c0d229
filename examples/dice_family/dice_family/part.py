"""What does the page of a die say that others do not?"""

from __future__ import annotations

from typing import Any

from byheart.report.evidence import Evidence
from byheart.report.part import Part

ROLES = (("member", "row taught", "rows taught"), ("nonmember", "row never seen", "rows never seen"))
SURE = 1.0  # bits per throw; a fair die has 2.58


def page(evidence: Evidence, show_text: bool) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The headline, the rows that are known, and no chart."""
    scores = evidence.scores.get("few_bits")
    if scores is None:
        return {"known": []}, {}
    taught = scores.where("member")
    throws = {} if evidence.corpus is None else dict(zip(evidence.corpus.ids, evidence.corpus.texts, strict=True))
    known = [
        {"name": name, "bits": -value, "throws": throws.get(name, "")}
        for name, value in zip(taught.ids, taught.values, strict=True)
        if -value < SURE
    ]
    headline = f"This die knows {len(known):,} of {len(taught):,} rows of throws by heart."
    return {"headline": headline, "known": known}, {}


PART = Part(home=__name__, template="dice.html.jinja", page=page, roles=ROLES, unnamed="the die")
