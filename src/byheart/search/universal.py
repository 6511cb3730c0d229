"""Is there one prompt that unlocks the whole data set?

The same search as for one pair, on a few pairs drawn at random at once, then tried on all. What it finds can be read:
"this header brings back your texts". The strongest thing a hunter without input could learn.

Source: Zou et al. 2023, arXiv 2307.15043, algorithm 2 (one prompt for many).
Departs from it: a fixed number of pairs from the beginning, not one more after each success.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from byheart.core.randomness import generator
from byheart.models.text.prompt_search import white_box
from byheart.search.climb import Plan, climb
from byheart.search.meter import Meter, first_prompts, shares
from byheart.search.port import Pair, Port, Searched
from byheart.search.safe_prompts import drawn_place, place


def universal(
    port: Port,
    pairs: Sequence[Pair],
    *,
    budget: int,
    seed: int,
    starts: Sequence[str] | None = None,
    n_tokens: int = 10,
    n_fit: int = 8,
    plan: Plan | None = None,
) -> Searched:
    """Search one prompt for all pairs along the gradient.

    Args:
        port: the target, open.
        pairs: contexts and continuations.
        budget: target tokens over all pairs, the last reading of all pairs included.
        seed: of the pairs it is made on, of start and candidates.
        starts: the first of them is where the search begins.
        n_tokens: length of a drawn start.
        n_fit: pairs it is made on; all where there are fewer.
        plan: candidates, steps, and when to stop.

    Returns:
        Searched with the same prompt for every pair; NaN for pairs that the budget did not suffice for.

    Raises:
        TargetError: if the target gives no gradient.
        UsageError: if there is no pair, or not one start per pair.
        DataError: if no text of n_tokens tokens is found.
    """
    white_box(port.target)
    shares(budget, pairs)
    began, rng = port.tokens, generator(seed, "universal")
    fit = [pairs[i] for i in np.sort(rng.permutation(len(pairs))[:n_fit])]
    at = None if starts is None else place(port, fit, first_prompts(starts, pairs, port)[0])
    where, start = at or drawn_place(port, fit, n_tokens, rng)
    first = Meter(port, budget)
    last = sum(first.cost(pair, port.target.decode(start)) for pair in pairs)
    climbed = climb(where, start, meter=Meter(port, max(0, budget - last)), rng=rng, plan=plan or Plan())
    prompts = [port.target.decode(climbed.prompt)] * len(pairs)
    return Searched(prompts, first.read(pairs, prompts), port.tokens - began)
