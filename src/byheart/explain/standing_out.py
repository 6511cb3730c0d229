"""Which single records does the model know better than it knows records it never saw?

Source: Bates et al. 2023, arXiv 2104.08279 (conformal p-values with Benjamini and Hochberg's procedure).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from byheart.core.card import method
from byheart.core.errors import TooFewRecords
from byheart.core.findings import Findings
from byheart.core.scores import Scores
from byheart.core.verdict import Estimate, Verdict
from byheart.stats.conformal import conformal_p
from byheart.stats.multiplicity import benjamini_hochberg
from byheart.stats.threshold import control_threshold

PREFERRED = ("reference", "min_k_plus_plus", "loss", "verbatim")
"""Fixed before the scores are seen: what a record gained over a reference, else what it is in itself."""
SHARE_FALSE = 0.05


@method(
    paper="2104.08279",
    family="any",
    needs=("scores", "verdicts"),
    unit="q-value",
    cost="none beside the scores",
    limits="at most one in twenty of the records named is expected to be like a control, if sets and records are alike",
)
def standing_out(scores: Mapping[str, Scores], verdicts: Sequence[Verdict], *, rate: float | None = None) -> Findings:
    """Members whose score few controls reach, so that at most one in twenty of those named is like a control.

    Args:
        scores: by method name.
        verdicts: of the same scores; where the sets differ in themselves no record is named.
        rate: of false alarms that a threshold for all records aims at; None sets no threshold.

    Returns:
        Findings with addresses (members,), the scores as weights, and columns `p` and `q`; with a rate also the column
        `above` and the estimate `threshold`.

    Raises:
        TooFewRecords: if the data license no name.
    """
    name = next((n for n in PREFERRED if n in scores), None)
    judged = next((v for v in verdicts if v.method == name), None)
    if judged is not None and judged.p is None:
        raise TooFewRecords("No single record is named, as no claim is made about the set it belongs to.")
    if name is None or not {"member", "nonmember"} <= set(scores[name].where("member", "nonmember").roles.tolist()):
        raise TooFewRecords("No single record is named: there are no scores of members and control.")
    members, controls = scores[name].where("member"), scores[name].where("nonmember")
    p = conformal_p(members.values, controls.values)
    columns: dict[str, np.ndarray] = {"p": p, "q": benjamini_hochberg(p)}
    estimates: dict[str, Estimate] = {}
    if rate is not None:
        line = control_threshold(controls.values, rate=rate)
        columns["above"], estimates["threshold"] = members.values > (line.value or 0.0), line
    card = replace(standing_out.card, family=scores[name].card.family)  # type: ignore[attr-defined]
    return Findings(
        "record", members.ids, members.values, card, params={"method": name, "controls": len(controls)},
        estimates=estimates, columns=columns,
    )  # fmt: skip


def naming(found: Findings) -> str:
    """What is to be said of the records that stand out, in a sentence."""
    q = np.asarray(found.columns["q"])
    named, n, controls = int((q <= SHARE_FALSE).sum()), q.size, int(found.params["controls"])
    if named:
        return (
            f"{named} of {n} training records stand out one by one from {controls} controls (score "
            f"{found.params['method']}); at most {SHARE_FALSE:.0%} of those named are expected to be like a control."
        )
    return (
        f"No single training record stands out from the {controls} controls (score {found.params['method']}); the "
        f"smallest p that so many controls allow is {1 / (controls + 1):.2g}, and {n} records were tried."
    )


def article_naming(found: Findings) -> str:
    """The same of articles that a chat model gives back, with the threshold that was set."""
    line, named = found.estimates["threshold"], int((np.asarray(found.columns["q"]) <= SHARE_FALSE).sum())
    above, controls = int(np.asarray(found.columns["above"]).sum()), int(found.params["controls"])
    return (
        f"{above} of {len(found.address)} member articles come back at greater length than the threshold of "
        f"{line.value:g} characters ({line.how}). {named or 'None'} of them can be named on "
        f"{'its' if named == 1 else 'their'} own (q at most {SHARE_FALSE}); with {controls} controls no p is "
        f"below {1 / (controls + 1):.2g}."
    )
