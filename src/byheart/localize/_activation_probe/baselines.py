"""What tells the classes apart without any look inside: being sure, the words just read, the last word alone?

Source: Hewitt & Liang 2019, arXiv 1909.03368 (a probe is to be held against what needs no representation).
"""

from __future__ import annotations

import warnings

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from byheart.core.signals import Signals
from byheart.localize._activation_probe.events import Events, texts_before
from byheart.localize._activation_probe.folds import N_FOLDS, deal

WORDS_BEFORE = 64


def confidence(events: Events) -> dict[str, np.ndarray]:
    """Scores (events,) that are the model's own confidence."""
    return {"p": events.p, "entropy": -events.entropy, "margin": events.margin}


def bag_of_words(signals: Signals, events: Events, *, seed: int, n_tokens: int = WORDS_BEFORE) -> np.ndarray:
    """Cross-validated log-odds (events,) from which tokens were read before, in whatever order."""
    read = texts_before(signals, events, n_tokens)
    words, column = np.unique(read.values, return_inverse=True)
    one = np.ones(read.values.size)
    x = csr_matrix((one, (read.row, column.reshape(-1))), shape=(len(events), max(words.size, 1)))
    return _held_out(x, events, seed)


def last_token(events: Events, *, seed: int) -> np.ndarray:
    """Cross-validated log-odds (events,) from the token just read alone."""
    words, column = np.unique(events.token, return_inverse=True)
    rows, one = np.arange(len(events)), np.ones(len(events))
    return _held_out(csr_matrix((one, (rows, column.reshape(-1))), shape=(len(events), words.size)), events, seed)


def _held_out(x: csr_matrix, events: Events, seed: int) -> np.ndarray:
    fold = deal(events.document, events.positive, N_FOLDS, seed=seed)
    odds = np.zeros(len(events))
    for k in range(N_FOLDS):
        on, off = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        model = LogisticRegression(C=0.1, class_weight="balanced", max_iter=500)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            odds[off] = model.fit(x[on], events.positive[on]).decision_function(x[off])
    return odds
