"""Was the set as a whole among the training data?

The hunt gives every record a number; this asks whether the numbers of the set are larger than those of records that
cannot be memorized, and only then of what. Control records drawn like the set are the better witness: a reference model
differs from the target in more than the set, so that alone it shows nothing. With both, both have to agree.

Source: Wu et al., arXiv 2412.07261 (a test at the level of the data set; its statistic is not known); Zhang, Das,
Kamath & Tramer 2024, arXiv 2409.19798 (trained against untrained is no proof of membership); Phipson & Smyth 2010,
arXiv 1603.05766 (the p of dealings).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from byheart.core.randomness import generator
from byheart.core.scores import Scores
from byheart.core.verdict import Decision, Estimate, Verdict
from byheart.stats.admit import MIN_GROUPS, admit
from byheart.stats.intervals import bootstrap_mean, group_weights
from byheart.stats.judge.beside import Beside
from byheart.stats.judge.membership import verdict
from byheart.stats.judge.set import judge_dataset
from byheart.stats.paired_scores import EXACT, Paired, against
from byheart.stats.permutation import permutation_test
from byheart.stats.sides import Sides

CLAIM = "The set was part of the training data: written prompts bring back more of it than of what was not."
NO_NULL = (
    "There are neither control records nor a reference model, so nothing tells how much of a text comes back that was "
    "never learned; common phrases alone give a score above 0. Give records like these that were never trained on."
)


def dataset_test(
    scores: Scores,
    *,
    reference: Scores | None = None,
    blind: Scores | None = None,
    level: float = 0.05,
    seed: int,
    n_resamples: int = 10_000,
    exact_up_to: int = EXACT,
) -> Verdict:
    """Judge the claim that the set was trained on.

    Args:
        scores: of `measure/memhunter`, of records that the hunter did not learn from; roles member and nonmember.
        reference: the same under a model that never saw the members, with the same prompts.
        blind: scores of the same records by a baseline that never saw the model; without it nothing is shown.
        level: largest p that counts.
        seed: for dealings and resamples.
        n_resamples: how many of each.
        exact_up_to: with no more groups than this every dealing is tried instead.

    Returns:
        The verdict; p is None, with the reason, without control records and without a reference.
    """
    members = admit(scores, "member", finite=True)[0]
    paired = None if reference is None else against(members, reference, seed=seed, n_resamples=n_resamples)
    if not scores.where("nonmember").values.size:
        return _without_control(scores, members, paired, level, seed, n_resamples)
    sides = Sides.from_scores(admit(scores, "member", "nonmember", finite=True)[0])
    draws = max(n_resamples, all_dealings(sides, exact_up_to))
    found = judge_dataset(scores, blind=blind, level=level, seed=seed, n_resamples=draws)
    found = replace(found, claim=CLAIM)
    if found.main.value is None:
        return found
    found = replace(found, caveats=(*found.caveats, _means(sides, seed, n_resamples)))
    return found if paired is None else _with_reference(found, paired, level)


def judge_claim(scores: Scores, beside: Beside) -> Verdict:
    """The same, against the hunt on the reference and the blind guess of the audit."""
    known = beside.reference.get(scores.card.name)
    return dataset_test(scores, reference=known, blind=beside.guess("hunted_set"), **beside.draws)


def all_dealings(sides: Sides, exact_up_to: int) -> int:
    """How many dealings there are, where they are few enough to try them all; else 0."""
    return math.comb(sides.n_groups, sides.n_member_groups) if sides.n_groups <= exact_up_to else 0


def _means(sides: Sides, seed: int, n_resamples: int) -> str:
    """The means of both sides and their difference, resampling documents."""
    sums = [np.bincount(g, v, sides.n_groups) for g, v in ((sides.member_groups, sides.members),
                                                            (sides.control_groups, sides.controls))]  # fmt: skip
    gaps = [
        (w @ sums[0]) / (w @ sides.member_sizes) - (w @ sums[1]) / (w @ sides.control_sizes)
        for w in group_weights(sides, generator(seed, "gap"), min(n_resamples, 2000))
    ]
    low, high = np.quantile(gaps, [0.025, 0.975])
    m, c = sides.members.mean(), sides.controls.mean()
    return (
        f"The best prompt brings back {m:.0%} of a continuation of the set and {c:.0%} of a control's: {m - c:.3f} "
        f"more (95 % {low:.3f} to {high:.3f}, {len(gaps)} resamples of {sides.n_groups} documents)."
    )


def _with_reference(found: Verdict, paired: Paired, level: float) -> Verdict:
    """Both have to agree: p is the larger of the two."""
    said = f"Against the reference with the same prompts: {paired.told()}."
    if found.p is None:
        return replace(found, caveats=(*found.caveats, said))
    p, decision = max(found.p, paired.flips.p), found.decision
    if decision == "shown" and paired.flips.p >= level:
        decision = "inconclusive"
        said += " A model that never saw the set says as much after these prompts, so they may tell what they ask for."
    return replace(found, p=p, decision=decision, caveats=(said, *found.caveats))


def _without_control(
    scores: Scores, members: Scores, paired: Paired | None, level: float, seed: int, n_resamples: int
) -> Verdict:
    n = len(set(members.groups.tolist()))
    if paired is None:
        empty = Estimate(None, None, None, n, "share of the continuation", "not tested: " + NO_NULL)
        return verdict(scores.card, CLAIM, "inconclusive", None, empty, said=[NO_NULL])
    if len(set(paired.groups.tolist())) < MIN_GROUPS:
        lack = f"{n} independent records are too few for a claim; at least {MIN_GROUPS} are needed."
        empty = Estimate(None, None, None, n, "share of the continuation", "not estimated: " + lack)
        return verdict(scores.card, CLAIM, "inconclusive", paired.flips.p, empty, said=[lack, paired.told()])
    unit = "share of the continuation, model minus reference"
    main = bootstrap_mean(paired.differences, paired.groups, seed=seed, unit=unit, n_resamples=n_resamples)
    low, high = np.quantile(paired.flips.null, [0.025, 0.975])
    how = f"what the same differences give with signs of chance; {paired.flips.how()}"
    control = Estimate(0.0, float(low), float(high), main.n, unit, how)
    decision: Decision = "not shown"
    why = [f"The model recites no more of the set than the reference does: {paired.told()}."]
    if paired.flips.p < level:
        decision = "inconclusive"
        why = [
            f"The model recites more of the set than the reference does: {paired.told()}. But the two differ in more "
            "than this set, so that alone is no proof of it; give control records that were never trained on."
        ]
    return verdict(scores.card, CLAIM, decision, paired.flips.p, main, control, None, why)


def power_curve(
    scores: Scores,
    *,
    sizes: Sequence[int] = (5, 10, 20, 50, 100, 200),
    seed: int,
    draws: int = 100,
    level: float = 0.05,
) -> list[dict[str, float]]:
    """How small p becomes with so many documents on each side, from subsamples of those at hand.

    Args:
        scores: roles member and nonmember.
        sizes: documents on each side; sizes beyond what is there are left out.
        seed: of the subsamples.
        draws: how many of each size.
        level: largest p that counts.

    Returns:
        A row per size: `n`, `median p`, `share below level`, with permutation tests of 999 dealings.
    """
    kept = admit(scores, "member", "nonmember", finite=True)[0]
    by_role = [np.unique(kept.where(role).groups.astype(str)) for role in ("member", "nonmember")]
    rng, rows = generator(seed, "power curve"), []
    names = kept.groups.astype(str)
    for n in [n for n in sizes if n <= min(len(groups) for groups in by_role)]:
        p = []
        for k in range(draws):
            picked = [rng.permutation(groups)[:n] for groups in by_role]
            chosen = kept.take(np.isin(names, np.concatenate(picked)))
            test = permutation_test(Sides.from_scores(chosen), seed=seed + k, statistic="mean", n_resamples=999)
            p.append(test.p)
        rows.append({"n": n, "median p": float(np.median(p)), "share below level": float(np.mean(np.array(p) < level))})
    return rows
