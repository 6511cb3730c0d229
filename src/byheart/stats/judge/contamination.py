"""Was this benchmark among the training data? And are its items answered from memory or by skill?

An item is held against its twins: texts of the same kind that might have stood in its place. A preference for items
alone is no evidence, as twins made by rule may be less natural than items, and a model that never saw either prefers
what is natural. So the preference of a reference model is taken off, nothing is shown without one, and nothing is
shown where a reader without any model tells items from twins.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import norm

from byheart.core.places import aligned
from byheart.core.scores import Scores
from byheart.core.verdict import Decision, Estimate, Verdict
from byheart.stats.admit import MIN_GROUPS
from byheart.stats.intervals import bootstrap_mean
from byheart.stats.judge.beside import Beside
from byheart.stats.judge.membership import verdict
from byheart.stats.permutation import Permuted
from byheart.stats.version_test import Versions, version_test

CLAIM = "The model has seen the items of this benchmark: it knows their words better than those of twins."
RECALL_CLAIM = "The model answers items of this benchmark from memory: it is right on items and wrong on their twins."
STRONGER = 2.0
"""How many times as strongly as the reference a clean model may prefer the words of items, where the reference does."""


@dataclass(frozen=True)
class Question:
    """What is asked of the scores: a claim, the column that holds its numbers, and their unit."""

    claim: str
    column: str
    unit: str
    prefers: str


WORDS = Question(CLAIM, "loglik", "nats per character", "prefers items to their twins")
ANSWERS = Question(RECALL_CLAIM, "right", "share of items", "is right on items more often than on their twins")


def judge_contamination(
    scores: Scores, *, reference: Scores | None = None, blind: Scores | None = None, level: float = 0.05, seed: int,
    n_resamples: int = 2000,
) -> Verdict:  # fmt: skip
    """Judge the claim that a benchmark was seen: main is the preference for items beyond the reference's.

    Args:
        scores: of `measure/contamination`.
        reference: the same of a model that never saw the benchmark; without it nothing is shown.
        blind: of `measure/blind_twins`; without it nothing is shown.
        level: largest p that counts.
        seed: for the dealings and the resamples.
        n_resamples: how many of each.
    """
    return _judge(WORDS, scores, reference, blind, level, seed, n_resamples)


def judge_claim(scores: Scores, beside: Beside) -> Verdict:
    """The same, against the reference and the reader without a model."""
    known = beside.reference.get(scores.card.name)
    return judge_contamination(scores, reference=known, blind=beside.guess("contamination"), **beside.draws)


def judge_recall(
    scores: Scores, *, reference: Scores | None = None, blind: Scores | None = None, level: float = 0.05, seed: int,
    n_resamples: int = 2000,
) -> Verdict:  # fmt: skip
    """Judge the claim that answers are recalled: main is how much more often items are answered right than twins.

    A model with the skill is right on both. Arguments as for `judge_contamination`.
    """
    scores = replace(scores, card=replace(scores.card, name="contamination_recall"))
    return _judge(ANSWERS, scores, reference, blind, level, seed, n_resamples)


def recalled_or_skilled(scores: Scores) -> dict[str, int]:
    """Items by how they and their twins are answered, where all answers are known.

    Returns:
        Counts: `skill` (right on the item and on more than half of its twins), `recall` (right on the item, wrong on at
        least half), `missed` (wrong on the item). Of two possible answers chance gives half.
    """
    found = Versions.of(scores, np.asarray(scores.extra["right"], np.float64))
    if not found.first.size:
        return {"skill": 0, "recall": 0, "missed": 0}
    own = found.levels[found.first] > 0
    twins = (np.add.reduceat(found.levels, found.first) - own) / (found.sizes - 1)
    counts = (own & (twins > 0.5), own & (twins <= 0.5), ~own)
    return {name: int(c.sum()) for name, c in zip(("skill", "recall", "missed"), counts, strict=True)}


def _judge(
    asked: Question, scores: Scores, reference: Scores | None, blind: Scores | None, level: float, seed: int,
    n_resamples: int,
) -> Verdict:  # fmt: skip
    own = np.asarray(scores.extra[asked.column], np.float64)
    known = None if reference is None else _matched(reference, asked.column, own, scores)
    target, other = Versions.of(scores, own), None if known is None else Versions.of(scores, known)
    lack = _too_few(target if other is None else other, asked, scores)
    if lack:
        main = Estimate(None, None, None, target.n_groups, asked.unit, "not estimated: " + lack)
        return verdict(scores.card, asked.claim, "inconclusive", None, main, said=[lack])
    beyond = target if known is None else Versions.of(scores, own - known)
    draws = {"seed": seed, "n_resamples": n_resamples}
    test, main = version_test(beyond, **draws), _mean(beyond, asked, "item minus the mean of its twins", **draws)
    control = None if other is None else _mean(other, asked, "the same of the reference model", **draws)
    base, separates = _blind(blind, level, **draws)
    if separates:
        refused = [_told_apart(base)]
        return verdict(scores.card, asked.claim, "inconclusive", None, main, control, base, refused)
    decision, why = _decide(asked, test, beyond, main, control, base, level)
    p, said = test.p, [why]
    if decision == "shown" and asked is WORDS and other is not None and known is not None:
        strict = _against_stronger(version_test(other, **draws), Versions.of(scores, own - STRONGER * known), draws)
        p = max(p, strict or 0.0)
        decision, said = _stands(strict, level, control, why)
    return verdict(scores.card, asked.claim, decision, p, main, control, base, said)


def _matched(reference: Scores, column: str, own: np.ndarray, scores: Scores) -> np.ndarray:
    """The reference's numbers in the order of the scores; NaN where either has none."""
    return np.where(np.isnan(own), np.nan, aligned(reference.extra[column], reference.ids, scores.ids))


