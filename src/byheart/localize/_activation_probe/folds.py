"""How well does a probe read documents that it did not learn from?

Source: Stone 1974, JRSS B 36:111-147 (cross-validation; the choice of an option is made inside the training part).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.randomness import generator
from byheart.localize._activation_probe.lines import Kind, Line, fit
from byheart.stats.auc import auc

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
N_FOLDS, N_INNER = 5, 3

Fitted = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Held:
    """What probes say of events that they did not learn from.

    Args:
        logit: log-odds (events,).
        fold: the part in which each event was held out, int64 (events,).
        lines: the probe that did not learn from that part, one per fold.
        train_auc: mean AUC on what they did learn from, to be compared.
    """

    logit: np.ndarray
    fold: np.ndarray
    lines: Sequence[Line]
    train_auc: float


def deal(document: np.ndarray, positive: np.ndarray, n_folds: int, *, seed: int) -> np.ndarray:
    """The fold of each event, int64 (events,): whole documents, those of each class dealt evenly.

    A document with events of both classes is dealt as one of the first.
    """
    fold = np.zeros(document.size, np.int64)
    names, which = np.unique(document, return_inverse=True)
    has = np.bincount(which.reshape(-1), positive, names.size) > 0
    number = np.zeros(names.size, np.int64)
    rng, start = generator(seed, "folds"), 0
    for side in (True, False):
        own = rng.permutation(np.flatnonzero(has == side))
        number[own] = (start + np.arange(own.size)) % n_folds
        start = (start + own.size) % n_folds
    fold[:] = number[which.reshape(-1)]
    return fold


def held_out(
    x: np.ndarray, positive: np.ndarray, document: np.ndarray, *, seed: int, kind: Kind = "logistic",
    strength: float | None = None, n_folds: int = N_FOLDS,
) -> Held:  # fmt: skip
    """Cross-validated log-odds; documents stay whole, and the penalty is chosen inside each training part.

    Args:
        x: activations (events, dim).
        positive: bool (events,).
        document: of each event, int64 (events,).
        seed: of the folds.
        kind: of probe.
        strength: of a logistic probe; None chooses one of `STRENGTHS` by the AUC of inner folds.
        n_folds: how many parts.
    """
    fold = deal(document, positive, n_folds, seed=seed)
    logit, lines, trained = np.zeros(len(x)), [], []
    for k in range(n_folds):
        on, off = fold != k, fold == k
        line = fit_chosen(x[on], positive[on], document[on], seed=seed, kind=kind, strength=strength)
        logit[off] = line.logit(x[off])
        lines.append(line)
        trained.append(auc(line.logit(x[on])[positive[on]], line.logit(x[on])[~positive[on]]))
    return Held(logit, fold, lines, float(np.mean(trained)))


def fit_chosen(
    x: np.ndarray, positive: np.ndarray, document: np.ndarray, *, seed: int, kind: Kind = "logistic",
    strength: float | None = None,
) -> Line:  # fmt: skip
    """Fit with the penalty that does best on inner folds; the strongest penalty where several do."""
    if kind == "logistic" and strength is None:
        inner = deal(document, positive, N_INNER, seed=seed)
        told = [_inner_auc(x, positive, inner, c) for c in STRENGTHS]
        strength = STRENGTHS[int(np.argmax(np.round(told, 3)))]
    return fit(x, positive, kind=kind, strength=strength or 1.0)


def _inner_auc(x: np.ndarray, positive: np.ndarray, inner: np.ndarray, strength: float) -> float:
    told = []
    for k in range(N_INNER):
        on, off = inner != k, inner == k
        if min(positive[on].sum(), (~positive[on]).sum(), positive[off].sum(), (~positive[off]).sum()) > 0:
            line = fit(x[on], positive[on], strength=strength)
            told.append(auc(line.logit(x[off & positive]), line.logit(x[off & ~positive])))
    return float(np.mean(told)) if told else 0.5
