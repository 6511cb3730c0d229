"""Does the model know a text in its own spelling better than in small letters?

Source: Carlini et al. 2021, arXiv 2012.07805, section 5.2 (ratio of perplexities before and after lower-casing).
"""

from __future__ import annotations

from byheart.core.card import method
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.signals.text.paired import mean_logprobs, ratio, same_records


@method(
    paper="2012.07805",
    family="text",
    needs=("token_logprobs", "lowercase_logprobs"),
    unit="ratio of log-likelihoods",
    claim="membership",
    threat="membership inference",
    cost="a second pass, over the lower-cased texts",
    limits="blind to texts without capitals; tokens differ between the two spellings, so means are per own token",
)
def lowercase(signals: Signals, lowered: Signals) -> Scores:
    """Minus the loss of the text divided by the loss of its lower-cased copy.

    Args:
        signals: `token_logprobs`; reads `logprob`, nats.
        lowered: `lowercase_logprobs` of the same records.

    Returns:
        Scores (n,): -1 when spelling makes no difference, towards 0 when only the true spelling is known.
    """
    same_records(signals, lowered)
    own, other = mean_logprobs(signals), mean_logprobs(lowered)
    return signals.wrap(-ratio(own, other), method=lowercase)
