"""Is a text more likely to this model than its repetitiveness explains?

Source: Carlini et al. 2021, arXiv 2012.07805, section 5.2 (zlib entropy as the second opinion).
Departs from it: the ratio is log-likelihood per compressed byte, with its sign turned so that higher is more memorized.
"""

from __future__ import annotations

import numpy as np

from byheart.core.card import method
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.signals.text.paired import mean_logprobs


@method(
    paper="2012.07805",
    family="text",
    needs=("token_logprobs",),
    unit="nats per token and compressed byte",
    claim="membership",
    threat="membership inference",
    cost="none beside the pass",
    limits="favours long texts, as a mean is divided by a size; compare texts of like length",
)
def zlib(signals: Signals) -> Scores:
    """Mean log-probability divided by the bytes that the text takes compressed.

    Args:
        signals: `token_logprobs`; reads `logprob` (nats) and `n_zlib` (bytes).

    Returns:
        Scores (n,): at most 0; nearer to 0 is more memorized; NaN without a scored token.
    """
    size = np.asarray(signals.dense("n_zlib"), dtype=np.float64)
    values = np.divide(mean_logprobs(signals), size, out=np.full(len(signals), np.nan), where=size > 0)
    return signals.wrap(values, method=zlib)
