"""Does a text become less likely after unrelated texts, as one does that was known by itself?

Source: Xie et al. 2024, arXiv 2406.15968 (ReCaLL), equation 1.
Departs from it: both likelihoods are means over the same tokens, those scored with and without the prefix.
"""

from __future__ import annotations

from byheart.core.card import method
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.signals.text.paired import paired_means, ratio


@method(
    paper="2406.15968",
    family="text",
    needs=("token_logprobs", "nonmember_prefix_logprobs"),
    unit="ratio of log-likelihoods",
    claim="membership",
    threat="membership inference",
    cost="one pass after a shared prefix",
    limits="the prefix must be held out from the scored records; a prefix of another kind of text looks like knowledge",
)
def recall(signals: Signals, after_nonmembers: Signals) -> Scores:
    """LL(x | prefix of non-members) / LL(x).

    Args:
        signals: `token_logprobs`; reads `logprob`, nats.
        after_nonmembers: `nonmember_prefix_logprobs` of the same records and tokens.

    Returns:
        Scores (n,): 1 when the prefix changes nothing, above 1 when it makes the text less likely.
        1 where both losses are 0, infinite where only the text alone is certain.

    Raises:
        UsageError: if records or tokens differ.
    """
    alone, after = paired_means(signals, after_nonmembers)
    return signals.wrap(ratio(after, alone), method=recall)
