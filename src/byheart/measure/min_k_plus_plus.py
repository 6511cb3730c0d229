"""Are the least likely tokens of a text still likelier than what else the model could have said?

Source: Zhang et al. 2024, arXiv 2404.02936 (Min-K%++), equation 3. Default k = 0.2.
Departs from it: z = 0 where the next-token law has no spread (one certain token), where the paper's ratio is 0 / 0.
"""

from __future__ import annotations

import numpy as np

from byheart.core.card import method
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.stats.tails import check_share, mean_of_lowest


@method(
    paper="2404.02936",
    family="text",
    needs=("token_logprobs",),
    unit="standard deviations",
    claim="membership",
    threat="membership inference",
    cost="none beside the pass",
    limits="follows how easy a text is; mean and variance weigh the vocabulary by probability at temperature 1",
)
def min_k_plus_plus(signals: Signals, *, k: float = 0.2) -> Scores:
    """Mean of the lowest share of z = (log p(x) - mu) / sigma, with mu and sigma of log p under p.

    Args:
        signals: `token_logprobs`; reads `logprob`, `mean_logprob` and `var_logprob`, nats.
        k: share of tokens kept, in (0, 1].

    Returns:
        Scores (n,): 0 when the kept tokens are as likely as the model's own typical choice, higher is more memorized.

    Raises:
        UsageError: if k is outside (0, 1].
    """
    check_share(k)

    def score(logp: np.ndarray, mu: np.ndarray, variance: np.ndarray) -> float:
        return mean_of_lowest(standardized(logp, mu, variance), k)

    over = ("logprob", "mean_logprob", "var_logprob")
    return signals.scores(score, over=over, method=min_k_plus_plus, params={"k": k})


def standardized(logp: np.ndarray, mu: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """The z of each token, float64 (tokens,); 0 where the variance is 0.

    >>> standardized(np.array([-1.0, 0.0]), np.array([-2.0, 0.0]), np.array([0.25, 0.0])).tolist()
    [2.0, 0.0]
    """
    distance = logp.astype(np.float64) - mu
    sigma = np.sqrt(np.maximum(variance, 0).astype(np.float64))
    z: np.ndarray = np.divide(distance, sigma, out=np.zeros_like(distance), where=sigma > 0)
    return z
