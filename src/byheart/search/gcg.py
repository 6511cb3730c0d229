"""Which prompt, written for one continuation alone, brings it back best?

A search along the gradient for each pair: strong, dear, and open models only. With `starts` it begins from the prompts
of another search, which is how a trained hunter is used as a plug-in; `warm_start` says what that saves.

Source: Zou et al. 2023, arXiv 2307.15043, algorithm 1 (greedy coordinate gradient); Schwarzschild et al. 2024, arXiv
2404.15146 (200 steps, 100 candidates, 250 tokens a place).
Departs from it: see `climb`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.progress import progress
from byheart.core.randomness import generator
from byheart.core.verdict import Estimate
from byheart.models.text.prompt_search import white_box
from byheart.search.climb import Plan, climb
from byheart.search.meter import Meter, first_prompts, shares
from byheart.search.port import Pair, Port, Searched
from byheart.search.safe_prompts import drawn_place, place
from byheart.stats.intervals import bootstrap_mean


@dataclass(frozen=True, eq=False)
class SearchedInSteps(Searched):
    """What a search in steps came to.

    Args:
        recited: whether greedy decoding recites the continuation after the prompt, bool (pairs,).
        steps: gradients asked for, int64 (pairs,).
        found_at: target tokens read for a pair when its best prompt was found, int64 (pairs,).
    """

    recited: np.ndarray
    steps: np.ndarray
    found_at: np.ndarray


def gcg(
    port: Port,
    pairs: Sequence[Pair],
    *,
    budget: int,
    seed: int,
    starts: Sequence[str] | None = None,
    n_tokens: int = 20,
    plan: Plan | None = None,
) -> SearchedInSteps:
    """Search a prompt for each pair along the gradient.

    Args:
        port: the target, open.
        pairs: contexts and continuations.
        budget: target tokens over all pairs, an equal share for each; a gradient counts as three readings.
        seed: of starts and candidates; a pair's draws depend on its id, not on the other pairs.
        starts: one prompt per pair to begin from, whose length is kept; a start that has no tokens of its own in the
            composed text is replaced by a drawn one.
        n_tokens: length of a drawn start.
        plan: candidates, steps, and when to stop.

    Returns:
        SearchedInSteps; NaN for a pair whose share did not suffice for one reading.

    Raises:
        TargetError: if the target gives no gradient.
        UsageError: if there is no pair, or not one start per pair.
        DataError: if no text of n_tokens tokens is found.
    """
    white_box(port.target)
    share, began, plan = shares(budget, pairs), port.tokens, plan or Plan()
    given = None if starts is None else first_prompts(starts, pairs, port)
    prompts, found = [], []
    for i, pair in enumerate(progress(pairs, "Following the gradient of each prompt")):
        rng = generator(seed, "gcg", pair.id)
        at = None if given is None else place(port, [pair], given[i])
        where, start = at or drawn_place(port, [pair], n_tokens, rng)
        found.append(climb(where, start, meter=Meter(port, share), rng=rng, plan=plan))
        prompts.append(port.target.decode(found[-1].prompt))
    return SearchedInSteps(
        prompts,
        np.array([f.nll for f in found]),
        port.tokens - began,
        np.array([f.recited for f in found]),
        np.array([f.steps for f in found]),
        np.array([f.found_at for f in found]),
    )


@dataclass(frozen=True)
class WarmStart:
    """What a start saves, at the same cap for both.

    Args:
        cold, warm: share of pairs that are recited within the cap.
        tokens_cold, tokens_warm: tokens until recited, the cap where never, a mean over pairs.
        saved: the mean difference of these, cold minus warm, as a share of the cap.
    """

    cold: Estimate
    warm: Estimate
    tokens_cold: Estimate
    tokens_warm: Estimate
    saved: Estimate


def warm_start(
    port: Port,
    pairs: Sequence[Pair],
    starts: Sequence[str],
    *,
    budget: int,
    seed: int,
    cost: int = 0,
    groups: Sequence[str] | None = None,
    n_tokens: int = 20,
    plan: Plan | None = None,
) -> WarmStart:
    """Search each pair from a drawn start and from a given one, and compare the tokens until it is recited.

    Args:
        port: the target, open.
        pairs: contexts and continuations.
        starts: one prompt per pair.
        budget: target tokens over all pairs, for each of the two searches.
        seed: of starts and candidates, and of the intervals.
        cost: target tokens that the making of the starts took over all pairs, training included; they count as spent.
        groups: which pairs belong to one document, resampled together; each alone if None.
        n_tokens: length of a drawn start.
        plan: candidates, steps, and when to stop.

    Raises:
        TooFewRecords: if there are fewer than 2 pairs or groups.
    """
    share, each = shares(budget, pairs), cost / len(pairs)
    cold = gcg(port, pairs, budget=budget, seed=seed, n_tokens=n_tokens, plan=plan)
    warm = gcg(port, pairs, budget=budget, seed=seed, starts=starts, n_tokens=n_tokens, plan=plan)
    until, solved = zip(*(_until(s, extra, share) for s, extra in ((cold, 0), (warm, each))), strict=True)

    def estimate(values: np.ndarray, unit: str) -> Estimate:
        return bootstrap_mean(values.astype(np.float64), groups, seed=seed, unit=unit)

    recited, tokens = f"share recited within {share} target tokens", f"target tokens until recited, {share} where never"
    return WarmStart(
        estimate(solved[0], recited),
        estimate(solved[1], recited),
        estimate(until[0], tokens),
        estimate(until[1], tokens),
        estimate((until[0] - until[1]) / max(share, 1), "tokens saved, as a share of the cap"),
    )


def _until(found: SearchedInSteps, extra: float, cap: int) -> tuple[np.ndarray, np.ndarray]:
    """Tokens until recited, the cap where never, and whether within the cap, (pairs,) each."""
    solved = found.recited & (found.found_at + extra <= cap)
    return np.where(solved, found.found_at + extra, cap), solved
