"""Which search brings back more, for the same number of tokens read?

Every search is run anew at every budget, as a user with that budget would run it. What it found is then scored, which
costs none of it: a mean over pairs, and the paired difference from one search that all are held against, both with
intervals from resampling whole documents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from byheart.compare.text.recited import recited, told, without_told
from byheart.core.errors import UsageError
from byheart.core.progress import progress
from byheart.core.verdict import Estimate
from byheart.search.meter import bare
from byheart.search.port import Pair, Port, Search
from byheart.search.soft_prompt import soft_prompt, soft_said
from byheart.stats.intervals import bootstrap_mean

Scored = tuple[np.ndarray, int]
Runner = Callable[[int], Scored]
"""From a budget in target tokens to the scores of all pairs (pairs,), and the tokens spent."""


@dataclass(frozen=True)
class Point:
    """One search at one budget.

    Args:
        search: its name.
        budget: target tokens it was given over all pairs.
        spent: target tokens it read; never more.
        score: mean over pairs.
        gap: mean difference from the search that all are held against, None for that one.
    """

    search: str
    budget: int
    spent: int
    score: Estimate
    gap: Estimate | None


def budget_curve(
    runners: Mapping[str, Runner],
    budgets: Sequence[int],
    *,
    against: str,
    seed: int,
    groups: Sequence[str] | None = None,
    unit: str = "share of the continuation recited",
) -> list[Point]:
    """Score against tokens, for any list of searches.

    Args:
        runners: by name; `of_search` and `of_soft_prompt` make them.
        budgets: target tokens over all pairs.
        against: name of the search that the others are compared with.
        seed: of the intervals.
        groups: which pairs belong to one document, resampled together; each alone if None.
        unit: of the scores.

    Returns:
        A point per search and budget, budgets in order within each search. All points rest on the same pairs.

    Raises:
        UsageError: if `against` is none of them, or a search spends more than it is given.
        TooFewRecords: if there are fewer than 2 pairs or groups.
    """
    if against not in runners:
        raise UsageError(f"the searches are held against one of {', '.join(runners)}; got {against!r}")
    jobs = [(name, int(budget)) for name in runners for budget in sorted(budgets)]
    found: dict[tuple[str, int], Scored] = {}
    for name, budget in progress(jobs, "Searching at each budget"):
        found[name, budget] = runners[name](budget)
        if found[name, budget][1] > budget:
            raise UsageError(
                f"{name} spent {found[name, budget][1]} target tokens of {budget}; it must obey its budget"
            )

    def estimate(values: np.ndarray, what: str) -> Estimate:
        return bootstrap_mean(values, groups, seed=seed, unit=what)

    return [
        Point(
            name,
            budget,
            found[name, budget][1],
            estimate(found[name, budget][0], unit),
            None
            if name == against
            else estimate(found[name, budget][0] - found[against, budget][0], f"{unit}, more than by {against}"),
        )
        for name, budget in jobs
    ]


def of_search(
    search: Search, port: Port, pairs: Sequence[Pair], *, seed: int, starts: Sequence[str] | None = None, cost: int = 0
) -> Runner:
    """A search for prompts, scored by what the target then recites.

    Args:
        search: the search.
        port: the target; it is brought back to its count of tokens after scoring.
        pairs: contexts and continuations.
        seed: of the search.
        starts: one prompt per pair to begin from.
        cost: target tokens that were spent before, on training or on the starts; where a budget does not cover them the
            search is not made and every pair has what its own context gives.
    """

    def run(budget: int) -> Scored:
        if cost > budget:
            return recited_after(port, pairs, [bare(port, pair) for pair in pairs]), 0
        made = search(port, pairs, budget=budget - cost, seed=seed, starts=starts)
        return recited_after(port, pairs, made.prompts), made.spent + cost

    return run


def of_soft_prompt(
    port: Port, pairs: Sequence[Pair], *, seed: int, fit: Sequence[Pair] | None = None, n_vectors: int = 8
) -> Runner:
    """A constant soft prompt, scored in the same way: a ceiling, not a search over words.

    Args:
        port: the target, open.
        pairs: contexts and continuations that it is scored on.
        seed: of its training.
        fit: pairs it is trained on; the scored ones if None, which flatters it.
        n_vectors: how many vectors.
    """

    def run(budget: int) -> Scored:
        made = soft_prompt(port, pairs if fit is None else fit, budget=budget, seed=seed, n_vectors=n_vectors)
        before = port.tokens
        said, y = soft_said(port, pairs, made.vectors), [port.ids(pair.continuation) for pair in pairs]
        port.tokens = before
        shown = [told(b, [port.ids(pair.context)]) for b, pair in zip(y, pairs, strict=True)]
        scores = [recited(a, without_told(b, m)) for a, b, m in zip(said, y, shown, strict=True)]
        return np.array(scores), made.spent

    return run


def recited_after(port: Port, pairs: Sequence[Pair], prompts: Sequence[str]) -> np.ndarray:
    """What is recited of each continuation after its prompt, by greedy decoding, beyond what was told; (pairs,).

    A share of as many tokens as are hunted. Tokens that stand in the prompt or the context as part of five in a row
    count as not recited. The reading is not added to the port's count.
    """
    before, y = port.tokens, [port.ids(pair.continuation) for pair in pairs]
    said = port.generate([pair.context for pair in pairs], prompts, [b.size for b in y])
    port.tokens = before
    shown = [
        told(b, [port.ids(prompt), port.ids(pair.context)]) for b, prompt, pair in zip(y, prompts, pairs, strict=True)
    ]
    return np.array([recited(a, without_told(b, m)) for a, b, m in zip(said, y, shown, strict=True)])
