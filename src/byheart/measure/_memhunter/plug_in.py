"""How much sooner does a search for prompts succeed when the hunter tells it where to begin?

Source: Wu et al., arXiv 2412.07261 (as a plug-in it is said to save up to 80 % of the search time; withdrawn).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.randomness import derive_seed
from byheart.measure._memhunter.target_port import Pair, Port, Search, Searched
from byheart.models.hunter import PromptHunter


@dataclass(frozen=True, eq=False)
class PlugIn:
    """A search that begins from the hunter's prompts; itself a `Search`.

    Args:
        hunter: a trained one; its tokens are not the target's and not counted.
        search: any search, such as `gcg`, `best_of_n` or `BeamOpt(hunter)`.
        n_tokens: length of a start in the hunter's tokens.
    """

    hunter: PromptHunter
    search: Search
    n_tokens: int = 30

    def __call__(
        self, port: Port, pairs: Sequence[Pair], *, budget: int, seed: int, starts: Sequence[str] | None = None
    ) -> Searched:
        """The search from the hunter's likeliest prompt for each pair; `starts`, if given, take its place."""
        if starts is None:
            seeds = [derive_seed(seed, "start", p.id) for p in pairs]
            starts = self.hunter.write([p.context for p in pairs], self.n_tokens, seeds=seeds, temperature=0.0)
        return self.search(port, pairs, budget=budget, seed=seed, starts=starts)


def budget_to_success(
    search: Search, port: Port, pairs: Sequence[Pair], *, budgets: Sequence[int], below: float, seed: int
) -> np.ndarray:
    """The smallest budget, in target tokens per pair, at which each pair's surprise is at most `below`.

    Args:
        search: run anew at each budget, so that every search is held to the same clock.
        port: the target.
        pairs: what is searched.
        budgets: tokens per pair, rising.
        below: nats per token from which on the search has succeeded.
        seed: of the search.

    Returns:
        float64 (pairs,); infinity where no budget sufficed.
    """
    found = np.full(len(pairs), np.inf)
    for each in budgets:
        open_ = np.flatnonzero(np.isinf(found))
        if not open_.size:
            break
        some = [pairs[i] for i in open_.tolist()]
        nll = search(port, some, budget=each * len(some), seed=seed).nll
        found[open_[nll <= below]] = each
    return found
