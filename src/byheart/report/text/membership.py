"""What does the caption of a ROC curve say: how many are found, at what price in false alarms?"""

from __future__ import annotations

from typing import Any

from byheart.core.scores import Scores
from byheart.report.evidence import Evidence
from byheart.report.figures import auc_words
from byheart.stats.roc import certifiable_fpr, tpr_at_fpr
from byheart.stats.sides import Sides

FALSE_ALARMS = (0.1, 0.01, 0.001)
RESAMPLES = 300  # of both sides, for the interval of a share found


def membership_words(evidence: Evidence) -> dict[str, Any]:
    """What the caption of the ROC curve says; empty without members and control."""
    if not evidence.membership:
        return {}
    method = evidence.membership[0]
    n = len(evidence.scores[method].where("nonmember"))
    blind = evidence.blind
    return {
        "method": method, "auc": auc_words(evidence.scores[method]), "n": n,
        "floor": f"{100 * certifiable_fpr(n):.2g} %",
        "blind": auc_words(blind) if blind is not None and len(blind.where("member")) else "",
        "others": evidence.membership[1:4],
        "found": [found_at(evidence.scores[method], rate, evidence.seed) for rate in FALSE_ALARMS],
    }  # fmt: skip


def found_at(scores: Scores, rate: float, seed: int) -> str:
    """Share of the training records found at a rate of false alarms, in words; what it would take if it is too low."""
    share = tpr_at_fpr(Sides.from_scores(scores.where("member", "nonmember")), rate, seed=seed, n_resamples=RESAMPLES)
    if share.value is None:
        return share.how
    low, high = (100 * (x or 0.0) for x in (share.low, share.high))
    return f"{100 * share.value:.0f} % found at {100 * rate:g} % (95 % interval {low:.0f} to {high:.0f} %)"
