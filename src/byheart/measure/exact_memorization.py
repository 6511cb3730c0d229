"""How often is the model's best guess the record's own next token?

Source: Tirumala et al. 2022, arXiv 2205.10770 (exact memorization M(f)), teacher forced.
"""

from __future__ import annotations

import numpy as np

from byheart.core.card import method
from byheart.core.scores import Scores
from byheart.core.signals import Signals


@method(
    paper="2205.10770",
    family="text",
    needs=("token_logprobs",),
    unit="share of tokens",
    threat="regurgitation of training data",
    cost="none beside the pass",
    limits="grammar alone gives a large share; only the difference to a control says something",
)
def exact_memorization(signals: Signals) -> Scores:
    """Share of scored tokens that greedy decoding would take, given the true tokens before.

    Args:
        signals: `token_logprobs`; reads `gap`, nats.

    Returns:
        Scores (n,): 0 when no token hits, 1 when all do; NaN without a scored token.
    """
    return signals.scores(lambda gap: float(np.mean(gap > 0)), over="gap", method=exact_memorization)
