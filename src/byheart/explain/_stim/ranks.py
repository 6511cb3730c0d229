"""Do two orders of the same candidates agree, and more than chance would have it?

Every score is Spearman's rank correlation, rho = sum_i z_i z'_i over standardised mid-ranks. If the counts had nothing
to do with the probabilities, each assignment of counts to candidates would be as likely as any other. Over these, rho
has mean 0 and standard deviation 1 / sqrt(k - 1), ties or not: 0.2294 for 20 candidates.

Source: Spearman 1904, American Journal of Psychology 15:72-101; Phipson & Smyth 2010, doi 10.2202/1544-6115.1585
(p-values from drawn permutations); Efron & Stein 1981, Annals of Statistics 9:586-596 (jackknife).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.stats import rankdata
from scipy.stats import t as student

SLACK = 1e-9  # two sums of the same terms in another order


def standardised(values: np.ndarray) -> np.ndarray:
    """Mid-ranks of each row, mean 0 and length 1, float64 (..., k); NaN where a row is constant or holds NaN."""
    ranks = rankdata(values, axis=-1)
    centred = ranks - ranks.mean(axis=-1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=-1, keepdims=True))
    told = (length > 0) & ~np.isnan(values).any(axis=-1, keepdims=True)
    return np.where(told, centred / np.where(length > 0, length, 1), np.nan)


def spearman(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Rank correlation of each pair of rows, (..., k) and (..., k) to (...); NaN where a row is constant.

    >>> round(spearman(np.array([3.0, 2, 1]), np.array([9.0, 4, 1])).item(), 6)
    1.0
    """
    return np.asarray((standardised(a) * standardised(b)).sum(axis=-1))


def partial_spearman(a: np.ndarray, b: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Rank correlation of rows of a and b once both have given up what `given` explains, (..., k) each to (...).

    (r_ab - r_ag r_bg) / sqrt((1 - r_ag^2) (1 - r_bg^2)); NaN where `given` explains one of them fully.
    """
    ab, ag, bg = spearman(a, b), spearman(a, given), spearman(b, given)
    left = (1 - ag**2) * (1 - bg**2)
    with np.errstate(invalid="ignore"):
        return np.where(left > SLACK, (ab - ag * bg) / np.sqrt(np.where(left > SLACK, left, 1)), np.nan)


def deals(ids: np.ndarray, keys: np.ndarray) -> Iterator[np.ndarray]:
    """Where each candidate's counts come from, once they are dealt anew, int64 (tokens, k) for each key.

    Tokens with the same candidates get the same deal, however these are ordered: places that are alike must not pass
    for independent. Each deal is drawn by a number for each candidate, the key and the candidate's id mixed (Steele et
    al. 2014, splitmix64), so that it depends on nothing else.

    Args:
        ids: candidates (tokens, k).
        keys: one for each deal, uint64 (n_perm,).
    """
    sorted_first = ids.argsort(axis=-1)
    place = sorted_first.argsort(axis=-1)  # of each candidate among the sorted ones
    in_order = np.take_along_axis(ids, sorted_first, axis=-1).astype(np.uint64)
    for key in keys:
        drawn = _mixed(in_order * np.uint64(0x9E3779B97F4A7C15) ^ key).argsort(axis=-1)
        yield np.take_along_axis(sorted_first, np.take_along_axis(drawn, place, axis=-1), axis=-1)


def _mixed(x: np.ndarray) -> np.ndarray:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)))


def permuted(p: np.ndarray, counts: np.ndarray, ids: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Scores after the counts were dealt anew to the candidates, all sources of a token alike.

    Args:
        p: probabilities (tokens, k).
        counts: of each source, (sources, tokens, k).
        ids: candidates (tokens, k).
        keys: one for each deal, uint64 (n_perm,).

    Returns:
        float64 (n_perm, sources, tokens); NaN where the score is.
    """
    mine, theirs = standardised(p), standardised(counts)
    return np.stack([
        (mine * np.take_along_axis(theirs, np.broadcast_to(dealt, theirs.shape), axis=-1)).sum(axis=-1)
        for dealt in deals(ids, keys)
    ])  # fmt: skip


def upper_p(score: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """(1 + draws at least as high) / (1 + draws), scores (...) and draws (n_perm, ...); NaN where there is no score."""
    at_least = (drawn >= score - SLACK).sum(axis=0)
    return np.where(np.isnan(score), np.nan, (1 + at_least) / (1 + len(drawn)))


def highest(scores: np.ndarray) -> np.ndarray:
    """The highest score over the first-but-last axis, (..., sources, tokens) to (..., tokens); NaN where none is."""
    best = np.where(np.isnan(scores), -np.inf, scores).max(axis=-2)
    return np.where(np.isinf(best), np.nan, best)


def margins(p: np.ndarray, counts: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """How far the highest source is above the second, and how far chance in the candidates may move that.

    Args:
        p: probabilities (tokens, k).
        counts: of each source, (sources, tokens, k).
        level: of the two-sided interval.

    Returns:
        The margin (tokens,), above 0 if only one source has a score, and the half width of its jackknife interval
        (tokens,). NaN where no source has a score.
    """
    k, scores = p.shape[1], spearman(p, counts)
    order = np.argsort(-np.where(np.isnan(scores), -np.inf, scores), axis=0, kind="stable")[:2]

    alone = np.isnan(np.take_along_axis(scores, order, axis=0)[1])

    def margin(values: np.ndarray) -> np.ndarray:
        first, second = np.take_along_axis(values, order, axis=0)
        return np.asarray(first - np.where(alone, 0.0, second))

    without = [np.delete(np.arange(k), i) for i in range(k)]
    again = np.stack([margin(spearman(p[:, kept], counts[:, :, kept])) for kept in without])
    spread = ((again - again.mean(axis=0)) ** 2).sum(axis=0) * (k - 1) / k
    return margin(scores), float(student.ppf((1 + level) / 2, k - 1)) * np.sqrt(spread)
