"""How likely is the same text under two conditions, token by token?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from byheart.core.errors import UsageError
from byheart.core.ragged import Ragged
from byheart.core.signals import Signals


def same_records(first: Signals, *others: Signals) -> None:
    """Refuse signals whose records are not the same in the same order.

    Raises:
        UsageError: naming the first record that differs.
    """
    for other in others:
        if len(first) != len(other):
            raise UsageError(f"the signals hold {len(first)} and {len(other)} records; make both from one corpus")
        differ = np.flatnonzero(first.ids != other.ids)
        if differ.size:
            i = int(differ[0])
            raise UsageError(f"record {i} is {first.ids[i]!r} in one signal and {other.ids[i]!r} in the other")


def same_tokens(first: Signals, *others: Signals) -> bool:
    """Whether all hold the same token ids: one tokenizer, one text."""
    mine = first.ragged("token_ids")
    theirs = [other.ragged("token_ids") for other in others]
    return all(np.array_equal(mine.offsets, t.offsets) and np.array_equal(mine.values, t.values) for t in theirs)


def scored_mask(signals: Signals) -> np.ndarray:
    """Where the loss is, bool (total tokens,)."""
    mask = signals.arrays.get("scored")
    if isinstance(mask, Ragged):
        return mask.values.astype(bool)
    return np.ones(signals.ragged("logprob").values.size, dtype=bool)


def paired_means(*signals: Signals) -> list[np.ndarray]:
    """Mean log-probability of each record under each condition, over the tokens scored in **all** of them.

    After a prefix the first token of a text is predicted too; without one it is not. A ratio of means over different
    tokens is not 1 even for an empty prefix, so only common tokens count.

    Args:
        signals: `token_logprobs` of the same records and tokens under different conditions.

    Returns:
        One float64 (n,) per condition; NaN for a record without a common scored token.

    Raises:
        UsageError: if records or tokens differ.
    """
    same_records(*signals)
    if not same_tokens(*signals):
        raise UsageError("the signals hold different tokens of the same records; both need the same tokenizer")
    common = np.logical_and.reduce([scored_mask(s) for s in signals])
    return [_means(s.ragged("logprob").keep(common)) for s in signals]


def mean_logprobs(signals: Signals) -> np.ndarray:
    """Mean log-probability of each record's scored tokens, float64 (n,), nats; NaN without any."""
    return _means(signals.ragged("logprob").keep(scored_mask(signals)))


def total_logprobs(signals: Signals) -> np.ndarray:
    """Summed log-probability of each record's scored tokens, float64 (n,), nats; NaN without any."""
    return _reduced(signals.ragged("logprob").keep(scored_mask(signals)), lambda total, n: total)


def ratio(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    """Elementwise `over / under` of two mean log-probabilities; 1 for 0 / 0, infinite where only `under` is 0.

    >>> ratio(np.array([-2.0, 0.0, -1.0]), np.array([-4.0, 0.0, 0.0])).tolist()
    [0.5, 1.0, inf]
    """
    certain = under == 0
    safe = np.where(certain, 1.0, under)
    return np.where(certain, np.where(over == 0, 1.0, np.where(np.isnan(over), np.nan, np.inf)), over / safe)


def _means(values: Ragged) -> np.ndarray:
    return _reduced(values, lambda total, n: total / n)


def _reduced(values: Ragged, finish: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
    """Sum each row in float64, then finish with its length; NaN for an empty row."""
    total = np.bincount(values.row, weights=values.values, minlength=len(values))
    n = values.lengths
    return np.where(n > 0, finish(total, np.maximum(n, 1)), np.nan)
