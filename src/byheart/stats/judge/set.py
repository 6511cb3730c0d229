"""Was the set as a whole among the training data?

Small differences of single records, none of them enough for a claim, may add up over a set.

Source: Maini et al. 2024, arXiv 2406.06443 (LLM dataset inference). Departs from it: labels are dealt anew to whole
groups instead of a t-test, so p is valid for any score and any grouping.
"""

from __future__ import annotations

from byheart.core.scores import Scores
from byheart.core.verdict import Verdict
from byheart.stats.judge.beside import Beside
from byheart.stats.judge.membership import compare_sides

CLAIM = "The set as a whole was part of the training data: its records score higher than a held-out set."


def judge_dataset(
    scores: Scores, *, blind: Scores | None = None, level: float = 0.05, seed: int, n_resamples: int = 2000
) -> Verdict:
    """Judge the claim about a set: main is the mean score of members minus that of nonmembers.

    Args:
        scores: with roles member and nonmember; must not have been fitted on the records judged.
        blind: scores of the same records by a baseline that never saw the model; without it nothing is shown.
        level: largest p that counts.
        seed: for the dealings of labels.
        n_resamples: how many dealings.
    """
    return compare_sides(CLAIM, scores, blind, level, seed, n_resamples, whole_set=True)


def judge_claim(scores: Scores, beside: Beside) -> Verdict:
    """The same, against the blind guess of the audit."""
    return judge_dataset(scores, blind=beside.guess("set"), **beside.draws)
