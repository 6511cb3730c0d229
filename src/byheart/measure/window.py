"""Is there a stretch in a text that the model knows much better than the rest?

Source: Carlini et al. 2021, arXiv 2012.07805, section 5.2 (smallest perplexity over sliding windows of 50 tokens).
Departs from it: a text shorter than the window is one window.
"""

from __future__ import annotations

import numpy as np

from byheart.core.card import method
from byheart.core.errors import UsageError
from byheart.core.scores import Scores
from byheart.core.signals import Signals


@method(
    paper="2012.07805",
    family="text",
    needs=("token_logprobs",),
    unit="nats per token",
    claim="membership",
    threat="membership inference",
    cost="none beside the pass",
    limits="a longer text has more windows, so a higher maximum by chance; compare texts of like length",
)
def window(signals: Signals, *, width: int = 50) -> Scores:
    """Mean log-probability of the likeliest window.

    Args:
        signals: `token_logprobs`; reads `logprob`, nats.
        width: tokens in a window.

    Returns:
        Scores (n,): 0 when some window was certain, more negative when all were surprising.

    Raises:
        UsageError: if the width is below 1.
    """
    if width < 1:
        raise UsageError(f"a window is at least 1 token wide; got {width}")

    def score(logp: np.ndarray) -> float:
        w = min(width, logp.size)
        total = np.concatenate([np.zeros(1), np.cumsum(logp, dtype=np.float64)])
        return float((total[w:] - total[:-w]).max() / w)

    return signals.scores(score, over="logprob", method=window, params={"width": width})
