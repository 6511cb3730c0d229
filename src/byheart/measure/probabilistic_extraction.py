"""How many times must one ask until the model says the rest of a record?

Source: Hayes et al. 2024, arXiv 2410.19482, definition 4.1: (n, p)-discoverable iff 1 - (1 - p_z)^n >= p, with p_z the
probability that one sample under the decoding scheme is exactly the suffix.
"""

from __future__ import annotations

import math

import numpy as np

from byheart.compare.text.runs import scored_only, suffix_lengths
from byheart.core.card import method
from byheart.core.errors import UsageError
from byheart.core.ragged import Ragged
from byheart.core.scores import Scores
from byheart.core.signals import Signals


@method(
    paper="2410.19482",
    family="text",
    needs=("token_logprobs",),
    unit="nats",
    threat="regurgitation of training data",
    cost="none beside the pass",
    limits="a longer suffix is always less probable; compare records of one suffix length",
)
def probabilistic_extraction(
    signals: Signals, *, decoding: str = "logprob", suffix: int = 50, n: int = 1000, p: float = 0.5
) -> Scores:
    """Log-probability that one sample is exactly the record's suffix, given the rest of the record.

    Args:
        signals: `token_logprobs`; reads the array named by `decoding`, nats.
        decoding: `logprob` for plain sampling at temperature 1, or a `decoded_*` array for another scheme.
        suffix: tokens to be said; half of a shorter record.
        n: samples that one may draw.
        p: how surely one of them must be the suffix.

    Returns:
        Scores (n,): log p_z, 0 when certain, minus infinity when the scheme can never say it; NaN without a scored
        token. Extra columns: `suffix` (tokens), `log10_n` (base-10 logarithm of the samples needed), `extractable`.

    Raises:
        UsageError: if the array is not there, or n or p have no meaning.
    """
    if decoding not in signals.arrays:
        there = sorted(k for k in signals.arrays if k.startswith("decoded_"))
        raise UsageError(f"no array {decoding!r} in the signals; there are logprob {' '.join(there)}".rstrip())
    if n < 1 or not 0 < p < 1:
        raise UsageError(f"n is at least 1 and p in (0, 1); got n={n}, p={p}")
    logq = scored_only(signals, decoding)
    lengths = suffix_lengths(logq.lengths, suffix)
    log_p = np.where(logq.lengths > 0, _sum_of_last(logq, lengths), np.nan)
    log_n = log_trials_needed(log_p, p)
    extra = {"suffix": lengths, "log10_n": log_n / math.log(10), "extractable": log_n <= math.log(n)}
    params = {"decoding": decoding, "suffix": suffix, "n": n, "p": p}
    return signals.wrap(log_p, method=probabilistic_extraction, params=params, extra=extra)


def log_trials_needed(log_p: np.ndarray, p: float) -> np.ndarray:
    """Log of the fewest samples n with 1 - (1 - p_z)^n >= p, from log p_z; right for p_z of 1e-300 and far below.

    Args:
        log_p: log p_z, nats, any shape; minus infinity allowed.
        p: how surely, in (0, 1).

    Returns:
        Natural logarithm of n, rounded up to a whole n while n is below 2^53; infinity where p_z is 0.

    >>> np.exp(log_trials_needed(np.log([0.01, 0.1]), 0.5)).round().tolist()
    [69.0, 7.0]
    """
    log_p = np.asarray(log_p, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        rate = np.where(log_p < -36, log_p, np.log(-np.log1p(-np.exp(log_p))))  # log of -log(1 - p_z)
        log_n = math.log(-math.log1p(-p)) - rate
        whole = np.log(np.maximum(np.ceil(np.exp(log_n) * (1 - 1e-12)), 1.0))
    rounded: np.ndarray = np.where(log_n < 53 * math.log(2), whole, log_n)
    return rounded


def _sum_of_last(values: Ragged, lengths: np.ndarray) -> np.ndarray:
    """Sum of the last `lengths` values of each row, in float64; minus infinity if one of them is."""
    last = np.arange(values.values.size) >= (values.offsets[1:] - lengths)[values.row]
    return np.bincount(values.row[last], weights=values.values[last], minlength=len(values))
