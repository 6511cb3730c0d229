"""Does more fall on the records that were trained on than on records that were held out?

For weights that most records have none of (copies, closest rows, singled-out persons): ranks, and so the AUC, see
little in them; their mean sees all. Labels are dealt anew, so p is right for any generator that took nothing from the
single training rows, however unlike the real table its rows are, and for any skew, any ties and any two sizes.
"""

from __future__ import annotations

import math

import numpy as np

from byheart.core.places import places
from byheart.core.scores import Scores
from byheart.core.verdict import Decision, Estimate, Verdict
from byheart.stats.admit import MIN_GROUPS, admit
from byheart.stats.gate import gate, matched
from byheart.stats.judge.beside import Beside
from byheart.stats.judge.membership import verdict
from byheart.stats.label_test import LabelTest, label_test
from byheart.stats.shares import balanced_share, events_worth, share_estimate
from byheart.stats.sides import Sides

CLAIM = "More falls on training rows than on rows the generator never saw."
STRATA = 5  # bands of the blind guess within which composition is taken to be alike


def judge_share(
    scores: Scores, *, claim: str, blind: Scores | None = None, level: float = 0.05, seed: int, n_resamples: int = 2000
) -> Verdict:
    """Judge a claim that more falls on members than on nonmembers.

    Main is the share of the weight that falls on members, were both sides equally large (0.5 is chance); control is the
    range of that share when the labels are dealt at random; baseline is the share that the composition of the two sets
    explains: each record given the mean weight of the records that the blind guess finds as member-like.

    Args:
        scores: weights of role member and nonmember, at least 0.
        claim: what is claimed, in a sentence.
        blind: scores of the same records by a baseline that never saw the generated table; without it nothing is shown.
        level: largest p that counts.
        seed: for the dealings of labels.
        n_resamples: how many dealings.
    """
    kept, said = admit(scores, "member", "nonmember", finite=True)
    sides = Sides.from_scores(kept)
    main, lack = share_estimate(sides), lacking(sides)
    if lack or main.value is None:
        why = lack or "Nothing falls on any record, trained on or not, so there is nothing to compare."
        decision: Decision = "inconclusive" if lack else "not shown"
        return verdict(scores.card, claim, decision, None, _unread(main) if lack else main, said=[why, *said])
    test = label_test(sides, seed=seed, statistic="mean", n_resamples=n_resamples)
    found, control = gate(kept, blind), _dealt(test, sides)
    base, beyond = explained(kept, blind, seed=seed, n_resamples=n_resamples) if found.baseline else (None, None)
    if found.separates:
        return verdict(scores.card, claim, "inconclusive", None, main, control, base, [found.refusal(), *said])
    decision, why = _decide(test, main, base, beyond, level, sides)
    return verdict(scores.card, claim, decision, test.p, main, control, base, [why, *said])


def judge_claim(scores: Scores, beside: Beside) -> Verdict | None:
    """The same, against the blind guess of the audit; None where no record could be scored at all."""
    if np.isnan(scores.values).all():
        return None
    return judge_share(scores, claim=CLAIM, blind=beside.guess("share"), **beside.draws)


def lacking(sides: Sides) -> str:
    """Why these records license no claim; empty when there are enough."""
    m, n = sides.n_member_groups, sides.n_control_groups
    if n == 0:
        return (
            "There is no control table, so nothing tells how much would fall on rows that were never trained on. Hold "
            "some rows out before training and give them as control."
        )
    if min(m, n) < MIN_GROUPS:
        return (
            f"{m} independent training records and {n} independent control records are too few for a claim; at least "
            f"{MIN_GROUPS} of each are needed."
        )
    return ""


def explained(kept: Scores, blind: Scores | None, *, seed: int, n_resamples: int) -> tuple[Estimate, float]:
    """What composition explains: the share of expected weights, and p that more than those falls on members.

    A record's expected weight is the mean over all records, of either label, in its band of the blind guess; records
    without a guess are a band of their own.
    """
    values, bands = kept.values, np.full(len(kept), STRATA)
    if blind is not None:
        ours, guesses = matched(kept, admit(blind, "member", "nonmember")[0])
        edges = np.quantile(guesses.values, np.arange(1, STRATA) / STRATA)
        bands[places(kept.ids, ours.ids)] = np.searchsorted(edges, guesses.values, side="right")
    sizes = np.maximum(np.bincount(bands, minlength=STRATA + 1), 1)
    expected = (np.bincount(bands, values, STRATA + 1) / sizes)[bands]
    member = kept.roles == "member"
    sides = Sides.from_scores(kept)
    rest = sides.with_values((values - expected)[member], (values - expected)[~member])
    base = share_estimate(sides.with_values(expected[member], expected[~member]))
    how = "what the composition of the two sets explains, by bands of a blind guess; " + base.how
    base = Estimate(base.value, base.low, base.high, base.n, base.unit, how, base.level)
    return base, label_test(rest, seed=seed, statistic="mean", n_resamples=n_resamples).p


def _decide(
    test: LabelTest, main: Estimate, base: Estimate | None, beyond: float | None, level: float, sides: Sides
) -> tuple[Decision, str]:
    if test.opposite < level / 2 and test.p >= level:
        return "inconclusive", (
            f"Less falls on training rows than on held-out rows ({main}, p = {test.opposite:.2g}), the opposite of the "
            "claim: were the two tables exchanged, or did the generator see the held-out one?"
        )
    if test.p >= level:
        return "not shown", (
            f"No more falls on training rows than on held-out rows beyond chance (p = {test.p:.2g}). "
            + _would_see(sides)
        )
    if base is None or beyond is None:
        return "inconclusive", (
            "More falls on training rows than on held-out rows, but no blind baseline was held against it: the two "
            "tables may differ in themselves. Run a baseline that never sees the generated table on the same rows."
        )
    if beyond >= level:
        return "inconclusive", (
            f"More falls on training rows than on held-out rows, but a blind guess that never saw the generated table "
            f"explains a share of {base}; beyond it p is {beyond:.2g}."
        )
    return "shown", f"The composition of the two tables explains a share of {base}; beyond it p is {beyond:.2g}."


def _dealt(test: LabelTest, sides: Sides, level: float = 0.95) -> Estimate:
    """The control of the test, gaps in standard deviations, as shares."""
    scale = float(sides.controls.std(ddof=1)) or 1.0
    m, n = sides.members.size, sides.controls.size
    total = float(sides.members.sum() + sides.controls.sum())

    def share(gap: float | None) -> float:
        on_members = min(max(m * (total + n * scale * (gap or 0.0)) / (m + n), 0.0), total)
        return balanced_share(on_members, total - on_members, m, n)

    low, high = share(test.control.low), share(test.control.high)
    unit = f"share (0.5 is chance) with the labels dealt at random, over {sides.counted()}"
    return Estimate(share(test.control.value), low, high, sides.n_groups, unit, test.control.how, level)


def _would_see(sides: Sides) -> str:
    """The smallest share seen with 80 % probability: 1.645 + 0.842 standard errors above one half."""
    m, n, worth = sides.members.size, sides.controls.size, events_worth(sides)
    half = m / (m + n)
    part = half + 2.49 * math.sqrt(half * (1 - half) / max(worth, 1e-9))
    if part >= 1:
        return f"With {sides.counted()} and so little that falls on any, not even a share of 1 would have been seen."
    share = balanced_share(part, 1 - part, m, n)
    return f"With {sides.counted()} a share of {share:.2f} or more would have been seen with 80 % probability."


def _unread(main: Estimate) -> Estimate:
    return Estimate(None, None, None, main.n, main.unit, "not estimated: there are too few records to compare")
