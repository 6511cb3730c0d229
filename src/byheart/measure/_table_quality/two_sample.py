"""Can a classifier tell synthetic rows from real ones?

Source: Lopez-Paz & Oquab 2017, arXiv 1610.06545 (classifier two-sample test: learn on one half, judge on the other);
SDMetrics' LogisticDetection (the score, and its three folds as an option).
Departs from it: whole entities are dealt into the halves; the AUC takes the place of the share of right answers.
"""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np
from scipy.stats import norm
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, RobustScaler, StandardScaler

from byheart.core.errors import TooFewRecords
from byheart.core.randomness import derive_seed
from byheart.core.verdict import Estimate
from byheart.measure._table_quality.encoding import Table, filled
from byheart.stats.auc import auc, auc_estimate
from byheart.stats.folds import grouped_folds
from byheart.stats.sides import Sides

Classifier = Literal["logistic", "trees"]
FEWEST = 10  # entities of either table on either side of the split
COMMON = 50  # categories of a column that the logistic regression knows by name


def two_sample(
    real: Table, synthetic: Table, *, classifier: Classifier = "logistic", seed: int, level: float = 0.95
) -> Estimate:
    """1 when the classifier does no better than chance, 0 when it is always right: 2 - 2 max(AUC, 0.5).

    Half of the entities of each table teach, the other half are judged, so that the interval and the chance level are
    those of an AUC of independent rows.

    Args:
        real: the training rows.
        synthetic: the rows to tell from them.
        classifier: logistic regression or boosted trees.
        seed: deals the entities into halves.
        level: coverage.

    Raises:
        TooFewRecords: with fewer than 20 entities in a table.
    """
    x, groups, is_synthetic = _together(real, synthetic)
    fold = grouped_folds(groups, is_synthetic, 2, seed=seed, purpose="two_sample")
    fewest = min(len(np.unique(groups[(fold == f) & (is_synthetic == s)])) for f in (0, 1) for s in (False, True))
    if fewest < FEWEST:
        raise TooFewRecords(f"a test of two halves needs {FEWEST} entities of each table in each; got {fewest}")
    learn, judge = fold == 0, fold == 1
    taught = filled(x[learn])
    n_numbers = real.n_numbers
    model = _logistic(x.shape[1], n_numbers) if classifier == "logistic" else _trees(x.shape[1], n_numbers, seed)
    chance = model.fit(taught, is_synthetic[learn]).predict_proba(x[judge])[:, 1]
    truth, of = is_synthetic[judge], groups[judge]
    found = auc_estimate(Sides.of(chance[truth], chance[~truth], of[truth], of[~truth]), level=level)
    low, value, high = (_score(a) for a in (found.high, found.value, found.low))
    name = "logistic regression" if classifier == "logistic" else "boosted trees"
    unit = f"2 - 2 max(AUC, 0.5), {name}, {int((~truth).sum())} real rows against {int(truth.sum())}"
    how = f"learned on one half, judged on the other; AUC {found.value:.3f}; interval of the AUC (DeLong)"
    return Estimate(value, low, high, found.n, unit, how, level)


def chance_level(n_real: int, n_synthetic: int, *, level: float = 0.95) -> Estimate:
    """What the score is when there is nothing to tell, at halves of so many rows: its mean, and where it falls.

    The AUC of independent rows is normal about 0.5 with the variance of Mann & Whitney 1947, (m + n + 1) / (12 m n).

    >>> round(chance_level(2000, 2000).value, 4)
    0.9897
    """
    m, n = n_real // 2, n_synthetic // 2
    unit = f"score without any difference, {m} real and {n} synthetic rows judged"
    if min(m, n) < 1:
        return Estimate(None, None, None, 0, unit, "no rows to judge", level)
    spread = float(np.sqrt((m + n + 1) / (12 * m * n)))
    low = max(1 - 2 * spread * float(norm.ppf((1 + level) / 2)), 0.0)
    mean = max(1 - 2 * spread / float(np.sqrt(2 * np.pi)), 0.0)  # E max(Z, 0) = 1 / sqrt(2 pi)
    how = f"closed form; the AUC is normal about 0.5 with standard deviation {spread:.4f}, {level:.0%} in the middle"
    return Estimate(mean, low, 1.0, m + n, unit, how, level)


def sdmetrics_detection(real: Table, synthetic: Table, *, seed: int) -> float:
    """SDMetrics' LogisticDetection: mean over three stratified folds of 1 - (2 max(AUC, 0.5) - 1).

    Raises:
        TooFewRecords: with fewer than 3 rows in a table.
    """
    if min(len(real), len(synthetic)) < 3:
        raise TooFewRecords(f"three folds need 3 rows of each table; got {len(real)} and {len(synthetic)}")
    p = real.n_numbers
    x, _, is_synthetic = _together(real, synthetic)
    middle = np.nan_to_num(np.nanmean(np.where(np.isnan(real.numbers).all(axis=0), 0.0, real.numbers), axis=0))
    numbers = np.where(np.isnan(x[:, :p]), middle, x[:, :p])
    hot = OneHotEncoder(handle_unknown="ignore")
    categories = hot.fit(x[: len(real), p:]).transform(x[:, p:]).toarray() if x.shape[1] > p else x[:, p:]
    features = np.concatenate([numbers, categories], axis=1)
    folds = StratifiedKFold(3, shuffle=True, random_state=derive_seed(seed, "sdmetrics") % 2**32)
    scores = []
    for learn, judge in folds.split(features, is_synthetic):
        model = make_pipeline(SimpleImputer(), RobustScaler(), LogisticRegression())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # 100 steps, as there
            told = model.fit(features[learn], ~is_synthetic[learn]).predict_proba(features[judge])[:, 1]
        scores.append(_score(auc(told[~is_synthetic[judge]], told[is_synthetic[judge]])))
    return float(np.mean(scores))


def _score(area: float | None) -> float:
    return 2 - 2 * max(0.5 if area is None else area, 0.5)


def _together(real: Table, synthetic: Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers and codes of both, whose row each is, and whether it is synthetic; real rows first."""
    x = np.concatenate([real.matrix(), synthetic.matrix()])
    return x, np.concatenate([real.groups, synthetic.groups]), np.arange(len(x)) >= len(real)


def _logistic(n_columns: int, n_numbers: int) -> Pipeline:
    numbers = make_pipeline(SimpleImputer(add_indicator=True, keep_empty_features=True), StandardScaler())
    known = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=COMMON)
    parts = [(numbers, list(range(n_numbers))), (known, list(range(n_numbers, n_columns)))]
    return make_pipeline(make_column_transformer(*(p for p in parts if p[1])), LogisticRegression(max_iter=2000))


def _trees(n_columns: int, n_numbers: int, seed: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        max_iter=50, max_leaf_nodes=15, early_stopping=False, categorical_features=np.arange(n_columns) >= n_numbers,
        random_state=derive_seed(seed, "two_sample") % 2**32,
    )  # fmt: skip
