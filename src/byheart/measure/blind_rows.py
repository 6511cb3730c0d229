"""Can training rows be told from control rows without ever looking at the generated table?

Source: Das et al. 2024, arXiv 2406.16201 (blind baselines). Departs from it: rows of a table, and whole groups are
dealt into folds of which each is scored by a model of the folds before it (progressive validation, Blum, Kalai &
Langford 1999, doi 10.1145/307400.307439), so that each pair of records meets once and the usual interval of the AUC
holds.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from byheart.compare.rows.per_real_row import REAL
from byheart.core.card import method
from byheart.core.corpus import Corpus
from byheart.core.items.rows import Rows
from byheart.core.scores import Scores
from byheart.stats.folds import grouped_folds

COMMON_VALUES = 30  # of a categorical column; rarer ones are one value together


@method(
    paper="2406.16201",
    family="table",
    needs=("corpus",),
    unit="rank within fold",
    guesses=("membership", "share", "copies"),
    cost="a few small classifiers; no generated row is read",
    limits="failing to tell the sets apart does not prove them alike; a stronger classifier may still",
)
def blind_rows(corpus: Corpus, *, folds: int = 5, seed: int = 0) -> Scores:
    """How much a row looks like a training row to classifiers of its own cells.

    Args:
        corpus: rows of a table of role member and nonmember; others are not looked at.
        folds: parts, of which all but the first are scored in turn; fewer where a role has fewer groups.
        seed: deals the groups into folds.

    Returns:
        Scores (n,): rank within the fold, in (0, 1), higher is more like a training row; on average 0.5 for either role
        when there is nothing to find. NaN for the first fold, for other roles, and for all when a role has fewer than
        two groups.
    """
    values = np.full(len(corpus), np.nan)
    rows = np.flatnonzero(np.isin(corpus.roles, REAL))
    rows = rows[np.argsort(corpus.ids[rows].astype(str), kind="stable")]  # the order of the records does not count
    part = corpus.take(rows)
    n_groups = min((len(set(part.groups[part.roles == r])) for r in REAL), default=0)
    n_folds = min(folds, n_groups)
    if n_folds >= 2:
        fold = grouped_folds(part.groups, part.roles, n_folds, seed=seed, purpose="blind")
        values[rows] = _progressive(_cells(part.rows), part.roles == "member", fold)
    params = {"folds": n_folds, "seed": seed, "fitted": True}
    return Scores(values, corpus.ids, corpus.roles, corpus.groups, blind_rows.card, params)  # type: ignore[attr-defined]


def _cells(rows: Rows) -> np.ndarray:
    """Numbers as ranks with NaN where missing, common values one-hot, and how often the row occurs, float64 (n, p)."""
    numbers = pd.DataFrame(rows.numbers).rank(pct=True).to_numpy()
    twins = pd.DataFrame(np.hstack([rows.numbers, rows.codes])).groupby(
        list(range(rows.numbers.shape[1] + rows.codes.shape[1])), dropna=False, sort=False
    )
    times = np.log2(twins[0].transform("size").to_numpy(np.float64))
    values = np.empty((len(rows), 0))
    if rows.codes.shape[1]:
        values = OneHotEncoder(max_categories=COMMON_VALUES, sparse_output=False).fit_transform(rows.codes)
    return np.hstack([numbers, values, times[:, None]])


def _progressive(cells: np.ndarray, is_member: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Rank of each row in its fold, by models of the earlier folds, float64 (n,); NaN in the first."""
    values = np.full(len(cells), np.nan)
    for f in range(1, int(fold.max()) + 1):
        learn, tell = fold < f, fold == f
        if not tell.any() or is_member[learn].all() or not is_member[learn].any():
            continue
        both = _by_line(cells[learn], is_member[learn], cells[tell]) + _by_trees(
            cells[learn], is_member[learn], cells[tell]
        )
        values[tell] = (rankdata(both) - 0.5) / both.size
    return values


def _by_line(cells: np.ndarray, is_member: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Rank among the new rows by logistic regression, float64 (new,): sees shifted values and missing cells."""
    model = make_pipeline(
        SimpleImputer(add_indicator=True, keep_empty_features=True), StandardScaler(),
        LogisticRegression(class_weight="balanced", max_iter=5000),
    ).fit(cells, is_member)  # fmt: skip
    return np.asarray(rankdata(model.decision_function(new)), np.float64)


def _by_trees(cells: np.ndarray, is_member: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Rank among the new rows by boosted trees, float64 (new,): sees changed spread and combinations."""
    model = HistGradientBoostingClassifier(
        class_weight="balanced", max_iter=50, max_leaf_nodes=8, early_stopping=False, random_state=0
    ).fit(cells, is_member)
    return np.asarray(rankdata(model.decision_function(new)), np.float64)
