"""Does the model recite the records it was trained on, more than unseen ones and more than a guess would?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.core.places import aligned
from byheart.core.scores import Scores
from byheart.core.verdict import Decision, Estimate, Verdict
from byheart.stats.admit import MIN_GROUPS, admit
from byheart.stats.gate import matched
from byheart.stats.intervals import proportion
from byheart.stats.judge.beside import Beside, flagged
from byheart.stats.judge.membership import verdict
from byheart.stats.permutation import permutation_test
from byheart.stats.power import detectable_share
from byheart.stats.proportions import hits, more_hits_p
from byheart.stats.sides import Sides

CLAIM = "The model recites records it was trained on."


def judge_extraction(
    scores: Scores,
    *,
    threshold: float,
    baseline: Scores | None = None,
    level: float = 0.05,
    seed: int,
    n_resamples: int = 2000,
) -> Verdict:
    """Judge the claim that members are recited: main is the share of members at or above the threshold.

    Args:
        scores: with roles member and nonmember; recited means `value >= threshold`.
        threshold: fixed before the scores were seen (1.0 for "every token hit", 50 for "50 tokens in a row").
        baseline: the same scores of the same records from a model that never saw them (a reference model, the base
            under an adapter) or from a guess without a model; without it nothing is shown.
        level: largest p that counts.
        seed: for the dealings of labels where records come in groups.
        n_resamples: how many dealings.
    """
    kept, said = admit(scores, "member", "nonmember")
    sides = hits(Sides.from_scores(kept), threshold)
    main = _share(sides.members, sides.member_groups, "members")
    control = _share(sides.controls, sides.control_groups, "controls")
    if main is None:
        empty = Estimate(None, None, None, 0, "share of members", "not estimated: there are no member records")
        return verdict(scores.card, CLAIM, "inconclusive", None, empty, control, None, ["There are no members.", *said])
    lack = _too_few(sides)
    if control is None or lack:
        return verdict(scores.card, CLAIM, "inconclusive", None, main, control, None, [lack, *said])
    p, _ = more_hits_p(sides, seed=seed, n_resamples=n_resamples)
    base, beyond = _beyond(kept, baseline, threshold, seed, n_resamples)
    decision, why = _decide(p, base, beyond, level, sides)
    return verdict(scores.card, CLAIM, decision, p, main, control, base, [*why, *said])


def judge_claim(scores: Scores, beside: Beside) -> Verdict:
    """The same of the method's own flag, against a guess without the model and what the reference recites."""
    baseline = _guessed_or_known(beside)
    return judge_extraction(flagged(scores), threshold=1.0, baseline=baseline, **beside.draws)


def _guessed_or_known(beside: Beside) -> Scores | None:
    """Records that could be recited without having seen them: by guessing, or as the reference recites them too."""
    guess = beside.guess("recitation")
    if guess is None:
        return None
    hit = flagged(guess).values
    for earlier in (s for s in beside.reference.values() if s.card.claim == "recitation"):
        recited = aligned(np.asarray(earlier.extra[earlier.card.flag], bool), earlier.ids, guess.ids)
        hit = np.where(recited == 1, 1.0, hit)
    return replace(guess, values=hit)


def _share(hit: np.ndarray, groups: np.ndarray, whom: str) -> Estimate | None:
    if not hit.size:
        return None
    share = proportion(hit > 0, groups)
    how = f"{int(hit.sum())} of {hit.size} {whom} recited; {share.how}"
    return Estimate(share.value, share.low, share.high, share.n, f"{share.unit} ({whom})", how)


def _too_few(sides: Sides) -> str:
    m, n = sides.n_member_groups, sides.n_control_groups
    if n == 0:
        return (
            f"{int(sides.members.sum())} of {m} members are recited, but there is no control: texts that many know "
            "(licences, quotations, tables) are recited by models that were never trained on this copy. "
            + _would_see(m, 90, 0.0).replace("would have been", "would be")
        )
    if min(m, n) < MIN_GROUPS:
        return (
            f"{m} independent members and {n} independent controls are too few for a claim; at least {MIN_GROUPS} of "
            "each are needed."
        )
    return ""


def _beyond(
    kept: Scores, baseline: Scores | None, threshold: float, seed: int, n_resamples: int
) -> tuple[Estimate | None, float | None]:
    """Share of members that the baseline recites, and p that the model's excess over it is larger on members."""
    if baseline is None:
        return None, None
    guesses, _ = admit(baseline, "member", "nonmember")
    ours, theirs = (hits(Sides.from_scores(s), threshold) for s in matched(kept, guesses))
    share = _share(theirs.members, theirs.member_groups, "members")
    if share is None or not theirs.controls.size:
        return share, None
    excess = ours.with_values(ours.members - theirs.members, ours.controls - theirs.controls)
    return share, permutation_test(excess, seed=seed, statistic="mean", n_resamples=n_resamples).p


def _decide(
    p: float, base: Estimate | None, beyond: float | None, level: float, sides: Sides
) -> tuple[Decision, list[str]]:
    if p >= level:
        seen = _would_see(sides.n_member_groups, sides.n_control_groups, float(sides.controls.mean()))
        return "not shown", [f"Members are not recited more often than controls beyond chance (p = {p:.2g}). {seen}"]
    if base is None or beyond is None:
        return "inconclusive", [
            "Members are recited more often than controls, but no baseline was held against it: texts that can be "
            "guessed would be recited by a model that never saw them. Score the same records with a reference model."
        ]
    if beyond >= level:
        return "inconclusive", [
            f"Members are recited more often than controls, but a baseline that never saw them does nearly as well "
            f"(it recites {base} of the members; p of the difference = {beyond:.2g})."
        ]
    return "shown", [f"A baseline that never saw the members recites {base} of them (difference: p = {beyond:.2g})."]


def _would_see(m: int, n: int, control_share: float, level: float = 0.05) -> str:
    share = detectable_share(m, n, control_share, level=level)
    if share is None:
        return f"With {m} members and {n} controls no difference would have been seen with 80 % probability."
    return (
        f"With {m} members and {n} controls a share of about {100 * share:.2g} % would have been seen with 80 % "
        "probability."
    )
