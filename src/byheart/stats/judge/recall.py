"""Are items of a benchmark answered from memory, or by skill?"""

from __future__ import annotations

import numpy as np

from byheart.core.scores import Scores
from byheart.core.verdict import Verdict
from byheart.stats.judge.beside import Beside
from byheart.stats.judge.contamination import RECALL_CLAIM, judge_recall

CLAIM = RECALL_CLAIM


def judge_claim(scores: Scores, beside: Beside) -> Verdict | None:
    """As `judge_recall`, against the reference and the reader without a model; None where no answer is known."""
    if np.isnan(np.asarray(scores.extra["right"], np.float64)).all():
        return None
    known = beside.reference.get(scores.card.name)
    return judge_recall(scores, reference=known, blind=beside.guess("recall"), **beside.draws)
