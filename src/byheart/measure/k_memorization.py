"""Left to run on its own, how many of the next tokens does the model get right?

Source: Biderman et al. 2023, arXiv 2304.11158, equation 1 (32 tokens of context, 32 to be recited).
"""

from __future__ import annotations

import numpy as np

from byheart.core.card import method
from byheart.core.errors import UsageError
from byheart.core.scores import Scores
from byheart.core.signals import Signals


@method(
    paper="2304.11158",
    family="text",
    needs=("continuations",),
    unit="share of tokens",
    threat="regurgitation of training data",
    cost="one greedy generation for each record",
    limits="one dropped word shifts the rest out of place and counts as forgotten; see near_verbatim",
)
def k_memorization(signals: Signals, *, n_tokens: int = 32) -> Scores:
    """Share of positions at which the greedy continuation equals the record.

    Args:
        signals: `continuations`; reads `generated` and `expected`, token ids.
        n_tokens: how many positions count; all where fewer are expected.

    Returns:
        Scores (n,): 0 when no position agrees, 1 when all do; a generation that stops early misses the rest.
        NaN where nothing was expected.

    Raises:
        UsageError: if n_tokens is below 1.
    """
    if n_tokens < 1:
        raise UsageError(f"at least 1 token counts; got {n_tokens}")

    def score(generated: np.ndarray, expected: np.ndarray) -> float:
        n = min(n_tokens, expected.size)
        given = generated[:n]
        return float((given == expected[: given.size]).sum() / n) if n else np.nan

    rows = zip(signals.ragged("generated"), signals.ragged("expected"), strict=True)
    values = np.array([score(g, e) for g, e in rows], dtype=np.float64)
    return signals.wrap(values, method=k_memorization, params={"n_tokens": n_tokens})
