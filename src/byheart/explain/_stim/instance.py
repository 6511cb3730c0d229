"""How much does a whole chain follow the corpus, and how much would it by chance?

The instance score is the mean of the highest few token scores. It rises with the number of tokens and of sources even
where nothing is to be found, so it is read against the same mean after the counts were dealt anew at every token.

Source: Li et al. 2025, arXiv 2508.02037 (STIM), as its code has it (mean of the five highest).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from byheart.core.verdict import Estimate
from byheart.explain._stim.ranks import upper_p
from byheart.explain._stim.wrong import mean_over_chains


@dataclass(frozen=True, eq=False)
class Instance:
    """One chain.

    Args:
        name: record id.
        group: unit that intervals resample.
        score: mean of the highest token scores, NaN without any.
        drawn: the same after each deal, (n_perm,); empty without any.
    """

    name: str
    group: str
    score: float
    drawn: np.ndarray

    @property
    def facts(self) -> dict[str, Any]:
        """Score, what chance gives, z and p; None where there is no score."""
        if not self.drawn.size:
            return {"score": None, "null_mean": None, "null_sd": None, "z": None, "p": None}
        mean, sd = float(self.drawn.mean()), float(self.drawn.std(ddof=1)) if self.drawn.size > 1 else 0.0
        p = float(upper_p(np.array(self.score), self.drawn))
        z = (self.score - mean) / sd if sd else None
        return {"score": self.score, "null_mean": mean, "null_sd": sd, "z": z, "p": p}


def instance(name: str, group: str, scores: np.ndarray, drawn: np.ndarray, top: int) -> Instance:
    """The instance score.

    Args:
        name: record id.
        group: unit that intervals resample.
        scores: highest score of each token (tokens,), NaN where there is none.
        drawn: the same after each deal, (n_perm, tokens).
        top: how many are averaged.
    """
    told = ~np.isnan(scores)
    if not told.any():
        return Instance(name, group, np.nan, np.zeros(0))
    return Instance(name, group, float(top_mean(scores[told], top)), top_mean(drawn[:, told], top))


def top_mean(scores: np.ndarray, top: int) -> np.ndarray:
    """Mean of the highest few along the last axis, of all where there are fewer.

    >>> top_mean(np.array([0.1, 0.9, 0.5]), 2).item()
    0.7
    """
    return np.asarray(np.sort(scores, axis=-1)[..., -top:].mean(axis=-1))


def instance_estimates(chains: Sequence[Instance], *, seed: int) -> dict[str, Estimate]:
    """Means over chains of the instance score, of its chance, and of its z."""
    told = [c for c in chains if c.drawn.size]
    if not told:
        return {}
    groups = np.array([c.group for c in told])
    named = {"instance score": "score", "instance score, by chance": "null_mean", "instance z": "z"}
    values = {name: np.array([c.facts[key] or 0.0 for c in told]) for name, key in named.items()}
    return {name: mean_over_chains(v, groups, seed=seed) for name, v in values.items()}
