"""How likely is a text to this model?

Source: Yeom et al. 2018, arXiv 1709.01604 (loss threshold).
"""

from __future__ import annotations

from byheart.core.card import method
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.signals.text.paired import mean_logprobs


@method(
    paper="1709.01604",
    family="text",
    needs=("token_logprobs",),
    unit="nats per token",
    claim="membership",
    threat="membership inference",
    cost="none beside the pass",
    limits="says easy as much as known: common phrases score high in every model; compare with a reference",
)
def loss(signals: Signals) -> Scores:
    """Mean log-probability of a record's scored tokens.

    Args:
        signals: `token_logprobs`; reads `logprob`, nats.

    Returns:
        Scores (n,): 0 when every token was certain, more negative when surprising; NaN without a scored token.
    """
    return signals.wrap(mean_logprobs(signals), method=loss)
