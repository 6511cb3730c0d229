"""Is the die less surprised at throws it was taught than at others?

Source: this example; the threshold on the loss of Yeom et al. 2018, arXiv 1709.01604, for dice.
"""

from __future__ import annotations

from byheart.core.card import method
from byheart.core.scores import Scores
from byheart.core.signals import Signals


@method(
    paper="1709.01604",
    family="dice",
    needs=("surprise",),
    unit="bits per throw",
    cost="none beside the pass",
    limits="a die may have heard of a row elsewhere",
    claim="membership",
    threat="membership inference",
)
def few_bits(surprise: Signals) -> Scores:
    """Minus the bits per throw.

    Args:
        surprise: the signals of that name.

    Returns:
        Scores of shape (records,): 0 when the die was certain, more negative when it was surprised.
    """
    bits = surprise.dense("bits")
    return Scores(-bits, surprise.ids, surprise.roles, surprise.groups, few_bits.card)
