"""Can the two sets be told apart without the model?

The gate before every membership claim: where a baseline that never saw the model separates members from controls, the
two sets differ in themselves, and scores that differ prove nothing about training.

Source: Das, Zhang & Tramer 2024, arXiv 2406.16201 (blind baselines beat published attacks); Meeus et al. 2024, arXiv
2406.17975.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from byheart.core.scores import Scores
from byheart.core.verdict import Estimate
from byheart.stats.admit import MIN_GROUPS, admit
from byheart.stats.auc import auc_difference, auc_estimate
from byheart.stats.sides import Sides


@dataclass(frozen=True)
class Gate:
    """What the blind baseline says.

    Args:
        baseline: AUC of the blind baseline, None if it did not run on enough records.
        beyond: AUC of the score minus AUC of the baseline on the same records.
        separates: whether the baseline's interval excludes 0.5.
    """

    baseline: Estimate | None = None
    beyond: Estimate | None = None
    separates: bool = False

    def refusal(self) -> str:
        """Why no claim is made when the baseline separates the sets."""
        return (
            f"The two sets differ in distribution: a blind guess from the records alone tells members from controls "
            f"with AUC {self.baseline} (0.5 is chance). A difference in scores would prove nothing about training, so "
            f"the claim is refused; draw the controls the way the members were drawn."
        )


def gate(scores: Scores, blind: Scores | None, *, level: float = 0.95) -> Gate:
    """Hold the blind baseline against the scores.

    Args:
        scores: admitted scores of members and nonmembers.
        blind: scores of the same records, made without the model; matched by id. `params["fitted"]` says that they come
            from a classifier fitted to the labels by cross-validation. Such scores lean below 0.5 by themselves (a
            fold rich in members leaves a training part poor in them), so then only an AUC above 0.5 counts.
        level: of the intervals.
    """
    if blind is None:
        return Gate()
    guesses, _ = admit(blind, "member", "nonmember")
    alone = Sides.from_scores(guesses)
    if min(alone.n_member_groups, alone.n_control_groups) < MIN_GROUPS:
        return Gate()
    baseline = auc_estimate(alone, level=level)
    low, high = baseline.low or 0.0, 1.0 if baseline.high is None else baseline.high
    ours, theirs = matched(scores, guesses)
    one, other = Sides.from_scores(ours), Sides.from_scores(theirs)
    enough = min(one.n_member_groups, one.n_control_groups) >= MIN_GROUPS
    beyond = auc_difference(one, other, level=level) if enough else None
    return Gate(baseline, beyond, separates=low > 0.5 or (high < 0.5 and not blind.params.get("fitted")))


def matched(scores: Scores, others: Scores) -> tuple[Scores, Scores]:
    """The records that both have, in the same order and with the roles and groups of the first."""
    if not np.array_equal(scores.ids, others.ids):
        others = others.at(scores.ids, skip_unknown=True)
        scores = scores.at(others.ids)
    same = Scores(others.values, scores.ids, scores.roles, scores.groups, others.card, others.params)
    return scores, same
