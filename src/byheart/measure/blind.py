"""Can members be told from control without ever asking the model?

Source: Das et al. 2024, arXiv 2406.16201 (blind baselines); Meeus et al. 2024, arXiv 2406.17975 (bag of words).
Departs from it: whole groups are dealt into folds, and each fold is scored by a model of the folds *before* it
(progressive validation, Blum, Kalai & Langford 1999, doi 10.1145/307400.307439). Nothing is fitted on the fold it
scores, nothing is tuned, and each pair of records meets once: in plain cross-fitting it meets twice, as teacher and as
pupil, which doubles the variance of the AUC when there is nothing to find while every usual interval misses it. Scores
become ranks within their fold, since raw scores of different models pull a pooled AUC below one half.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.stats import rankdata
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from byheart.core.card import method
from byheart.core.corpus import Corpus
from byheart.core.scores import Scores
from byheart.stats.folds import grouped_folds

DATES = ("date", "published", "created", "created_at", "timestamp", "year")


@method(
    paper="2406.16201",
    family="text",
    needs=("corpus",),
    unit="rank within fold",
    guesses=("membership", "set", "hunted_set"),
    cost="a few small regressions; no model",
    limits="failing to tell the sets apart does not prove them alike; a stronger reader may still",
)
def blind(corpus: Corpus, *, folds: int = 5, seed: int = 0) -> Scores:
    """How much a record looks like a member to a reader of words, lengths and dates.

    Args:
        corpus: records of role member and nonmember; reads a column named like a date, if there is one.
        folds: parts, of which all but the first are scored in turn; fewer where a role has fewer groups.
        seed: deals the groups into folds.

    Returns:
        Scores (n,): rank within the fold, in (0, 1), higher is more like a member; on average 0.5 for either role when
        there is nothing to find. NaN for the first fold, for other roles, and for all when a role has fewer than two
        groups.
    """
    values = np.full(len(corpus), np.nan)
    rows = np.flatnonzero(np.isin(corpus.roles, ("member", "nonmember")))
    rows = rows[np.argsort(corpus.ids[rows].astype(str), kind="stable")]  # the order of the records does not count
    part = corpus.take(rows)
    n_groups = min((len(set(part.groups[part.roles == r])) for r in ("member", "nonmember")), default=0)
    n_folds = min(folds, n_groups)
    if n_folds >= 2:
        fold = grouped_folds(part.groups, part.roles, n_folds, seed=seed, purpose="blind")
        values[rows] = _progressive(part, fold)
    params = {"folds": n_folds, "seed": seed, "dates": _date_column(corpus), "fitted": True}
    return Scores(values, corpus.ids, corpus.roles, corpus.groups, blind.card, params)  # type: ignore[attr-defined]


def _progressive(corpus: Corpus, fold: np.ndarray) -> np.ndarray:
    """Rank of each record in its fold, by a model of the earlier folds, float64 (n,); NaN in the first."""
    counts = HashingVectorizer(n_features=2**18, ngram_range=(1, 2), alternate_sign=False, norm=None, dtype=np.float64)
    words, facts = counts.transform(corpus.texts), _facts(corpus)
    is_member = corpus.roles == "member"
    values = np.full(len(corpus), np.nan)
    for f in range(1, int(fold.max()) + 1):
        learn, tell = fold < f, fold == f
        if not tell.any() or is_member[learn].all() or not is_member[learn].any():
            continue
        score = _fit_and_tell(words[learn], facts[learn], is_member[learn], words[tell], facts[tell])
        values[tell] = (rankdata(score) - 0.5) / score.size
    return values


def _fit_and_tell(
    words: sparse.csr_matrix,
    facts: np.ndarray,
    is_member: np.ndarray,
    new_words: sparse.csr_matrix,
    new_facts: np.ndarray,
) -> np.ndarray:
    """Log-odds of member for new records, float64 (new,), by a model that saw the others only."""
    known = np.flatnonzero(words.getnnz(axis=0))
    weigh = TfidfTransformer(sublinear_tf=True).fit(words[:, known])
    scale = make_pipeline(SimpleImputer(add_indicator=True, keep_empty_features=True), StandardScaler()).fit(facts)

    def table(w: sparse.csr_matrix, x: np.ndarray) -> sparse.csr_matrix:
        return sparse.csr_matrix(sparse.hstack([weigh.transform(w[:, known]), scale.transform(x)]))

    model = LogisticRegression(class_weight="balanced", max_iter=5000).fit(table(words, facts), is_member)
    odds: np.ndarray = model.decision_function(table(new_words, new_facts))
    return odds


def _facts(corpus: Corpus) -> np.ndarray:
    """Log of characters, log of words, characters per word and, if there is one, date, float64 (n, facts)."""
    characters = np.array([len(t) for t in corpus.texts], dtype=np.float64)
    words = np.array([len(t.split()) for t in corpus.texts], dtype=np.float64)
    columns = [np.log1p(characters), np.log1p(words), characters / np.maximum(words, 1)]
    name = _date_column(corpus)
    if name is not None:
        columns.append(_as_numbers(corpus.columns[name]))
    return np.stack(columns, axis=1)


def _date_column(corpus: Corpus) -> str | None:
    return next((name for name in DATES if name in corpus.columns), None)


def _as_numbers(dates: np.ndarray) -> np.ndarray:
    """Numbers as they are, else ISO dates as days since 1970, float64 (n,); NaN where unreadable."""
    numbers = pd.to_numeric(pd.Series(dates), errors="coerce").to_numpy(dtype=np.float64)
    if not np.isnan(numbers).all():
        return numbers
    parsed = pd.to_datetime(pd.Series(dates).astype("string"), errors="coerce", utc=True, format="ISO8601")
    days = (parsed - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)
    return days.to_numpy(dtype=np.float64)
