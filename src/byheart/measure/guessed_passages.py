"""Of which articles could somebody write as long a passage who has never seen them?

Source: ours; the blind baseline of `measure/verbatim_passages`. A passage that also stands in the article's own
beginning, in another article or in a text of everybody is no proof of memory.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.core.card import method
from byheart.core.scores import Scores


@method(
    paper="ours",
    family="chat",
    needs=("verbatim",),
    unit="guessed or not",
    guesses=("recitation",),
    cost="none beside the answers",
    limits="knows the articles at hand and the texts named as boilerplate, not what else is quoted in the world",
)
def guessed_passages(verbatim: Scores) -> Scores:
    """1 for an article of which so many words in a row could be written without it, 0 for another.

    Args:
        verbatim: scores of `measure/verbatim`; reads the column `guessed`.

    Returns:
        Scores (n,), 0 or 1; NaN where nothing was asked.
    """
    values = np.asarray(verbatim.extra["guessed"], dtype=np.float64)
    card = guessed_passages.card  # type: ignore[attr-defined]
    return replace(verbatim, values=values, card=card, extra={})
