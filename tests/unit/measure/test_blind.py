import numpy as np
import pytest
from scipy.stats import rankdata

from byheart.core.corpus import Corpus
from byheart.measure.blind import blind

WORDS = [f"w{i}" for i in range(200)]


def drawn(rng, n, words=WORDS):
    return [" ".join(rng.choice(words, rng.integers(15, 40))) for _ in range(n)]


def two_sets(members, others, **more):
    return Corpus.of([*members, *others], ["member"] * len(members) + ["nonmember"] * len(others), **more)


def auc_with_error(scores):
    """AUC and its DeLong standard error."""
    x, y = (scores.where(role).values for role in ("member", "nonmember"))
    wins = (x[:, None] > y) + 0.5 * (x[:, None] == y)
    return wins.mean(), np.sqrt(wins.mean(axis=1).var(ddof=1) / x.size + wins.mean(axis=0).var(ddof=1) / y.size)


def null(seed):
    rng = np.random.default_rng(seed)
    return auc_with_error(blind(two_sets(drawn(rng, 40), drawn(rng, 40)), seed=seed))


@pytest.mark.parametrize(
    ("n", "least", "most"), [(60, 50, 60), pytest.param(200, 179, 199, marks=pytest.mark.slow)]
)
def test_finds_nothing_where_nothing_is(n, least, most):
    """Pairs of sets drawn alike: mean AUC within 4 standard errors of 0.5 and intervals that cover at their level.

    Of 60 intervals at 95 % fewer than 50 cover, or of 200 fewer than 179 or all, less than once in 2,000.
    """
    results = np.array([null(seed) for seed in range(n)])
    auc, error = results[:, 0], results[:, 1]
    assert abs(auc.mean() - 0.5) < 4 * auc.std() / np.sqrt(n)
    assert least <= (np.abs(auc - 0.5) < 1.96 * error).sum() <= most


@pytest.mark.parametrize("difference", ["words", "length", "date"])
def test_finds_a_planted_shift(difference):
    rng = np.random.default_rng(1)
    members, others, columns = drawn(rng, 60), drawn(rng, 60), {}
    if difference == "words":
        others = [text + " " + rng.choice(["epidemic", "lockdown", "vaccine"]) for text in others]
    if difference == "length":
        others = [text + " " + " ".join(drawn(rng, 1)) for text in others]
    if difference == "date":
        columns = {"date": [f"20{y:02d}-03-01" for y in [*rng.integers(10, 20, 60), *rng.integers(18, 26, 60)]]}
    auc, error = auc_with_error(blind(two_sets(members, others, columns=columns)))
    assert auc - 4 * error > 0.5


def test_nothing_is_fitted_on_the_fold_it_scores():
    """Another text in the last fold changes no other fold's scores."""
    rng = np.random.default_rng(2)
    corpus = two_sets(drawn(rng, 20), drawn(rng, 20))
    before = blind(corpus, folds=2)
    victim = int(np.flatnonzero(~np.isnan(before.values))[0])
    items = list(corpus.items)
    items[victim] = "something else entirely"
    after = blind(Corpus(items, corpus.ids, corpus.roles, corpus.groups), folds=2)
    others = np.setdiff1d(np.flatnonzero(~np.isnan(before.values)), victim)
    order = rankdata(before.values[others]), rankdata(after.values[others])
    np.testing.assert_array_equal(*order)


def test_first_fold_and_other_roles_have_no_score():
    rng = np.random.default_rng(3)
    corpus = two_sets(drawn(rng, 25), drawn(rng, 25)) + Corpus.of(drawn(rng, 3), "canary")
    values = blind(corpus).values
    assert np.isnan(values[-3:]).all()
    assert np.isnan(values[:50]).sum() == 10  # one fold of five


def test_too_few_groups_is_no_score():
    corpus = two_sets(["a b", "c d"], ["e f", "g h"], groups=["x", "x", "y", "z"])
    assert np.isnan(blind(corpus).values).all()
    assert blind(corpus).params["folds"] == 1


def test_a_date_that_only_one_side_has_tells_them_apart():
    """Half of the members have a date and no control has: a half is told, so an AUC of 3/4."""
    rng = np.random.default_rng(5)
    columns = {"date": ["2020-03-01" if i % 2 else None for i in range(60)] + [None] * 60}
    auc, error = auc_with_error(blind(two_sets(drawn(rng, 60), drawn(rng, 60), columns=columns)))
    assert auc - 4 * error > 0.5


def test_unreadable_dates_do_no_harm():
    rng = np.random.default_rng(4)
    corpus = two_sets(drawn(rng, 10), drawn(rng, 10), columns={"date": [None, "long ago"] * 10})
    assert not np.isnan(blind(corpus, folds=2).values).all()
