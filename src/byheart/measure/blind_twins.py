"""Can benchmark items be told from their twins without ever asking the model?

Source: Das et al. 2024, arXiv 2406.16201 (blind baselines).
Departs from it: each version is read as its difference from the mean of its item's versions, so that only what sets an
item apart from its own twins is learnt: round numbers, usual names, the place of the right option. Groups are dealt
into folds, and each fold is told by a model of the folds before it, as in `measure/blind`.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression

from byheart.core.card import method
from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.core.scores import Scores
from byheart.data.benchmark.twins import versions
from byheart.data.text.overlap import plain_text
from byheart.stats.folds import grouped_folds


@method(
    paper="2406.16201",
    family="text",
    needs=("twins",),
    unit="share of the other versions",
    guesses=("contamination", "recall"),
    cost="a few small regressions; no model",
    limits="not to tell twins from items does not prove them as natural; a reader that knows the world still may",
)
def blind_twins(twins: Corpus, *, folds: int = 5, seed: int = 0) -> Scores:
    """How many versions of the same item look less like an item, to a reader of characters.

    Args:
        twins: items and twins, with the column `twin_of` (see `data/benchmark/twins`).
        folds: parts, of which all but the first are told in turn; fewer where there are fewer groups.
        seed: deals the groups into folds.

    Returns:
        Scores (n,): share of the other versions of the item that look less like an item, ties half, in [0, 1]; on
        average 0.5 when there is nothing to find. NaN for the first fold, and without another version. Extra columns:
        `family` and `twin`, as in `measure/contamination`.

    Raises:
        UsageError: if the column is not there.
    """
    if "twin_of" not in twins.columns:
        raise UsageError("the records have no column 'twin_of'; make them with data/benchmark/twins")
    family, twin = versions(twins)
    values = np.full(len(twins), np.nan)
    rows = _with_versions(family, twin)
    rows = rows[np.argsort(twins.ids[rows].astype(str), kind="stable")]  # the order of the records does not count
    own = dict(zip(family[twin == 0].tolist(), twins.groups[twin == 0].tolist(), strict=True))
    groups = np.array([own[f] for f in family[rows].tolist()], dtype=object)  # versions of an item are never parted
    n_folds = min(folds, len(set(groups.tolist())))
    if n_folds >= 2:
        part = twins.take(rows)
        strata = np.full(len(part), "item", dtype=object)
        fold = grouped_folds(groups, strata, n_folds, seed=seed, purpose="blind_twins")
        values[rows] = _progressive(part, family[rows], twin[rows] == 0, fold)
    params = {"folds": folds, "seed": seed, "fitted": True}
    extra = {"family": family, "twin": twin}
    return Scores(values, twins.ids, twins.roles, twins.groups, blind_twins.card, params, extra)  # type: ignore[attr-defined]


def _with_versions(family: np.ndarray, twin: np.ndarray) -> np.ndarray:
    """Rows of items that have a twin, and of the twins that have an item."""
    names, code = np.unique(family.astype(str), return_inverse=True)
    whole = (np.bincount(code, twin == 0, names.size) == 1) & (np.bincount(code, minlength=names.size) > 1)
    return np.flatnonzero(whole[code])


def _progressive(part: Corpus, family: np.ndarray, is_item: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Share of the other versions beaten by each, by a model of the earlier folds, float64 (n,); NaN in the first."""
    counts = HashingVectorizer(
        n_features=2**18, analyzer="char", ngram_range=(1, 3), alternate_sign=False, norm=None, dtype=np.float64
    )
    _, code = np.unique(family.astype(str), return_inverse=True)
    centred = _centred(counts.transform([f" {plain_text(item)} " for item in part.items]), code)
    values, odds = np.full(len(part), np.nan), np.zeros(len(part))
    for f in range(1, int(fold.max()) + 1):
        learn, tell = fold < f, fold == f
        known = np.flatnonzero(centred[learn].getnnz(axis=0))
        if known.size:  # else all versions read the same, and none is told from another
            model = LogisticRegression(class_weight="balanced", fit_intercept=False, max_iter=5000)
            model.fit(centred[learn][:, known], is_item[learn])
            odds[tell] = model.decision_function(centred[tell][:, known])
        values[tell] = _beaten(odds[tell], code[tell])
    return values


def _centred(table: sparse.csr_matrix, code: np.ndarray) -> sparse.csr_matrix:
    """Each row minus the mean of the rows of its item; columns that are the same in all versions vanish."""
    sizes = np.bincount(code)
    of_item = sparse.csr_matrix((np.ones(code.size), (np.arange(code.size), code)))
    means = sparse.diags(1 / np.maximum(sizes, 1)) @ (of_item.T @ table)
    rest = sparse.csr_matrix(table - of_item @ means)
    rest.data[np.abs(rest.data) < 1e-9] = 0
    rest.eliminate_zeros()
    return rest


def _beaten(odds: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Share of the other versions of the same item with lower odds, ties half."""
    shares = np.empty(odds.size)
    for c in np.unique(code):
        rows = np.flatnonzero(code == c)
        mine, rounded = rows.size - 1, np.round(odds[rows], 9)  # rounding makes ties of sums in another order
        ahead = (rounded[:, None] > rounded[None]) + 0.5 * (rounded[:, None] == rounded[None])
        shares[rows] = (ahead.sum(axis=1) - 0.5) / mine
    return shares
