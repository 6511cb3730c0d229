"""Is a text likely to this model beyond how common its words are?

Source: Zhang et al. 2024, arXiv 2409.14781 (DC-PDD), equations 3 to 6. Default cap a = 0.01.
Departs from it: without a frequency table from elsewhere, frequencies are counted in the control, cross-fitted: whole
groups are dealt into folds, and every record, control or not, is scored with the control of the other folds. No record
meets its own words, and members and control meet tables of the same size.
"""

from __future__ import annotations

import numpy as np

from byheart.core.card import method
from byheart.core.errors import UsageError
from byheart.core.ragged import Ragged
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.stats.folds import grouped_folds

CONTROL = ("nonmember", "canary_control")


@method(
    paper="2409.14781",
    family="text",
    needs=("token_logprobs",),
    unit="capped cross-entropy, nats",
    claim="membership",
    threat="membership inference",
    cost="counting tokens",
    limits="the frequency table must come from text that holds none of the scored records",
)
def dc_pdd(
    signals: Signals, *, counts: np.ndarray | None = None, cap: float = 0.01, folds: int = 5, seed: int = 0
) -> Scores:
    """Mean over first occurrences of min(p(x) log(1 / f(x)), cap), f the Laplace-smoothed frequency of a token.

    Args:
        signals: `token_logprobs`; reads `logprob` (nats) and `token_ids`.
        counts: how often each token occurs in a corpus that holds none of these records, (vocabulary,).
        cap: upper limit of one token's contribution.
        folds: into how many folds groups are dealt when frequencies come from the control.
        seed: deals the groups.

    Returns:
        Scores (n,): between 0 and `cap`; higher is more memorized; NaN without a scored token.

    Raises:
        UsageError: if a token id lies outside `counts`.
    """
    vocabulary = int(signals.ragged("token_ids").values.max(initial=0)) + 1
    if counts is not None:
        if counts.size < vocabulary:
            raise UsageError(f"counts holds {counts.size} tokens but token {vocabulary - 1} occurs")
        fold, tables = np.zeros(len(signals), np.int64), [_log_frequency(counts)]
    else:
        fold = grouped_folds(signals.groups, signals.roles, folds, seed=seed, purpose="dc_pdd")
        tables = [_log_frequency(_count(signals, fold != f, vocabulary)) for f in range(folds)]
    rows = signals.rows("token_ids", "logprob")
    values = [_score(ids, logp, tables[f], cap) for (ids, logp), f in zip(rows, fold, strict=True)]
    params = {"cap": cap, "counts": "given" if counts is not None else "control", "folds": folds, "seed": seed}
    return signals.wrap(np.array(values, dtype=np.float64), method=dc_pdd, params=params)


def _score(ids: np.ndarray, logp: np.ndarray, log_frequency: np.ndarray, cap: float) -> float:
    if ids.size == 0:
        return float("nan")
    first = np.unique(ids, return_index=True)[1]
    surprise = np.exp(logp[first].astype(np.float64)) * -log_frequency[ids[first]]
    return float(np.minimum(surprise, cap).mean())


def _log_frequency(counts: np.ndarray) -> np.ndarray:
    """log((count + 1) / (total + vocabulary))."""
    smoothed: np.ndarray = np.log(counts + 1.0) - np.log(counts.sum() + counts.size)
    return smoothed


def _count(signals: Signals, rows: np.ndarray, vocabulary: int) -> np.ndarray:
    ids: Ragged = signals.ragged("token_ids")
    counted = rows & np.isin(signals.roles, CONTROL)
    return np.bincount(ids.values[counted[ids.row]], minlength=vocabulary)
