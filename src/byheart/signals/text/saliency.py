"""Which parts of what was read make a token likely? Take parts out, and see what the log-probability loses.

Both functions know nothing of a model: they ask `value`, which reads a text with some of its parts left out.

Source: Tuan et al. 2021, arXiv 2106.06528 (LERG: sampled Shapley values of log-probabilities), as Li et al. 2025,
arXiv 2508.02037 use it: draws of at most half of the parts.
Departs from it: the reference code reads the distribution after each token in place of the one before it, and leaves an
end-of-text token between question and answer; `value` here is the log-probability of the token itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

Value = Callable[[np.ndarray], np.ndarray]
"""From which parts are kept, bool (readings, parts), to log-probabilities (readings, tokens)."""
EVALUATIONS, LEAST_DRAWS = 500, 5


def leave_one_out(value: Value, n_parts: int) -> np.ndarray:
    """What each token loses when one part is left out and all others stay, in nats.

    Args:
        value: reads the text.
        n_parts: how many parts there are.

    Returns:
        (parts, tokens); positive where the part made the token likelier. Takes `n_parts` + 1 readings.
    """
    kept = np.ones((n_parts + 1, n_parts), bool)
    kept[np.arange(n_parts), np.arange(n_parts)] = False
    read = value(kept)
    lost: np.ndarray = read[-1] - read[:-1]
    return lost


def n_draws(n_parts: int) -> int:
    """Draws for each part: 500 shared by all, 5 at least, and no more than four times as many as differ."""
    differ = sum(math.comb(n_parts, r) for r in range(1, n_parts // 2 + 1))
    return max(1, min(max(EVALUATIONS // max(n_parts, 1), LEAST_DRAWS), 4 * differ))


def sampled_shapley(value: Value, n_parts: int, rng: np.random.Generator) -> np.ndarray:
    """What a part adds to each token's log-probability, on average over draws of what else is left out.

    Args:
        value: reads the text.
        n_parts: how many parts there are.
        rng: draws which other parts are left out; their number r, at most half of all, with weight C(n, r).

    Returns:
        (parts, tokens), nats. Exact for any number of draws where parts add up. Takes 2 x parts x draws readings.
    """
    draws, most = n_draws(n_parts), n_parts // 2
    weights = np.array([math.comb(n_parts, r) for r in range(1, most + 1)] or [1], np.float64)
    sizes = np.arange(1, most + 1) if most else np.zeros(1, np.int64)
    kept = np.ones((n_parts, draws, 2, n_parts), bool)
    for part in range(n_parts):
        others = np.delete(np.arange(n_parts), part)
        for draw, size in enumerate(rng.choice(sizes, draws, p=weights / weights.sum())):
            kept[part, draw, :, rng.permutation(others)[:size]] = False
        kept[part, :, 1, part] = False
    read = value(kept.reshape(-1, n_parts)).reshape(n_parts, draws, 2, -1)
    return np.asarray((read[:, :, 0] - read[:, :, 1]).mean(axis=1))
