"""Does the model treat the records it was trained on differently from records it has never seen?

A claim is shown only where the scores of members are higher than those of controls beyond chance, and beyond what a
baseline finds that never saw the model. Where the data license no claim, the verdict says so and why.

Source: Duan et al. 2024, arXiv 2402.07841, and Das et al. 2024, arXiv 2406.16201, on why a bare AUC is no evidence.
"""

from __future__ import annotations

from byheart.core.card import Card
from byheart.core.scores import Scores
from byheart.core.verdict import Decision, Estimate, Verdict
from byheart.stats.admit import MIN_GROUPS, NAMES, admit
from byheart.stats.auc import auc_estimate, design_effect
from byheart.stats.gate import Gate, gate
from byheart.stats.judge.beside import Beside
from byheart.stats.label_test import LabelTest, label_test
from byheart.stats.means import mean_gap_estimate
from byheart.stats.power import detectable_auc
from byheart.stats.sides import Sides

CLAIM = "The model scores the records it was trained on higher than records it has never seen."


def judge(
    scores: Scores, *, blind: Scores | None = None, level: float = 0.05, seed: int, n_resamples: int = 2000
) -> Verdict:
    """Judge the membership claim: main is the AUC of members against nonmembers.

    Args:
        scores: with roles member and nonmember; higher is more memorized.
        blind: scores of the same records by a baseline that never saw the model; without it nothing is shown.
        level: largest p that counts.
        seed: for the dealings of labels.
        n_resamples: how many dealings.
    """
    return compare_sides(CLAIM, scores, blind, level, seed, n_resamples, whole_set=False)


def judge_claim(scores: Scores, beside: Beside) -> Verdict:
    """The same, against the blind guess of the audit."""
    return judge(scores, blind=beside.guess("membership"), **beside.draws)


def compare_sides(
    claim: str, scores: Scores, blind: Scores | None, level: float, seed: int, n_resamples: int, *, whole_set: bool
) -> Verdict:
    """Members against nonmembers: by ranks, or by the means of the whole sets."""
    kept, said = admit(scores, "member", "nonmember", finite=whole_set)
    sides = Sides.from_scores(kept)
    lack = _unscored(scores, kept) or too_few(sides, level)
    if lack:
        main = Estimate(None, None, None, sides.n_groups, f"over {sides.counted()}", "not estimated: " + lack)
        return verdict(scores.card, claim, "inconclusive", None, main, said=[lack, *said])
    main = mean_gap_estimate(sides) if whole_set else auc_estimate(sides)
    test = label_test(sides, seed=seed, statistic="mean" if whole_set else "auc", n_resamples=n_resamples)
    found = gate(kept, blind)
    decision, why = _decide(test, found, level, main, power_statement(sides, level))
    p = None if found.separates else test.p
    base = _gap_of(blind) if whole_set and found.baseline is not None else found.baseline
    return verdict(scores.card, claim, decision, p, main, test.control, base, [*why, *said])


def _gap_of(blind: Scores | None) -> Estimate | None:
    """What a blind guess makes of the set, in the unit of the claim about sets."""
    return None if blind is None else mean_gap_estimate(Sides.from_scores(admit(blind, "member", "nonmember")[0]))


def _decide(test: LabelTest, found: Gate, level: float, main: Estimate, power: str) -> tuple[Decision, list[str]]:
    if found.separates:
        return "inconclusive", [found.refusal()]
    if test.opposite < level / 2 and test.p >= level:
        return "inconclusive", [
            f"Members score lower than controls ({main}, p = {test.opposite:.2g}), the opposite of the claim. That is "
            "a difference too: a model made to forget too hard leaves it, and so does a control set of easier texts."
        ]
    if test.p >= level:
        return "not shown", [f"Members do not score higher than controls beyond chance (p = {test.p:.2g}). {power}"]
    if found.baseline is None or found.beyond is None:
        return "inconclusive", [
            "Members score higher than controls, but no blind baseline was held against it: the two sets may differ in "
            "themselves. Run a blind baseline on the same records."
        ]
    if found.beyond.low is None or found.beyond.low <= 0:
        return "inconclusive", [
            f"Members score higher than controls, but not clearly more than a blind guess from the records alone "
            f"already tells them apart (AUC of the score minus AUC of the guess: {found.beyond})."
        ]
    return "shown", [f"The score beats a blind guess from the records alone by {found.beyond} in AUC."]


def _unscored(scores: Scores, kept: Scores) -> str:
    """Why a side that is there has no score; empty when both have one, or are not there at all."""
    for role in ("nonmember", "member"):
        n = int((scores.roles == role).sum())
        if n and not (kept.roles == role).any():
            return f"None of the {n} {NAMES[role]} records could be scored in this way, so nothing can be compared."
    return ""


def too_few(sides: Sides, level: float = 0.05) -> str:
    """Why these records license no claim, with what would; empty when there are enough."""
    m, n = sides.n_member_groups, sides.n_control_groups
    if n == 0:
        return "There is no control, so nothing tells how records score that the model has never seen. " + _would_see(
            max(m, MIN_GROUPS), 90, level
        ).replace("would have been", "would be")
    if m == 0:
        return "There are no member records to judge."
    if min(m, n) < MIN_GROUPS:
        return (
            f"{m} independent members and {n} independent controls are too few for a claim; at least {MIN_GROUPS} of "
            f"each are needed. {_would_see(m, n, level)}"
        )
    return ""


def power_statement(sides: Sides, level: float = 0.05) -> str:
    """What AUC would have been seen with these records, in a sentence."""
    return _would_see(sides.members.size, sides.controls.size, level, design_effect(sides), sides.counted())


def _would_see(m: int, n: int, level: float, effect: float = 1.0, counted: str = "") -> str:
    area = detectable_auc(m, n, level=level, effect=effect)
    counted = counted or f"{m} members and {n} controls"
    if area is None:
        return f"With {counted} not even a perfect separation would have been seen with 80 % probability."
    return f"With {counted} an AUC of {area:.2f} or more would have been seen with 80 % probability."


def verdict(
    card: Card, claim: str, decision: Decision, p: float | None, main: Estimate, control: Estimate | None = None,
    baseline: Estimate | None = None, said: list[str] | None = None,
) -> Verdict:  # fmt: skip
    """A verdict on a method's claim, its name and family taken from the card."""
    return Verdict(card.name, card.family, claim, decision, p, main, control, baseline, tuple(said or ()))
