"""Is the canary that was planted ranked higher than those that were not?

Which test when: `rank_p` for one canary among its own controls; `sum_of_ranks_p` or `fisher_p` for several canaries
that each have controls of their own (independent ranks); `shared_pool_test`, or `rank_sum_p`, for several canaries
ranked among the same controls, whose ranks depend on each other.

Source: Carlini et al. 2019, arXiv 1802.08232, section 4 (exposure); Zhang, Das, Kamath & Tramer 2024, arXiv 2409.19798
(the rank among never-inserted twins is an exact test); Fisher 1932, Statistical Methods for Research Workers, 21.1.
Departs from it: ties count against the canary, and exposure is counted among the m controls and the canary, so it is
never negative.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import chi2, rankdata

from byheart.core.errors import TooFewRecords
from byheart.core.randomness import generator
from byheart.stats.permutation import Permuted


def canary_rank(values: np.ndarray, controls: np.ndarray) -> np.ndarray:
    """1 + controls (m,) scoring at least as high as each canary (k,); 1 is the best, m + 1 the worst. int64 (k,).

    Raises:
        TooFewRecords: if there is no control.
    """
    if not controls.size:
        raise TooFewRecords("a canary is ranked among never-inserted twins; got none")
    ranked: np.ndarray = 1 + controls.size - np.searchsorted(np.sort(controls), values, side="left")
    return ranked


def exposure(values: np.ndarray, controls: np.ndarray) -> np.ndarray:
    """log2(m + 1) - log2(rank) of each canary (k,) among m controls, in bits, (k,).

    0 when no control is below, log2(m + 1) when the canary beats all; about 1.44 on average if nothing was learned.

    Raises:
        TooFewRecords: if there is no control.

    >>> exposure(np.array([9.0, 0.0]), np.arange(1.0, 8.0)).tolist()
    [3.0, 0.0]
    """
    bits: np.ndarray = np.log2(controls.size + 1) - np.log2(canary_rank(values, controls))
    return bits


def null_exposure(n_controls: int) -> float:
    """Mean exposure, in bits, of a canary the model never saw; log2(e) = 1.4427 for many controls.

    >>> round(null_exposure(1), 6)
    0.5
    """
    return math.log2(n_controls + 1) - math.lgamma(n_controls + 2) / math.log(2) / (n_controls + 1)


def rank_p(values: np.ndarray, controls: np.ndarray) -> np.ndarray:
    """Exact p-value of each canary (k,): rank / (m + 1) = 2^(-exposure); ties count against the canary.

    Raises:
        TooFewRecords: if there is no control.
    """
    p: np.ndarray = canary_rank(values, controls) / (controls.size + 1)
    return p


def sum_of_ranks_p(ranks: Sequence[int] | np.ndarray, n_controls: Sequence[int] | np.ndarray) -> float:
    """Exact p-value of K canaries with controls of their own: P(sum of K uniform ranks <= the sum seen).

    Args:
        ranks: rank of each canary, 1..m+1, (K,).
        n_controls: m of each canary, (K,).

    Raises:
        ValueError: if a rank is not in 1..m+1.
    """
    seen, m = np.asarray(ranks, np.int64), np.asarray(n_controls, np.int64)
    if not seen.size or (seen < 1).any() or (seen > m + 1).any():
        raise ValueError("each rank lies between 1 and the number of controls + 1")
    law = np.ones(1)  # of the sum of (rank - 1)
    for size in (m + 1).tolist():  # convolution with a uniform law is a difference of running sums
        running = np.cumsum(np.r_[law, np.zeros(size - 1)])
        running[size:] = running[size:] - running[:-size]
        law = running / size
    return float(min(1.0, law[: int((seen - 1).sum()) + 1].sum()))


def fisher_p(p: Sequence[float] | np.ndarray) -> float:
    """One p-value from K independent ones; stronger than the sum of ranks when few of the canaries are remembered.

    Raises:
        ValueError: if a p-value is not in (0, 1].
    """
    values = np.asarray(p, np.float64)
    if not values.size or not ((values > 0) & (values <= 1)).all():
        raise ValueError("p-values to combine lie in (0, 1]")
    return float(chi2.sf(-2 * np.log(values).sum(), 2 * values.size))


def shared_pool_test(pools: Sequence[tuple[np.ndarray, np.ndarray]], *, seed: int, n_resamples: int = 9999) -> Permuted:
    """Mean exposure of canaries that share controls, against dealing 'inserted' anew within each pool.

    Args:
        pools: for each exchangeable set, the values of its canaries (k,) and of its controls (m,).
        seed: for the dealings.
        n_resamples: how many dealings; the smallest possible p is 1 / (n_resamples + 1).

    Returns:
        The mean exposure in bits and its law under the null, with the p-value, valid for any score and any pool.

    Raises:
        TooFewRecords: if a pool lacks canaries or controls.
    """
    if not pools or any(not c.size for c, _ in pools):
        raise TooFewRecords("a pool holds at least one canary and one control")
    n_canaries = sum(c.size for c, _ in pools)
    observed = sum(float(exposure(c, m).sum()) for c, m in pools) / n_canaries
    rng = generator(seed, "shared_pool")
    null = np.zeros(n_resamples)
    for canaries, controls in pools:
        values = np.sort(np.concatenate([canaries, controls]))[::-1]
        last = np.searchsorted(-values, -values, side="right") - 1  # (pool,) end of each block of ties
        for i in range(n_resamples):
            inserted = rng.permutation(values.size)[: canaries.size]
            n_above = np.ones(values.size, np.int64)
            n_above[inserted] = 0
            ranks = 1 + np.cumsum(n_above)[last[inserted]]
            null[i] += canaries.size * math.log2(controls.size + 1) - np.log2(ranks).sum()
    null /= n_canaries
    slack = 1e-9
    up, down = int((null >= observed - slack).sum()), int((null <= observed + slack).sum())
    return Permuted((1 + up) / (1 + n_resamples), (1 + down) / (1 + n_resamples), observed, null, exact=False)


def rank_sum_p(canaries: np.ndarray, controls: np.ndarray) -> float:
    """Exact p-value that canaries (k,) rank high among shared controls (m,): Wilcoxon's test with ties, by counting.

    Counts, for every sum of doubled mid-ranks, the subsets of k of the k + m values that reach it. For pools up to some
    hundred values; the cost grows with k (k + m)^3.

    Raises:
        TooFewRecords: if either is empty.
    """
    if not canaries.size or not controls.size:
        raise TooFewRecords("a rank-sum test needs canaries and controls")
    doubled = (2 * rankdata(np.concatenate([canaries, controls]))).astype(np.int64)
    k, top = canaries.size, int(np.sort(doubled)[-canaries.size :].sum())
    ways = np.zeros((k + 1, top + 1))  # share of the subsets of each size with each sum
    ways[0, 0] = 1.0
    for r in doubled.tolist():
        ways[1:, r:] += ways[:-1, : top + 1 - r].copy()
    reached = ways[k]
    return float(reached[int(doubled[:k].sum()) :].sum() / reached.sum())
