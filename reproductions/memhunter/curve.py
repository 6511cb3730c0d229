"""Who brings back more for the same number of tokens read by the target: the hunter, or a search for each record?

All are run anew at each budget, on the records that the hunter never saw. The hunter stands there as if its training
were free, with its training paid from the same budget, and taught anew within each budget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from byheart.core.claim import Exhibit
from byheart.models.text.hunter import PromptHunter
from byheart.search.best_of_n import best_of_n, written_by
from byheart.search.budget_curve import Point, Runner, budget_curve, of_search, of_soft_prompt
from byheart.search.climb import Plan as Climb
from byheart.search.gcg import gcg
from byheart.search.port import Pair, Port, Search, Searched
from byheart.search.prefix_suffix import prefix_suffix
from byheart.search.templates import templates
from byheart.search.universal import universal

from .texts import Plan

BASELINE, HUNTER, PAID, PLUGIN, GRADIENT = (
    "prefix", "hunter", "hunter, training paid", "hunter, then gradient", "gradient, each record",
)  # fmt: skip
FIRST_PART = 0.25  # of the budget, for the hunter, before the gradient


def curve(
    port: Port, pairs: Sequence[Pair], hunter: PromptHunter, plan: Plan, *, trained_for: int, seed: int,
    more: Mapping[str, Runner], against: str,
) -> list[Point]:  # fmt: skip
    """A point per search and budget, all on the same pairs.

    Args:
        port: the target.
        pairs: records that the hunter never saw.
        hunter: after its training.
        plan: the budgets (tokens per record) and the length of a prompt.
        trained_for: target tokens that its training took, as the port counted them.
        seed: of all searches and intervals.
        more: further searches, by name.
        against: the one that the others are compared with.
    """
    runners = {**searches(port, pairs, hunter, plan, trained_for=trained_for, seed=seed), **more}
    budgets = [per_record * len(pairs) for per_record in plan.curve]
    return budget_curve(runners, budgets, against=against, seed=seed)


def searches(
    port: Port, pairs: Sequence[Pair], hunter: PromptHunter, plan: Plan, *, trained_for: int, seed: int
) -> dict[str, Runner]:
    """All that are held against each other, by name."""
    n, climb = plan.prompt_tokens, Climb(n_candidates=32, steps=None)
    by_hunter: Search = partial(best_of_n, propose=written_by(hunter, n), rounds=None)
    by_gradient: Search = partial(gcg, n_tokens=n, plan=climb)
    run = partial(of_search, port=port, pairs=pairs, seed=seed)
    return {
        BASELINE: run(prefix_suffix),
        "templates": run(templates),
        "best of n, edits": run(partial(best_of_n, rounds=None)),
        GRADIENT: run(by_gradient),
        "gradient, one for all": run(partial(universal, n_tokens=n, plan=climb)),
        HUNTER: run(by_hunter),
        PAID: run(by_hunter, cost=trained_for),
        PLUGIN: run(partial(one_then_other, by_hunter, by_gradient)),
        "soft prompt (no text)": of_soft_prompt(port, pairs, seed=seed, n_vectors=n),
    }


def one_then_other(
    first: Search, second: Search, port: Port, pairs: Sequence[Pair], *, budget: int, seed: int,
    starts: Sequence[str] | None = None,
) -> Searched:  # fmt: skip
    """A search that begins from what another has found with a part of the budget; each record keeps the better."""
    before = first(port, pairs, budget=round(FIRST_PART * budget), seed=seed, starts=starts)
    after = second(port, pairs, budget=budget - before.spent, seed=seed, starts=before.prompts)
    better = (after.nll < before.nll) | np.isnan(before.nll)
    prompts = [a if won else b for a, b, won in zip(after.prompts, before.prompts, better, strict=True)]
    return Searched(prompts, np.where(better, after.nll, before.nll), before.spent + after.spent)


def shown(points: Sequence[Point], n_pairs: int) -> Exhibit:
    """The curve as a table and a picture."""
    rows = [
        {"search": p.search, "tokens per record": p.budget / n_pairs, "spent": p.spent / n_pairs,
         "recited": p.score.value, "low": p.score.low, "high": p.score.high}
        for p in points
    ]  # fmt: skip
    caption = (
        "Share of the continuation recited by greedy decoding, beyond what the prompt told; target tokens per record, "
        f"{n_pairs} records that the hunter never saw. Where the budget does not cover the hunter's training it has "
        "only the prefix. The soft prompt is made of numbers, trained on these very records: a ceiling, not a rival."
    )
    plot = {"x": "tokens per record", "y": "recited", "by": "search", "y low": "low", "y high": "high", "joined": "yes"}
    return Exhibit("Recited for tokens read", caption, rows, plot)
