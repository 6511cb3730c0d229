"""From scores to verdicts: one claim a method, corrected for the number of claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from byheart.audit.profiles import Profile
from byheart.core.scores import Scores
from byheart.core.verdict import Verdict
from byheart.stats.judge.exposure import judge_exposure
from byheart.stats.judge.extraction import judge_extraction
from byheart.stats.judge.membership import judge, judge_dataset
from byheart.stats.judge.privacy import judge_privacy
from byheart.stats.judge.settle import settle

GUESSES = ("blind", "copy_from_prefix")
RECITING = {"extraction": "extracted", "near_verbatim": "within_edits"}
ONCE = ("exact_memorization", "extraction_strength", "k_memorization", "probabilistic_extraction", "counterfactual")
"""Scored, not judged: views of a pass that `extraction` and `loss` already turn into a claim, and what is about the
training recipe (`counterfactual` never reads the target)."""


def judge_text(
    scores: Mapping[str, Scores],
    profile: Profile,
    *,
    reference: Mapping[str, Scores] | None = None,
    coin: bool = False,
    seed: int,
    level: float = 0.05,
) -> list[Verdict]:
    """Judge every claim the scores can carry.

    Args:
        scores: by method name.
        profile: how many resamples, and whether a claim may be made at all.
        reference: scores of the same records under a model that never saw them, by method name.
        coin: whether canaries were put in by fair coins.
        seed: for resampling.
        level: largest p that counts, after correction for the number of claims.
    """
    known, blind = reference or {}, scores.get("blind")
    options: dict[str, Any] = {"level": level, "seed": seed, "n_resamples": profile.n_resamples}
    found = []
    for name in _order(scores):
        if name in GUESSES or name in ONCE:
            continue
        if name in RECITING:
            recited, guessed = _recited(scores[name]), _guessed(scores, known, name)
            found.append(judge_extraction(recited, threshold=1.0, baseline=guessed, **options))
        elif name == "exposure":
            found.append(judge_exposure(scores[name], reference=known.get(name), **options))
            if coin:
                found.append(judge_privacy(_beyond_reference(scores[name], known.get(name)), level=level))
        elif name == "dataset_inference":
            found.append(judge_dataset(scores[name], blind=blind, **options))
        else:
            found.append(judge(scores[name], blind=blind, **options))
    return [within(v, scores, profile) for v in settle(found, level)]


def _order(scores: Mapping[str, Scores]) -> list[str]:
    """What a reader asks first: is it recited, are canaries known, is the set known, are records known?"""
    first = ("extraction", "near_verbatim", "exposure", "dataset_inference", "reference")
    return [n for n in first if n in scores] + sorted(n for n in scores if n not in first)


def _recited(scores: Scores) -> Scores:
    flag = np.asarray(scores.extra[RECITING[scores.card.name]], dtype=np.float64)
    return replace(scores, values=np.where(np.isnan(scores.values), np.nan, flag))


def _guessed(scores: Mapping[str, Scores], known: Mapping[str, Scores], name: str) -> Scores | None:
    """Records that could be recited without having seen them: by repeating their own beginning, or by the reference."""
    guess = scores.get("copy_from_prefix")
    if guess is None:
        return None
    hit = np.where(np.isnan(guess.values), np.nan, np.asarray(guess.extra["explained"], dtype=np.float64))
    earlier = known.get("extraction")
    if earlier is not None:
        place = {i: k for k, i in enumerate(earlier.ids.tolist())}
        said = np.asarray(earlier.extra["extracted"], dtype=bool)
        also = np.array([i in place and bool(said[place[i]]) for i in guess.ids.tolist()], dtype=bool)
        hit = np.where(also, 1.0, hit)
    return replace(guess, values=hit)


def _beyond_reference(scores: Scores, known: Scores | None) -> Scores:
    """Log-probability of each secret, minus the reference's, on one scale for all pools."""
    values = np.asarray(scores.extra["secret_logprob"], dtype=np.float64)
    if known is not None:
        place = dict(
            zip(known.ids.tolist(), np.asarray(known.extra["secret_logprob"], np.float64).tolist(), strict=True)
        )
        values = values - np.array([place.get(i, np.nan) for i in scores.ids.tolist()])
    card = replace(scores.card, name="one_run_epsilon", paper="2305.08846")
    return replace(scores, values=values, card=card)


def within(verdict: Verdict, scores: Mapping[str, Scores], profile: Profile) -> Verdict:
    """Hold a claim to what the profile licenses."""
    if verdict.decision == "inconclusive":
        return verdict
    if not profile.claims:
        said = "The smoke profile makes no claim: it is a check that everything runs. Use --profile routine or powered."
        return replace(verdict, decision="inconclusive", caveats=(said, *verdict.caveats))
    own = scores.get(verdict.method)
    if own is None or verdict.control is None or "exposure" in verdict.method:
        return verdict
    n = len(own.where("nonmember"))
    if n >= profile.minimum_control:
        return verdict
    said = (
        f"{n} control records are fewer than the {profile.minimum_control} that the {profile.name} profile asks for; "
        "give more records that the model never saw."
    )
    return replace(verdict, decision="inconclusive", caveats=(said, *verdict.caveats))
