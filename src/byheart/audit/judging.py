"""From scores to verdicts: each score is judged for what its method's card claims.

The judge of a kind of claim is the file of that name in `stats/judge`. Nothing here knows a method or a family.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

from byheart.audit.profiles import Profile
from byheart.core.card import CLAIMS
from byheart.core.scores import Scores
from byheart.core.verdict import Verdict
from byheart.stats.judge.beside import OWN_MINIMUM, Beside
from byheart.stats.judge.settle import settle


def judge_scores(
    scores: Mapping[str, Scores],
    profile: Profile,
    *,
    reference: Mapping[str, Scores] | None = None,
    seed: int,
    level: float = 0.05,
) -> list[Verdict]:
    """Judge every claim that the scores can carry, corrected for their number and held to the profile.

    Args:
        scores: by method name; those whose card claims nothing stand beside the others.
        profile: how many resamples, and whether a claim may be made at all.
        reference: scores of the same records under a model that never saw them, by method name.
        seed: for resampling.
        level: largest p that counts, after correction for the number of claims.
    """
    verdicts = each_claim(scores, profile, reference=reference, seed=seed, level=level)
    return held(verdicts, scores, profile, level=level)


def each_claim(
    scores: Mapping[str, Scores],
    profile: Profile,
    *,
    reference: Mapping[str, Scores] | None = None,
    seed: int,
    level: float = 0.05,
) -> list[Verdict]:
    """Every claim judged by itself, in the order in which a reader asks. Arguments as for `judge_scores`."""
    beside = Beside(
        scores=scores, reference=reference or {}, level=level, seed=seed, n_resamples=profile.n_resamples
    )  # fmt: skip
    verdicts = []
    for name in in_order(scores):
        verdict = _judge_of(scores[name].card.claim)(scores[name], beside)
        if verdict is not None:
            sentence = scores[name].card.sentence.format(**scores[name].params)
            verdicts.append(replace(verdict, claim=sentence) if sentence else verdict)
    return verdicts


def held(
    verdicts: Iterable[Verdict], scores: Mapping[str, Scores], profile: Profile, *, level: float = 0.05
) -> list[Verdict]:
    """The verdicts after correction for their number, each held to what the profile licenses."""
    return [_within(v, scores, profile) for v in settle(list(verdicts), level)]


def in_order(scores: Mapping[str, Scores]) -> list[str]:
    """Names of the scores that claim something: by kind of claim, then as their cards say, then by name.

    A claim that is read off the scores of another method follows that method's.
    """

    def place(name: str) -> tuple[Any, ...]:
        card = scores[name].card
        own = (CLAIMS.index(card.claim), -card.precedence, name)
        behind = next((need for need in card.needs if need in scores), None)
        return own if behind is None else (*place(behind), *own)

    return sorted((n for n, s in scores.items() if s.card.claim != "none"), key=place)


def _judge_of(claim: str) -> Any:
    """The function `judge_claim` of the file in `stats/judge` that is named like the claim."""
    return import_module(f"byheart.stats.judge.{claim}").judge_claim


def _within(verdict: Verdict, scores: Mapping[str, Scores], profile: Profile) -> Verdict:
    """Hold a claim to what the profile licenses."""
    if verdict.decision == "inconclusive":
        return verdict
    if not profile.claims:
        why = "The smoke profile makes no claim: it is a check that everything runs. Use --profile routine or powered."
        return replace(verdict, decision="inconclusive", caveats=(why, *verdict.caveats))
    own = scores[verdict.method]
    if verdict.control is None or own.card.claim in OWN_MINIMUM:
        return verdict
    n = len(own.where("nonmember"))
    if n >= profile.minimum_control:
        return verdict
    why = (
        f"{n} control records are fewer than the {profile.minimum_control} that the {profile.name} profile asks for; "
        "give more records that the model never saw."
    )
    return replace(verdict, decision="inconclusive", caveats=(why, *verdict.caveats))
