"""How much privacy can one training run have given, at most?

Canaries are put in or left out by the toss of a fair coin each. Whoever then guesses which were in, and guesses better
than (epsilon, delta)-privacy allows, has shown that epsilon is larger.

Source: Steinke, Nasr & Jagielski 2023, arXiv 2305.08846, theorem 5.2 (lower bound from one run); Balle & Wang 2018,
arXiv 1805.06530, theorem 8 (the Gaussian mechanism in closed form).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.stats import binom, norm

from byheart.core.errors import UsageError
from byheart.core.verdict import Estimate


def guesses_p(m: int, r: int, correct: int, epsilon: float, delta: float) -> float:
    """How likely so many correct guesses are, at most, if the run is (epsilon, delta)-private.

    beta + 2 m delta max_i P(correct > Binomial(r, q) >= correct - i) / i, with q = e^epsilon / (1 + e^epsilon).

    Args:
        m: canaries, each in or out by a fair coin.
        r: guesses made; the other m - r canaries were abstained from.
        correct: guesses that were right.
        epsilon: privacy claimed, at least 0.
        delta: its slack, in [0, 1].

    Raises:
        UsageError: if the counts do not fit each other.
    """
    if not 0 <= correct <= r <= m or not 0 <= delta <= 1 or epsilon < 0:
        raise UsageError(f"needs 0 <= correct <= guesses <= canaries; got {correct}, {r}, {m}, delta {delta}")
    q = 1 / (1 + math.exp(-epsilon))
    beta = float(binom.sf(correct - 1, r, q))
    if delta == 0 or correct == 0:
        return min(1.0, beta)
    i = np.arange(1, correct + 1)
    alpha = float((np.cumsum(binom.pmf(correct - i, r, q)) / i).max())
    return min(1.0, beta + 2 * m * delta * alpha)


def epsilon_bound(m: int, r: int, correct: int, *, delta: float, level: float = 0.95) -> float:
    """Largest epsilon that these guesses rule out at this confidence; 0 when they rule out none.

    Raises:
        UsageError: if the counts do not fit each other.
    """

    def excess(epsilon: float) -> float:
        return guesses_p(m, r, correct, epsilon, delta) - (1 - level)

    if excess(0.0) >= 0:
        return 0.0
    high = 1.0
    while excess(high) < 0:
        high *= 2
    return float(brentq(excess, 0.0, high, xtol=1e-9))


def guess(inserted: np.ndarray, left_out: np.ndarray, r: int) -> int:
    """Correct guesses when the r // 2 highest scores are called inserted and the r - r // 2 lowest left out.

    Ties are broken against the guesser.
    """
    values = np.concatenate([inserted, left_out])
    is_in = np.arange(values.size) < inserted.size
    top = np.lexsort((is_in, -values))[: r // 2]
    low = np.lexsort((~is_in, values))
    low = low[~np.isin(low, top)][: r - r // 2]
    return int(is_in[top].sum() + (~is_in[low]).sum())


def one_run_epsilon(
    inserted: np.ndarray, left_out: np.ndarray, *, delta: float = 1e-5, guesses: int | None = None, level: float = 0.95
) -> Estimate:
    """Lower bound on epsilon from the scores of canaries put in and left out by fair coins.

    Args:
        inserted: scores of those put in, (k,).
        left_out: scores of those left out, (m - k,).
        delta: of the (epsilon, delta) that is bounded.
        guesses: how many canaries to guess; fix it before seeing scores. None tries m, m/2, m/4, m/8 and pays for that
            by dividing the error between them.
        level: confidence that the true epsilon is above `low`.

    Returns:
        `value` and `low` are the bound; `high` is None, for nothing bounds epsilon from above.

    Raises:
        UsageError: if `guesses` exceeds the canaries.
    """
    m = inserted.size + left_out.size
    options = [guesses] if guesses is not None else sorted({max(1, m // d) for d in (1, 2, 4, 8)})
    shared = 1 - (1 - level) / len(options)
    tried = [(epsilon_bound(m, r, guess(inserted, left_out, r), delta=delta, level=shared), r) for r in options]
    best, r = max(tried)
    how = (
        f"{guess(inserted, left_out, r)} of {r} guesses which of {m} canaries were trained on are right; a run with a "
        f"smaller epsilon (delta {delta:g}) would hardly allow that (Steinke et al. 2023, one training run)"
    )
    return Estimate(best, best, None, m, f"epsilon, at least, from {m} canaries", how, level)


def gaussian_delta(epsilon: float, sigma: float, sensitivity: float = 1.0) -> float:
    """Delta of the Gaussian mechanism with noise `sigma`, exactly (Balle & Wang 2018, theorem 8)."""
    a, b = sensitivity / (2 * sigma), epsilon * sigma / sensitivity
    return max(0.0, float(norm.cdf(a - b) - math.exp(epsilon + norm.logcdf(-a - b))))


def gaussian_epsilon(delta: float, sigma: float, sensitivity: float = 1.0) -> float:
    """Epsilon of the Gaussian mechanism with noise `sigma` at this delta, exactly; 0 when delta alone is enough.

    Raises:
        UsageError: if delta is not in (0, 1).
    """
    if not 0 < delta < 1:
        raise UsageError(f"delta lies between 0 and 1; got {delta}")

    def excess(epsilon: float) -> float:
        return gaussian_delta(epsilon, sigma, sensitivity) - delta

    if excess(0.0) <= 0:
        return 0.0
    high = 1.0
    while excess(high) > 0:
        high *= 2
    return float(brentq(excess, 0.0, high, xtol=1e-10))
