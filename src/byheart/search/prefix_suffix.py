"""How surprised is the target by a continuation when it reads the text's own beginning and nothing else?

The cheapest search: one reading of each pair, no prompt. Every other search must beat it at the same budget.

Source: Carlini et al. 2022, arXiv 2202.07646 (a prefix, then the suffix).
"""

from __future__ import annotations

from collections.abc import Sequence

from byheart.search.meter import Meter, bare, shares
from byheart.search.port import Pair, Port, Searched


def prefix_suffix(
    port: Port, pairs: Sequence[Pair], *, budget: int, seed: int = 0, starts: Sequence[str] | None = None
) -> Searched:
    """Read each continuation once after its own context.

    Args:
        port: the target.
        pairs: contexts and continuations.
        budget: target tokens over all pairs; pairs that do not fit are NaN.
        seed: nothing is drawn.
        starts: not used; there is nothing to begin from.

    Raises:
        UsageError: if there is no pair.
    """
    shares(budget, pairs)
    meter, prompts = Meter(port, budget), [bare(port, pair) for pair in pairs]
    nll = meter.read(pairs, prompts)
    return Searched(prompts, nll, meter.spent)
