"""Which articles does a chat model give back in passages of a length that was fixed beforehand?

Ranks of lengths overlook a few articles that are known whole; a length fixed before the answers were seen does not.

Source: Freeman et al. 2024, arXiv 2412.06370 (verbatim passages). Departs from it: so many words in a row say yes or
no, and what could be written without having seen the article is held against it (`measure/guessed_passages`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.core.card import method
from byheart.core.scores import Scores


@method(
    paper="2412.06370",
    family="chat",
    needs=("verbatim",),
    unit="recited or not",
    claim="recitation",
    sentence="The model gives back {whole_words} words in a row of articles, more often than of articles it cannot "
    "have seen.",
    cost="none beside the answers",
    limits="quotations and reprints are recited without this copy of the article",
)
def verbatim_passages(verbatim: Scores) -> Scores:
    """1 for an article of which so many words in a row came back, 0 for another.

    Args:
        verbatim: scores of `measure/verbatim`; reads the column `recited`.

    Returns:
        Scores (n,), 0 or 1; NaN where no question was answered.
    """
    recited = np.asarray(verbatim.extra["recited"], dtype=np.float64)
    values = np.where(np.isnan(verbatim.values), np.nan, recited)
    card = verbatim_passages.card  # type: ignore[attr-defined]
    return replace(verbatim, values=values, card=card)
