"""Does a model that learned from synthetic rows do its work on real ones?

Source: Esteban, Hyland & Rätsch 2017, arXiv 1706.02633, section 4.2 (train on synthetic, test on real); Fang et al.
2024, arXiv 2412.11044, appendix (boosted trees, AUC or R2). One class against the rest: Provost & Domingos
2003, Machine Learning 52:199-215, here every class weighs the same.
Departs from it: scikit-learn's boosted trees with fixed settings take the place of a tuned XGBoost.
"""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from byheart.core.errors import DataError, TooFewRecords
from byheart.core.randomness import derive_seed
from byheart.core.verdict import Estimate
from byheart.measure._table_quality.encoding import Table, filled
from byheart.measure._table_quality.influence import Score, Units, score_estimate
from byheart.stats.auc import auc_estimate, placements
from byheart.stats.sides import Sides

FEWEST = 40  # rows that scikit-learn's trees need for one split


def efficacy(learn: Table, test: Table, target: str, *, seed: int) -> Score:
    """How well trees that learned from one table tell the target in another.

    Rows whose target is missing are left out. A class that the first table lacks is told by nothing: AUC 0.5.

    Args:
        learn: the rows to learn from.
        test: real rows to be judged on.
        target: the column to tell.
        seed: of the trees.

    Returns:
        Score over the test rows: mean AUC of each class against the rest, or R2 for a number.

    Raises:
        TooFewRecords: with fewer than 40 rows to learn from, or 2 to be judged on.
        DataError: if the target has one value only, or there is no other column.
    """
    if len(learn.names) < 2:
        raise DataError(f"there is no column beside {target!r} to tell it from")
    (y, known), (truth, judged) = _target(learn, target), _target(test, target)
    if known.sum() < FEWEST or judged.sum() < 2:
        raise TooFewRecords(
            f"needs {FEWEST} rows with {target!r} to learn from and 2 to judge; got {known.sum()} and {judged.sum()}"
        )
    x, new = learn.without(target), test.without(target)
    y, truth = y[known], truth[judged]
    for values, where in ((y, "to learn from"), (truth, "to be judged on")):
        if len(np.unique(values)) < 2:
            raise DataError(f"{target!r} has one value only in the rows {where}; nothing can be told")
    regress = learn.names.index(target) < learn.n_numbers
    told = (_regress if regress else _classify)(x.take(known), y, new.take(judged), seed)
    found = r2_score(truth, told[:, 0]) if regress else one_against_rest(truth, _by_class(told, np.unique(y), truth))
    moves = np.zeros(len(test))
    moves[judged] = found.moves[0]
    return Score(found.value, (moves,))


def efficacy_estimate(score: Score, test: Table, target: str, *, how: str) -> Estimate:
    """The score with an interval over the test rows; the trees are taken as they are."""
    regress = test.names.index(target) < test.n_numbers
    unit = f"R2 of {target!r}" if regress else f"AUC of {target!r}, mean of each class against the rest"
    bounds = (-np.inf, 1.0) if regress else (0.0, 1.0)
    found = score_estimate(score, Units.of(test.groups), unit=f"{unit}; {len(test)} test rows", how=how, bounds=bounds)
    if score.moves[0].any() or regress:
        return found
    y, judged = _target(test, target)
    sides = [Sides.of(y[judged] == c, y[judged] != c) for c in np.unique(y[judged])]
    ends = [auc_estimate(s.with_values(np.ones(s.members.size), np.zeros(s.controls.size))) for s in sides]
    low = float(np.mean([e.low or 0.0 for e in ends])) if score.value == 1 else None
    return Estimate(score.value, low, 1.0 if low is not None else None, found.n, found.unit, found.how, found.level)


def one_against_rest(truth: np.ndarray, told: np.ndarray) -> Score:
    """Mean over classes of the AUC of a class against the rest; with two classes both AUCs are one.

    Args:
        truth: class of each row, any labels, (n,).
        told: how likely each class of `np.unique(truth)` is, float64 (n, classes).
    """
    classes = np.unique(truth)
    areas, moves = [], np.zeros(len(truth))
    for c, chance in zip(classes, told.T, strict=True):
        own = truth == c
        found = placements(Sides.of(chance[own], chance[~own]))
        areas.append(found.auc)
        moves[own] += found.by_members[: own.sum()]
        moves[~own] += found.by_controls[own.sum() :]
    return Score(float(np.mean(areas)), (moves / len(classes),))


def r2_score(truth: np.ndarray, told: np.ndarray) -> Score:
    """1 - (mean squared error) / (variance): 1 is perfect, 0 is as good as the mean.

    >>> r2_score(np.array([0.0, 2.0]), np.array([0.0, 1.0])).value
    0.5
    """
    error, spread = (truth - told) ** 2, (truth - truth.mean()) ** 2
    lost = float(error.sum() / spread.sum())
    return Score(1 - lost, (-(error - lost * spread) / spread.sum(),))


def _target(table: Table, target: str) -> tuple[np.ndarray, np.ndarray]:
    """Values of the target, and which rows have one."""
    at, p = table.names.index(target), table.n_numbers
    if at < p:
        return table.numbers[:, at], ~np.isnan(table.numbers[:, at])
    return table.codes[:, at - p], ~table.absent[:, at - p]


def _classify(x: Table, y: np.ndarray, new: Table, seed: int) -> np.ndarray:
    steps = max(10, 100 // max(1, len(np.unique(y)) - 1))  # a tree for each class and step
    trees = HistGradientBoostingClassifier(
        max_iter=steps, max_leaf_nodes=15, early_stopping=False, categorical_features=_is_category(x),
        random_state=derive_seed(seed, "efficacy") % 2**32,
    )  # fmt: skip
    told: np.ndarray = trees.fit(filled(x.matrix()), y).predict_proba(new.matrix())
    return told


def _regress(x: Table, y: np.ndarray, new: Table, seed: int) -> np.ndarray:
    trees = HistGradientBoostingRegressor(
        max_iter=100, max_leaf_nodes=15, early_stopping=False, categorical_features=_is_category(x),
        random_state=derive_seed(seed, "efficacy") % 2**32,
    )  # fmt: skip
    told: np.ndarray = trees.fit(filled(x.matrix()), y).predict(new.matrix())
    return told[:, None]


def _is_category(x: Table) -> np.ndarray:
    return np.arange(len(x.names)) >= x.n_numbers


def _by_class(told: np.ndarray, known: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The columns of the classes that occur in truth, 0 for those that were never learned."""
    classes = np.unique(truth)
    found = np.zeros((len(told), len(classes)))
    for j, c in enumerate(classes):
        at = np.flatnonzero(known == c)
        if at.size:
            found[:, j] = told[:, at[0]]
    return found
