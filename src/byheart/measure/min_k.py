"""Are even the least likely tokens of a text likely to this model?

Source: Shi et al. 2024, arXiv 2310.16789 (Min-K% Prob). Default k = 0.2 as in the paper.
Departs from it: ceil(k T) tokens are kept, so that short texts have a score.
"""

from __future__ import annotations

from byheart.core.card import method
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.stats.tails import check_share, mean_of_lowest


@method(
    paper="2310.16789",
    family="text",
    needs=("token_logprobs",),
    unit="nats per token",
    claim="membership",
    threat="membership inference",
    cost="none beside the pass",
    limits="as the loss, follows how easy a text is; near chance on data seen once in a large corpus",
)
def min_k(signals: Signals, *, k: float = 0.2) -> Scores:
    """Mean log-probability of the least likely share of tokens.

    Args:
        signals: `token_logprobs`; reads `logprob`, nats.
        k: share of tokens kept, in (0, 1].

    Returns:
        Scores (n,): 0 when every kept token was certain, more negative when surprising; k = 1 is the `loss` score.

    Raises:
        UsageError: if k is outside (0, 1].
    """
    check_share(k)
    return signals.scores(lambda logp: mean_of_lowest(logp, k), over="logprob", method=min_k, params={"k": k})
