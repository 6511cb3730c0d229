"""Do unrelated texts in front hurt a text, while trained-on texts in front do not?

Source: Wang et al. 2024, arXiv 2409.03363 (Con-ReCall), equation 5. Default gamma = 0.5.
Departs from it: all three likelihoods are means over the same tokens.
"""

from __future__ import annotations

from byheart.core.card import method
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.signals.text.paired import paired_means, ratio


@method(
    paper="2409.03363",
    family="text",
    needs=("token_logprobs", "nonmember_prefix_logprobs", "member_prefix_logprobs"),
    unit="ratio of log-likelihoods",
    claim="membership",
    threat="membership inference",
    cost="two passes after shared prefixes",
    limits="prefixes must be held out from the scored records; gamma chosen on scored data is tuned on the answer",
)
def con_recall(signals: Signals, after_nonmembers: Signals, after_members: Signals, *, gamma: float = 0.5) -> Scores:
    """[LL(x | non-members) - gamma LL(x | members)] / LL(x).

    Args:
        signals: `token_logprobs`; reads `logprob`, nats.
        after_nonmembers: `nonmember_prefix_logprobs` of the same records and tokens.
        after_members: `member_prefix_logprobs` of the same records and tokens.
        gamma: weight of the member prefix.

    Returns:
        Scores (n,): 1 - gamma when the prefixes change nothing; higher is more memorized.

    Raises:
        UsageError: if records or tokens differ.
    """
    alone, nonmembers, members = paired_means(signals, after_nonmembers, after_members)
    values = ratio(nonmembers, alone) - gamma * ratio(members, alone)
    return signals.wrap(values, method=con_recall, params={"gamma": gamma})
