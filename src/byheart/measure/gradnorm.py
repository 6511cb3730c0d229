"""How hard would the model still have to move to learn a text?

Source: Wang et al. 2024, arXiv 2402.17012 (gradient norm as a membership score).
"""

from __future__ import annotations

import numpy as np

from byheart.core.card import method
from byheart.core.scores import Scores
from byheart.core.signals import Signals


@method(
    paper="2402.17012",
    family="text",
    needs=("gradient_norm",),
    unit="norm of the mean loss's gradient",
    claim="membership",
    threat="membership inference",
    cost="one forward and one backward pass for each record",
    limits="follows how easy and how long a text is; the gradient must be taken without dropout",
)
def gradnorm(signals: Signals) -> Scores:
    """Minus the norm of the loss's gradient at the record.

    Args:
        signals: `gradient_norm`; reads `gradient_norm`, (n,).

    Returns:
        Scores (n,): 0 when nothing is left to learn, more negative when much is.
    """
    return signals.wrap(-np.asarray(signals.dense("gradient_norm"), dtype=np.float64), method=gradnorm)
