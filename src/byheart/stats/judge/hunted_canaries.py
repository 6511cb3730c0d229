"""Were the planted canaries learned, judging by what written prompts bring back?

Source: Zhang, Das, Kamath & Tramer 2024, arXiv 2409.19798 (ranks of canaries among those never planted are proof);
Phipson & Smyth 2010, arXiv 1603.05766 (the p of dealings).
"""

from __future__ import annotations

import math

import numpy as np

from byheart.core.scores import Scores
from byheart.core.verdict import Decision, Estimate, Verdict
from byheart.stats.admit import admit
from byheart.stats.judge.beside import Beside
from byheart.stats.judge.hunted_set import all_dealings
from byheart.stats.judge.membership import verdict
from byheart.stats.paired_scores import EXACT
from byheart.stats.permutation import permutation_test
from byheart.stats.sides import Sides

CLAIM = "The planted canaries were learned: prompts bring back more of them than of canaries never planted."


def canary_test(scores: Scores, *, level: float = 0.05, seed: int, n_resamples: int = 10_000) -> Verdict:
    """Judge the claim that planted canaries were learned: their ranks among canaries that were never planted.

    Exact where canaries and controls are few: a single canary among m controls has p = rank / (m + 1).

    Args:
        scores: roles canary and canary_control.
        level: largest p that counts.
        seed: for dealings and resamples.
        n_resamples: how many of each.
    """
    kept, said = admit(scores, "canary", "canary_control")
    sides = Sides.from_scores(kept, "canary", "canary_control")
    n = sides.n_groups
    if not sides.members.size or not sides.controls.size:
        lack = "A canary is ranked among canaries that were never planted; there are none on one side."
        empty = Estimate(None, None, None, n, "AUC", "not estimated: " + lack)
        return verdict(scores.card, CLAIM, "inconclusive", None, empty, said=[lack, *said])
    test = permutation_test(sides, seed=seed, n_resamples=max(n_resamples, all_dealings(sides, EXACT)))
    low, high = np.quantile(test.null, [0.025, 0.975])
    unit = f"AUC over {sides.members.size} canaries and {sides.controls.size} never planted"
    main = Estimate(test.observed, None, None, n, unit, "counted; no interval, as the test is of ranks")
    control = Estimate(0.5, float(low), float(high), n, unit, f"the name 'planted' dealt anew; {test.how()}")
    shown = test.p < level
    why = f"Canaries rank higher than their controls (p = {test.p:.2g})." if shown else (
        f"Canaries rank no higher than their controls (p = {test.p:.2g}; the smallest possible is "
        f"{1 / math.comb(n, sides.members.size):.2g})."
    )  # fmt: skip
    decision: Decision = "shown" if shown else "not shown"
    return verdict(scores.card, CLAIM, decision, test.p, main, control, None, [why, *said])


def judge_claim(scores: Scores, beside: Beside) -> Verdict:
    """The same; canaries need nothing beside them."""
    return canary_test(scores, **beside.draws)
