"""Where the model was sure of itself and wrong, how wrong was it?

Source: Zhang & Wu 2024, arXiv 2407.21248 (surprising tokens). Defaults: entropy below 2 nats, lowest 40 %.
"""

from __future__ import annotations

import numpy as np

from byheart.core.card import method
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.stats.tails import check_share, kept


@method(
    paper="2407.21248",
    family="text",
    needs=("token_logprobs",),
    unit="nats per token",
    claim="membership",
    threat="membership inference",
    cost="none beside the pass",
    limits="a record without a surprising token has no score; count those before comparing two sets",
)
def surp(signals: Signals, *, max_entropy: float = 2.0, k: float = 0.4) -> Scores:
    """Mean log-probability of the tokens that are unlikely although the model's next-token law was narrow.

    Args:
        signals: `token_logprobs`; reads `logprob` and `mean_logprob` (minus the entropy), nats.
        max_entropy: a law is narrow below this entropy, nats.
        k: a token is unlikely when among this share of the text's lowest log-probabilities, in (0, 1].

    Returns:
        Scores (n,): at most 0; higher is more memorized. NaN without a surprising token.

    Raises:
        UsageError: if k is outside (0, 1].
    """
    check_share(k)

    def score(logp: np.ndarray, mean_logprob: np.ndarray) -> float:
        threshold = np.partition(logp, kept(logp.size, k) - 1)[kept(logp.size, k) - 1]
        surprising = (-mean_logprob < max_entropy) & (logp <= threshold)
        return float(logp[surprising].mean(dtype=np.float64)) if surprising.any() else np.nan

    params = {"max_entropy": max_entropy, "k": k}
    return signals.scores(score, over=("logprob", "mean_logprob"), method=surp, params=params)
