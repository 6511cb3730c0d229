"""Which events of the two classes can be set against each other without confidence giving the answer?

A token counts as recited only if the model is sure of it, so any mark of being sure tells the classes apart. Events are
matched on how probable their confidence (probability, entropy and margin together) makes the first class: within a
narrow stratum of it as many of each class are kept. Then no confidence tells them apart: with k strata of equal size
the AUC of the matched number is within 1/(2k) of 0.5.

Source: Rosenbaum & Rubin 1983, Biometrika 70:41-55, theorems 1 to 3 (what is equal in the propensity is balanced in all
that it was made of; strata of it).
"""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from byheart.core.randomness import generator
from byheart.localize._activation_probe.events import Events

N_STRATA = 20
TINY = 1e-6
ROUNDS = 20


def confidence_features(events: Events) -> np.ndarray:
    """What says how sure the model was: log-odds of p, log entropy, margin, their squares and products; (events, 9)."""
    p = np.clip(events.p, TINY, 1 - TINY)
    plain = np.stack([np.log(p / (1 - p)), np.log(np.maximum(events.entropy, TINY)), np.clip(events.margin, -20, 20)])
    plain = (plain - plain.mean(axis=1, keepdims=True)) / np.maximum(plain.std(axis=1, keepdims=True), TINY)
    a, b, c = plain
    return np.stack([a, b, c, a * a, b * b, c * c, a * b, a * c, b * c], axis=1)


def propensity(features: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Log-odds that confidence alone gives the first class, float64 (events,)."""
    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=2000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found: np.ndarray = model.fit(features, positive).decision_function(features)
    return found


def matched(events: Events, *, seed: int, n_strata: int = N_STRATA) -> np.ndarray:
    """Numbers of the events that are kept, as many of each class in each stratum; sorted, int64.

    Events that begin a word are taken first, as all of the first class may do so.

    Args:
        events: of both classes.
        seed: of the draw within a stratum.
        n_strata: quantiles of the propensity of the first class.
    """
    if not events.positive.any() or events.positive.all():
        return np.zeros(0, np.int64)
    sure = propensity(confidence_features(events), events.positive)
    return strata_of_equal_size(sure, events.positive, events.begins, seed=seed, n_strata=n_strata)


def strata_of_equal_size(
    values: np.ndarray, positive: np.ndarray, preferred: np.ndarray, *, seed: int, n_strata: int = N_STRATA
) -> np.ndarray:
    """In each quantile of the first class's values, as many events of either class; their numbers, sorted, int64.

    Where a stratum lacks one class the others come to weigh more; so the strata are laid anew through what is kept,
    until nothing more is left out.
    """
    order = np.lexsort((generator(seed, "matched events").random(values.size), ~preferred))
    kept = order
    for _ in range(ROUNDS):
        before, kept = kept.size, _once(values, positive, kept, n_strata)
        if kept.size == before:
            break
    return np.sort(kept)


def _once(values: np.ndarray, positive: np.ndarray, order: np.ndarray, n_strata: int) -> np.ndarray:
    """The same with strata laid once; the events keep their order."""
    own = values[order]
    if not positive[order].any():
        return order[:0]
    edges = np.quantile(own[positive[order]], np.linspace(0, 1, n_strata + 1))
    stratum = np.where(own == edges[-1], n_strata - 1, np.searchsorted(edges, own, side="right") - 1)
    keep = np.zeros(order.size, bool)
    for k in range(n_strata):
        one, zero = (np.flatnonzero((stratum == k) & (positive[order] == side)) for side in (True, False))
        n = min(one.size, zero.size)
        keep[one[:n]] = keep[zero[:n]] = True
    return order[keep]
