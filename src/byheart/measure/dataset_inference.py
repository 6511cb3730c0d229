"""Taken together, does the model treat a set of records as it treats records it never saw?

Source: Maini et al. 2024, arXiv 2406.06443 (LLM dataset inference), sections 5.1 to 5.3, with the features that one
pass gives: loss, Min-K and Max-K at 5 to 60 %, zlib ratio.
Departs from it: halves are dealt by whole groups; clipping and scaling are learnt on the learning half only; tokens of
zero loss stay, being the best known ones; Min-K is the mean of the *lowest* log-probabilities and Max-K of the highest.
"""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression

from byheart.core.card import method
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.stats.folds import grouped_folds
from byheart.stats.tails import tail_means

SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
FEATURES = ("loss", "zlib", *(f"min_k_{k}" for k in SHARES), *(f"max_k_{k}" for k in SHARES))


@method(
    paper="2406.06443",
    family="text",
    needs=("token_logprobs",),
    unit="log-odds",
    claim="set",
    threat="membership inference",
    cost="a small regression",
    limits="a claim about the set, not about a record; the two sets must be drawn alike, or their difference is found",
)
def dataset_inference(signals: Signals, *, seed: int = 0) -> Scores:
    """Log-odds of being a member, learnt on one half of the groups and told for the other half.

    Args:
        signals: `token_logprobs`; reads `logprob` (nats) and `n_zlib` (bytes); records of role member and nonmember.
        seed: deals the groups into halves.

    Returns:
        Scores (n,): 0 when undecided, higher is more like a member. NaN for the learning half, for other roles, for
        records without a scored token, and for all when a half lacks one of the two roles. Extra column: `learning`.
    """
    table = features(signals)
    labelled = np.isin(signals.roles, ("member", "nonmember"))
    usable = labelled & ~np.isnan(table).any(axis=1)
    half = np.full(len(signals), -1, dtype=np.int64)
    half[labelled] = grouped_folds(
        signals.groups[labelled], signals.roles[labelled], 2, seed=seed, purpose="dataset_inference"
    )
    learning, telling = usable & (half == 0), usable & (half == 1)
    values = np.full(len(signals), np.nan)
    is_member = signals.roles == "member"
    if telling.any() and {True, False} <= set(is_member[learning].tolist()):
        order = np.argsort(signals.ids[learning].astype(str))  # the order of the records does not count
        learner = _Learner(table[learning][order], is_member[learning][order])
        values[telling] = learner.log_odds(table[telling])
    return signals.wrap(values, method=dataset_inference, params={"seed": seed}, extra={"learning": half == 0})


def features(signals: Signals) -> np.ndarray:
    """One row per record, float64 (n, features) in the order of `FEATURES`; NaN rows without a scored token."""
    sizes = np.maximum(np.asarray(signals.dense("n_zlib"), dtype=np.float64), 1)
    table = np.full((len(signals), len(FEATURES)), np.nan)
    for i, (logp,) in enumerate(signals.rows("logprob")):
        if logp.size:
            mean = float(logp.mean(dtype=np.float64))
            low, high = tail_means(logp, SHARES)
            table[i] = [mean, mean / sizes[i], *low, *high]
    return table


class _Learner:
    """Clip at the 2.5 % tails, scale, and fit a linear model: all on the learning half."""

    def __init__(self, table: np.ndarray, is_member: np.ndarray) -> None:
        self._low, self._high = np.quantile(table, [0.025, 0.975], axis=0)
        clipped = np.clip(table, self._low, self._high)
        self._mean, sd = clipped.mean(axis=0), clipped.std(axis=0)
        self._sd = np.where(sd > 0, sd, 1.0)
        self._model = LogisticRegression(max_iter=5000).fit(self._scaled(table), is_member)

    def _scaled(self, table: np.ndarray) -> np.ndarray:
        scaled: np.ndarray = (np.clip(table, self._low, self._high) - self._mean) / self._sd
        return scaled

    def log_odds(self, table: np.ndarray) -> np.ndarray:
        """Log-odds of member, float64 (rows,)."""
        odds: np.ndarray = self._model.decision_function(self._scaled(table))
        return odds
