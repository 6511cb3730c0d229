"""How much of a planted canary does the model recite after the best of some prompts, and of one never planted?

Source: Zhang, Das, Kamath & Tramer 2024, arXiv 2409.19798 (ranks of canaries among those never planted are proof);
prompts as in `measure/memhunter`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.core.card import method
from byheart.core.scores import Scores


@method(
    paper="2409.19798",
    family="text",
    needs=("memhunter",),
    unit="share of the continuation",
    claim="hunted_canaries",
    cost="none beside the hunt",
    limits="a canary too short to be cut is not hunted; few canaries among few twins cannot be told from chance",
)
def memhunter_canaries(memhunter: Scores) -> Scores:
    """The canaries' share of what the hunt found.

    Args:
        memhunter: scores of `measure/memhunter`.

    Returns:
        Scores (n,): 0 when nothing of the continuation came back, 1 when all of it did; NaN for records that are no
        canaries, and where one could not be cut.
    """
    planted = np.isin(memhunter.roles, ("canary", "canary_control"))
    card = memhunter_canaries.card  # type: ignore[attr-defined]
    return replace(memhunter, values=np.where(planted, memhunter.values, np.nan), card=card)
