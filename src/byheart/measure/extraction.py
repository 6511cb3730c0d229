"""Given the beginning of a record, does the model recite the rest, word for word?

Source: Carlini et al. 2022, arXiv 2202.07646, definition 3.1 (extractable with k tokens of context).
Departs from it: answered for every prefix length at once from one teacher-forced pass, as greedy decoding recites a
suffix exactly when each of its tokens is the model's best guess. Ties, and guesses so close that another batch size
could turn them, are named and never hidden.
"""

from __future__ import annotations

import numpy as np

from byheart.compare.text.runs import greedy_hits, longest_runs, scored_only, suffix_lengths, trailing_runs
from byheart.core.card import method
from byheart.core.errors import UsageError
from byheart.core.ragged import Ragged
from byheart.core.scores import Scores
from byheart.core.signals import Signals


@method(
    paper="2202.07646",
    family="text",
    needs=("token_logprobs",),
    unit="tokens",
    claim="recitation",
    threat="regurgitation of training data",
    flag="extracted",
    cost="none beside the pass",
    limits="any model recites repetitive text (see copy_from_prefix); chat turns of others count as given",
)
def extraction(signals: Signals, *, suffix: int = 50, tolerance: float = 1e-3) -> Scores:
    """Length of the suffix that greedy decoding recites from the rest of the record.

    Args:
        signals: `token_logprobs`; reads `gap` (nats).
        suffix: how many tokens must be recited to call the record extracted; half of it where it is short.
        tolerance: a gap nearer to 0 than this, nats, is a near tie.

    Returns:
        Scores (n,): 0 when the last token misses; NaN without a scored token. Extra columns: `n_tokens` (scored ones),
        `recited` (as the value), `prefix_needed` (tokens of the record, special ones included, before the recited
        suffix), `suffix` (tokens asked for), `extracted`, `longest_run` (longest recited stretch anywhere), `near_tie`
        (a near tie in the recited suffix, or just before it).

    Raises:
        UsageError: if the suffix is below 1.
    """
    if suffix < 1:
        raise UsageError(f"a suffix is at least 1 token; got {suffix}")
    gaps, hits = scored_only(signals, "gap"), greedy_hits(signals)
    n_tokens, recited = hits.lengths, trailing_runs(hits)
    asked = suffix_lengths(n_tokens, suffix)
    extra = {
        "n_tokens": n_tokens,
        "recited": recited,
        "prefix_needed": _prefix_needed(signals, recited),
        "suffix": asked,
        "extracted": (recited >= asked) & (n_tokens >= 2),
        "longest_run": longest_runs(hits),
        "near_tie": _near_tie(gaps, recited, tolerance),
    }
    values = np.where(n_tokens > 0, recited, np.nan)
    params = {"suffix": suffix, "tolerance": tolerance}
    return signals.wrap(values, method=extraction, params=params, extra=extra)


def _prefix_needed(signals: Signals, recited: np.ndarray) -> np.ndarray:
    """Position in the whole record of the first token of the recited suffix; all tokens if nothing is recited."""
    gap = signals.ragged("gap")
    places = scored_only(signals, gap.like(np.arange(gap.values.size) - gap.offsets[:-1][gap.row]))
    needed = gap.lengths.astype(np.int64)
    some = recited > 0
    needed[some] = places.values[places.offsets[1:][some] - recited[some]]
    return needed


def _near_tie(gaps: Ragged, recited: np.ndarray, tolerance: float) -> np.ndarray:
    """Whether a gap within the tolerance lies in the last `recited` tokens or is the miss before them, bool (n,)."""
    first = gaps.offsets[1:] - recited - 1
    close = (np.abs(gaps.values) < tolerance) & (np.arange(gaps.values.size) >= first[gaps.row])
    return np.bincount(gaps.row[close], minlength=len(gaps)) > 0
