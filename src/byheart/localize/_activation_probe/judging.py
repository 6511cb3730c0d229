"""How good is a probe, against what could be had without one?"""

from __future__ import annotations

import numpy as np

from byheart.core.errors import TooFewRecords
from byheart.core.verdict import Estimate
from byheart.localize._activation_probe.events import Events
from byheart.localize._activation_probe.folds import deal, fit_chosen, held_out
from byheart.localize._activation_probe.lines import KINDS, Kind, fit
from byheart.stats.auc import auc
from byheart.stats.calibration import calibration_error
from byheart.stats.intervals import bootstrap_mean
from byheart.stats.matched_auc import matched_auc
from byheart.stats.roc import tpr_at_fpr
from byheart.stats.sides import Sides

LEAST = 2
"""Documents of each class below which a part of the events is not judged by itself."""


def auc_of(logit: np.ndarray, events: Events, *, seed: int, alike: bool = True) -> Estimate:
    """AUC of a score over pairs of like confidence (all pairs with `alike=False`), whole documents resampled."""
    p = events.p if alike else None
    return matched_auc(logit, events.positive, events.document, confidence=p, seed=seed)


def quality(logit: np.ndarray, events: Events, *, seed: int) -> dict[str, Estimate]:
    """Held-out log-odds judged in every usual way; each number with whole documents resampled."""
    right = (logit > 0) == events.positive
    weights = np.where(events.positive, 0.5 / events.positive.mean(), 0.5 / (1 - events.positive.mean()))
    sides = Sides.of(
        logit[events.positive], logit[~events.positive], events.document[events.positive],
        events.document[~events.positive],
    )  # fmt: skip
    error = calibration_error(1 / (1 + np.exp(-logit)), events.positive)
    n = np.unique(events.document).size
    return {
        "matched AUC": auc_of(logit, events, seed=seed),
        "AUC": auc_of(logit, events, seed=seed, alike=False),
        "accuracy": bootstrap_mean(right.astype(float), events.document, seed=seed, unit="share of events, held out"),
        "balanced accuracy": bootstrap_mean(
            right * weights, events.document, seed=seed, unit="share of events, classes weigh the same, held out"
        ),
        "found at 1 % false alarms": tpr_at_fpr(sides, 0.01, seed=seed),
        "calibration error": Estimate(
            error, None, None, n, "mean distance of what is said from what is so", "10 bins of equal width, held out"
        ),
    }


def by_contrast(logit: np.ndarray, events: Events, *, seed: int) -> dict[str, Estimate]:
    """The same held-out log-odds against each kind of other event by itself, pairs of like confidence."""
    found = {}
    for label, name in ((0, "recited against unseen"), (2, "recited against repeated")):
        on = events.positive | (events.label == label)
        some = events.take(on)
        if min(some.n_documents) >= LEAST:
            found[f"matched AUC, {name}"] = auc_of(logit[on], some, seed=seed)
    return found


def by_kind(x: np.ndarray, events: Events, kind: Kind, *, seed: int) -> dict[str, Estimate]:
    """Other probes at the same site."""
    return {
        f"matched AUC, {other}": auc_of(
            held_out(x, events.positive, events.document, seed=seed, kind=other).logit, events, seed=seed
        )
        for other in KINDS
        if other != kind
    }


def sparse_curve(x: np.ndarray, events: Events, *, seed: int, largest: int = 64) -> list[dict[str, float]]:
    """Matched AUC of probes that may look at 1, 2, 4, ... numbers only, chosen by |d| on the training documents.

    Tells whether a neuron carries it, or a direction.
    """
    fold = deal(events.document, events.positive, 5, seed=seed)
    curve, m = [], 1
    while m <= min(largest, x.shape[1]):
        logit = np.zeros(len(events))
        for k in range(5):
            on, off = fold != k, fold == k
            a, b = x[on & events.positive], x[on & ~events.positive]
            spread = np.sqrt((a.var(axis=0) + b.var(axis=0)) / 2) + 1e-12
            chosen = np.argsort(-np.abs(a.mean(axis=0) - b.mean(axis=0)) / spread, kind="stable")[:m]
            line = fit(x[on][:, chosen], events.positive[on], strength=1.0)
            logit[off] = line.logit(x[off][:, chosen])
        e = auc_of(logit, events, seed=seed)
        if e.value is not None:
            low, high = (e.value if end is None else end for end in (e.low, e.high))
            curve.append({"numbers": m, "auc": e.value, "low": low, "high": high})
        m *= 2
    return curve


def other_sources(x: np.ndarray, events: Events, source: np.ndarray, kind: Kind, *, seed: int) -> dict[str, Estimate]:
    """Trained on all sources but one, judged on that one: does the probe know memory, or quotes from books?

    Args:
        x: activations (events, dim).
        events: matched events.
        source: name of each event's source, (events,).
        kind: of probe.
        seed: of inner folds and intervals.

    Returns:
        By source; those without events of both classes are left out.
    """
    found = {}
    for name in sorted(set(source.tolist())):
        off = source == name
        try:
            line = fit_chosen(x[~off], events.positive[~off], events.document[~off], seed=seed, kind=kind)
            found[str(name)] = auc_of(line.logit(x[off]), events.take(off), seed=seed)
        except (TooFewRecords, ValueError):
            continue
    return found


def number_auc(values: np.ndarray, events: Events) -> float:
    """AUC of a single number, whichever way it points: at least 0.5."""
    area = auc(values[events.positive], values[~events.positive])
    return max(area, 1 - area)
