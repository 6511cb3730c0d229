"""Which single records does the model know better than it knows records it never saw?

Source: Bates et al. 2023, arXiv 2104.08279 (conformal p-values with Benjamini and Hochberg's procedure).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from byheart.core.card import Card
from byheart.core.findings import Findings
from byheart.core.scores import Scores
from byheart.core.verdict import Verdict
from byheart.stats.conformal import conformal_p
from byheart.stats.multiplicity import benjamini_hochberg

PREFERRED = ("reference", "min_k_plus_plus", "loss")
"""Fixed before the scores are seen: what a record gained over a reference, else what it is in itself."""
SHARE_FALSE = 0.05

CARD = Card(
    name="standing_out", verb="explain", paper="2104.08279", family="text", unit="q-value",
    limits="at most one in twenty of the records named is expected to be like a control, if sets and records are alike",
    summary="Which single records does the model know better than it knows records it never saw?",
)  # fmt: skip


def standing_out(scores: Mapping[str, Scores], verdicts: Sequence[Verdict]) -> tuple[Findings | None, str]:
    """Members whose score few controls reach, so that at most one in twenty of those named is like a control.

    Args:
        scores: by method name.
        verdicts: of the same scores; where the sets differ in themselves no record is named.

    Returns:
        Findings with addresses (members,), the scores as weights, and columns `p` and `q`; None where the data license
        none. And a sentence for the report.
    """
    method = next((m for m in PREFERRED if m in scores), None)
    judged = next((v for v in verdicts if v.method == method), None)
    if method is None or judged is None:
        return None, "No single record is named: there are no scores of members and control."
    members, controls = scores[method].where("member"), scores[method].where("nonmember")
    if judged.p is None:
        return None, "No single record is named, as no claim is made about the set it belongs to."
    p = conformal_p(members.values, controls.values)
    q = benjamini_hochberg(p)
    named = int((q <= SHARE_FALSE).sum())
    found = Findings(
        "record", members.ids, members.values, CARD, params={"method": method, "controls": len(controls)},
        columns={"p": p, "q": q},
    )  # fmt: skip
    if named:
        said = (
            f"{named} of {len(members)} training records stand out one by one from {len(controls)} controls (score "
            f"{method}); at most {SHARE_FALSE:.0%} of those named are expected to be like a control."
        )
    else:
        said = (
            f"No single training record stands out from the {len(controls)} controls (score {method}); the smallest p "
            f"that so many controls allow is {1 / (len(controls) + 1):.2g}, and {len(members)} records were tried."
        )
    return found, said