def _too_few(versions: Versions, asked: Question, scores: Scores) -> str:
    n, items = versions.n_groups, int((scores.extra["twin"] == 0).sum())
    if not n:
        what = "a known answer and a twin with one" if asked is ANSWERS else "a twin to compare with"
        return f"None of the {items} items has {what}, so nothing can be compared."
    if n < MIN_GROUPS:
        one = "1 independent item is" if n == 1 else f"{n} independent items are"
        return f"{one} too few for a claim; at least {MIN_GROUPS} are needed."
    return ""


def _mean(versions: Versions, asked: Question, how: str, *, seed: int, n_resamples: int) -> Estimate:
    unit = f"{asked.unit}, over {versions.first.size} items in {versions.n_groups} groups"
    found = bootstrap_mean(versions.own, versions.groups, seed=seed, unit=unit, n_resamples=n_resamples)
    return replace(found, how=f"{how}; {found.how}")


def _blind(blind: Scores | None, level: float, *, seed: int, n_resamples: int) -> tuple[Estimate | None, bool]:
    """Share of twins that a reader without a model puts below their item, and whether that is beyond chance."""
    if blind is None:
        return None, False
    guessed = Versions.of(blind, blind.values)
    if guessed.n_groups < MIN_GROUPS:
        return None, False
    base = bootstrap_mean(
        guessed.levels[guessed.first], guessed.groups, seed=seed, n_resamples=n_resamples,
        unit="share of twins that look less like an item; 0.5 is chance",
    )  # fmt: skip
    return base, version_test(guessed, seed=seed, n_resamples=n_resamples).p < level


def _told_apart(base: Estimate | None) -> str:
    return (
        f"A reader without any model tells items from their twins ({base} of the twins look less like an item; 0.5 is "
        "chance), so a model that saw neither may prefer items too. The claim is refused; make twins that read like "
        "items."
    )


def _decide(
    asked: Question, test: Permuted, beyond: Versions, main: Estimate, control: Estimate | None, base: Estimate | None,
    level: float,
) -> tuple[Decision, str]:  # fmt: skip
    than = "" if control is None else " more than the reference does"
    if test.opposite < level / 2 and test.p >= level:
        return "inconclusive", (
            f"The model prefers twins to items ({main}, p = {test.opposite:.2g}), the opposite of the claim: it may "
            "have been trained on the twins, or the reference on the items."
        )
    if test.p >= level:
        return "not shown", f"The model {asked.prefers}{than} by no more than chance (p = {test.p:.2g}). " + _would_see(
            test, asked, level
        )
    ahead = f"items exceed {beyond.beaten().mean():.0%} of their twins"
    found = f"The model {asked.prefers}{than} (p = {test.p:.2g}; {ahead})"
    if control is None:
        return "inconclusive", (
            f"{found}, but no reference model was held against it: twins may be less natural than items, and then a "
            "model that saw neither prefers items too. Give a reference of the same size that never saw the benchmark."
        )
    if base is None:
        return "inconclusive", (
            f"{found}, but no blind baseline was held against it: twins may be told from items by looks. It needs "
            f"{MIN_GROUPS} independent items beyond the fifth that it learns from first."
        )
    return "shown", f"{found}; {test.how()} of the name 'item' among the versions of each."


def _would_see(test: Permuted, asked: Question, level: float) -> str:
    seen = float(norm.isf(level) + norm.ppf(0.8)) * float(test.null.std())
    return f"A preference of {seen:.2g} {asked.unit} or more would have been seen with 80 % probability."


def _against_stronger(of_reference: Permuted, beyond: Versions, draws: dict[str, int]) -> float | None:
    """The p-value against a clean model that prefers items `STRONGER` times as much as the reference, if that does."""
    return version_test(beyond, **draws).p if of_reference.p < 0.05 else None


def _stands(strict: float | None, level: float, control: Estimate | None, why: str) -> tuple[Decision, list[str]]:
    if strict is None:
        return "shown", [why]
    prefers = f"The reference, which never saw the benchmark, prefers items too ({control}): twins are less natural."
    if strict < level:
        return "shown", [why, f"{prefers} Taken off {STRONGER:g} times, p is {strict:.2g}: the claim stands."]
    return "inconclusive", [
        f"{prefers} A stronger reader may see that better, and with it taken off {STRONGER:g} times p is {strict:.2g}. "
        "Make more natural twins, or give a stronger reference."
    ]
