"""What is a claim held against? The other scores of an audit, and those of a model that never saw the records.

Every file here that is named like a kind of claim (`core/card.py`) has a function `judge_claim` that takes the scores
and what stands beside them. It is found by that name, so judging knows no method and no judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from byheart.core.scores import Scores

AGAINST_REFERENCE = ("recitation", "exposure", "privacy", "contamination", "recall")
"""Kinds of claim whose judge asks what a model makes of the records that never saw them."""
OWN_MINIMUM = ("exposure", "privacy", "hunted_canaries", "recall")
"""Kinds whose judge knows how many are enough (canaries, coins, answered items), whatever the number of controls."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Beside:
    """All that a claim is held against, and the numbers it is judged by.

    Args:
        scores: of the audit, by method name.
        reference: scores by the same methods, of a model that never saw the records.
        level: largest p that counts.
        seed: for dealings and resamples.
        n_resamples: how many of each.
    """

    scores: Mapping[str, Scores] = field(default_factory=dict)
    reference: Mapping[str, Scores] = field(default_factory=dict)
    level: float = 0.05
    seed: int
    n_resamples: int = 2000

    @property
    def draws(self) -> dict[str, Any]:
        """Level, seed and number of resamples, as every judge takes them."""
        return {"level": self.level, "seed": self.seed, "n_resamples": self.n_resamples}

    def guess(self, claim: str) -> Scores | None:
        """The guess without the model that this kind of claim is held against; None where the audit made none."""
        return next((s for s in self.scores.values() if claim in s.card.guesses), None)


def flagged(scores: Scores) -> Scores:
    """1 where the method's own column says yes, 0 where it says no, NaN where a record was not scored.

    The scores as they are where the card names no such column.
    """
    if not scores.card.flag:
        return scores
    yes = np.asarray(scores.extra[scores.card.flag], dtype=np.float64)
    return replace(scores, values=np.where(np.isnan(scores.values), np.nan, yes))
