"""How surprised is the die at each row of throws? The signal: the pass over the records that costs something."""

from __future__ import annotations

import numpy as np

from byheart.core.corpus import Corpus
from byheart.core.signals import SignalKey, Signals

from .die import Die


def surprise(target: Die, corpus: Corpus, *, seed: int) -> Signals:
    """Bits per throw of each record, float64 (records,), as array `bits`; nothing is drawn by the seed."""
    bits = np.array([target.bits(throws) for throws in corpus.texts])
    key = SignalKey(target.digest, corpus.digest, "surprise", seed)
    return Signals(corpus.ids, corpus.roles, corpus.groups, {"bits": bits}, key)
