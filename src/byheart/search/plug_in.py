"""How does a search for prompts begin where the hunter says? What that saves is measured by `gcg.warm_start`.

Source: Wu et al., arXiv 2412.07261 (as a plug-in it is said to save up to 80 % of the search time; withdrawn).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from byheart.core.randomness import derive_seed
from byheart.models.text.hunter import PromptHunter
from byheart.search.port import Pair, Port, Search, Searched


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
