"""Does the score find the tokens that are wrong, and how often would chance?

With m wrong tokens among n scored ones, the k highest scores hold h of them. Precision at k is h / min(m, k), recall at
k is 1 if h > 0, else 0. Chance draws k tokens of n: precision k m / (n min(m, k)), recall 1 - C(n - m, k) / C(n, k).
Score and chance are about the same tokens, each counted once.

Source: Li et al. 2025, arXiv 2508.02037 (STIM), section 5.
Departs from it: its code matches scores by substrings and chance by whole words, which puts chance too low; here both
are of tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

from byheart.core.verdict import Estimate
from byheart.stats.intervals import bootstrap_mean

KS = (1, 2, 3)


@dataclass(frozen=True)
class Found:
    """Precision and recall at k of one chain, and what chance would give."""

    precision: float
    recall: float
    random_precision: float
    random_recall: float


def found_at(scores: np.ndarray, wrong: np.ndarray, k: int) -> Found:
    """Precision and recall at k.

    Args:
        scores: of the tokens (n,); NaN is lowest, of equal scores the earlier token comes first.
        wrong: which are wrong, bool (n,), one at least.
        k: how many are named; all, where there are fewer.

    >>> found_at(np.array([0.9, 0.1, 0.5]), np.array([False, False, True]), 2)
    Found(precision=1.0, recall=1.0, random_precision=0.6666666666666666, random_recall=0.6666666666666667)
    """
    n, m, k = scores.size, int(wrong.sum()), min(k, scores.size)
    named = np.argsort(-np.where(np.isnan(scores), -np.inf, scores), kind="stable")[:k]
    hits = int(wrong[named].sum())
    best = min(m, k)
    return Found(hits / best, float(hits > 0), k * m / (n * best), 1 - comb(n - m, k) / comb(n, k))


def wrong_token_report(
    scores: Sequence[np.ndarray],
    wrong: Sequence[np.ndarray],
    groups: Sequence[str] | np.ndarray | None = None,
    *,
    ks: Sequence[int] = KS,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Precision and recall at k over chains, chance, and what the score is above it.

    Args:
        scores: of each chain's tokens, (tokens,) each.
        wrong: which of them are wrong, bool (tokens,) each; chains without a wrong token are left out.
        groups: of the chains, taken whole by the bootstrap.
        ks: how many tokens are named.
        seed: of the bootstrap.

    Returns:
        By name: `precision@K`, the same `, random` and `, above random`, and so for recall. Empty with no chain.
    """
    used = [i for i, w in enumerate(wrong) if w.any()]
    who = np.arange(len(scores)) if groups is None else np.asarray(groups)
    estimates: dict[str, Estimate] = {}
    for k in ks if used else ():
        found = [found_at(scores[i], wrong[i], k) for i in used]
        for name in ("precision", "recall"):
            own = np.array([getattr(f, name) for f in found])
            chance = np.array([getattr(f, f"random_{name}") for f in found])
            kinds = {"": own, ", random": chance, ", above random": own - chance}
            for kind, values in kinds.items():
                estimates[f"{name}@{k}{kind}"] = mean_over_chains(values, who[used], seed=seed)
    return estimates


def mean_over_chains(values: np.ndarray, groups: np.ndarray, *, seed: int, unit: str = "mean over chains") -> Estimate:
    """Mean with its interval; without an interval for one group."""
    if np.unique(groups).size < 2:
        value = float(values.mean()) if values.size else None
        return Estimate(value, None, None, int(values.size), unit, "mean; fewer than two chains give no interval")
    return bootstrap_mean(values, groups, seed=seed, unit=unit)
