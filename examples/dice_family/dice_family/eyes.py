"""Can throws that were taught be told from others without asking the die, by the number of eyes?

Source: this example; the blind baseline of Das et al. 2024, arXiv 2406.16201, for dice.
"""

from __future__ import annotations

import numpy as np

from byheart.core.card import method
from byheart.core.corpus import Corpus
from byheart.core.scores import Scores


@method(
    paper="2406.16201",
    family="dice",
    needs=("corpus",),
    unit="eyes per throw",
    cost="none",
    limits="it sees only how high the throws are",
    guesses=("membership",),
)
def eyes(corpus: Corpus) -> Scores:
    """Mean number of eyes.

    Args:
        corpus: rows of throws.

    Returns:
        Scores of shape (records,), from 1 to 6.
    """
    values = np.array([np.mean([int(c) for c in throws]) for throws in corpus.texts])
    return Scores(values, corpus.ids, corpus.roles, corpus.groups, eyes.card)
