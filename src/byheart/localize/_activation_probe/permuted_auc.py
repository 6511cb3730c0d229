"""What does a probe achieve, at the site that suits it best, where the labels mean nothing?

The labels are dealt anew to whole documents and everything is done again: cross-validation, and the choice of the site.
A linear discriminant whose covariance is that of both classes together needs one inverse per fold for all dealings:
its direction is S^-1 (m1 - m0), and only the means depend on the labels.

Source: Ojala & Garriga 2010, JMLR 11:1833-1863, test 1 (permuted labels); Fisher 1936, Annals of Eugenics 7:179-188.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata
from sklearn.covariance import ledoit_wolf

from byheart.localize._activation_probe.folds import N_FOLDS, deal
from byheart.localize._activation_probe.lines import Scaling
from byheart.stats.dealt_sums import dealings


@dataclass(frozen=True, eq=False)
class Dealt:
    """AUC of the discriminant at its best site, and what it is with labels dealt at random.

    Args:
        observed: with the true labels.
        null: (dealings,).
        p: how often chance does at least as much, never 0.
        by_site: AUC with the true labels at each site, (sites,).
    """

    observed: float
    null: np.ndarray
    p: float
    by_site: np.ndarray


def dealt_auc(
    activations: Sequence[np.ndarray], positive: np.ndarray, document: np.ndarray, unit: np.ndarray,
    *, seed: int, n_dealings: int = 200,
) -> Dealt:  # fmt: skip
    """Cross-validated AUC of the discriminant, the largest over all sites, for true and dealt labels.

    Args:
        activations: of each site (events, dim).
        positive: bool (events,).
        document: of each event, int64 (events,), kept whole by the folds.
        unit: what is dealt together, int64 (events,).
        seed: of folds and dealings.
        n_dealings: how many.
    """
    _, first = np.unique(unit, return_index=True)
    labels = dealings(positive[first], n_dealings, seed=seed)[:, unit]  # (dealings, events), row 0 true
    fold = deal(document, positive, N_FOLDS, seed=seed)
    areas = np.stack([_areas(x, labels, fold) for x in activations])  # (sites, dealings)
    largest = areas.max(axis=0)
    p = (1 + int((largest[1:] >= largest[0] - 1e-12).sum())) / (1 + n_dealings)
    return Dealt(float(largest[0]), largest[1:], p, areas[:, 0])


def _areas(x: np.ndarray, labels: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Cross-validated AUC under each labelling, (dealings,)."""
    scores = np.zeros((len(x), len(labels)))
    for k in range(N_FOLDS):
        on, off = fold != k, fold == k
        scaling = Scaling.of(x[on])
        z, own = scaling.cut(x[on]), labels[:, on].astype(np.float64)
        covariance = ledoit_wolf(z)[0] + 1e-9 * np.eye(z.shape[1])
        n1, n0 = own.sum(axis=1, keepdims=True), (1 - own).sum(axis=1, keepdims=True)
        m1, m0 = own @ z / np.maximum(n1, 1), (1 - own) @ z / np.maximum(n0, 1)
        w = np.linalg.solve(covariance, (m1 - m0).T)  # (dim, dealings)
        scores[off] = scaling.cut(x[off]) @ w - ((m1 + m0) / 2 * w.T).sum(axis=1)
    ranks = rankdata(scores, axis=0)
    n1 = labels.sum(axis=1)
    above = (ranks * labels.T).sum(axis=0) - n1 * (n1 + 1) / 2
    areas: np.ndarray = above / (n1 * (labels.shape[1] - n1))
    return areas
