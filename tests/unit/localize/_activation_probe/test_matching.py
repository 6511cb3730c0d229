import numpy as np

from byheart.localize._activation_probe.matching import confidence_features, matched, propensity, strata_of_equal_size
from byheart.stats.auc import auc

from .conftest import events


def test_matching_takes_the_answer_out_of_confidence():
    """p of class 1 in .9-1, of class 0 in 0-1: before, p has AUC over 0.9; after, p, entropy and margin are at 0.5.

    20 strata of nearly equal size leave at most 1/40 of AUC to what is matched; the bar is 0.05 for each feature.
    """
    rng = np.random.default_rng(4)
    positive = rng.random(6000) < 0.3
    odds = np.where(positive, rng.normal(4, 1, 6000), rng.normal(1, 2, 6000))
    p = 1 / (1 + np.exp(-odds))
    entropy, margin = 5 * (1 - p) * rng.lognormal(0, 0.5, 6000) + 0.001, odds + rng.normal(0, 0.5, 6000)
    all_of = events(positive, p=p, entropy=entropy, margin=margin)
    assert auc(p[positive], p[~positive]) > 0.85
    some = all_of.take(matched(all_of, seed=0))
    assert some.positive.sum() == (~some.positive).sum() > 500
    for name in ("p", "entropy", "margin"):
        values = getattr(some, name)
        assert abs(auc(values[some.positive], values[~some.positive]) - 0.5) < 0.05, name


def test_strata_bound_what_is_left():
    rng = np.random.default_rng(5)
    positive = np.arange(2000) < 700
    values = np.where(positive, rng.normal(2, 1, 2000), rng.normal(0, 1.5, 2000))
    for k in (5, 20):
        rows = strata_of_equal_size(values, positive, np.ones(2000, bool), seed=0, n_strata=k)
        v, one = values[rows], positive[rows]
        assert one.sum() == (~one).sum()
        assert abs(auc(v[one], v[~one]) - 0.5) <= 1 / k
    assert strata_of_equal_size(np.arange(10.0), np.arange(10) > 4, np.ones(10, bool), seed=0).size == 0


def test_events_that_begin_words_come_first():
    """Two classes of the same value; class 0 has 5 word starts of 10, class 1 has 5 events: those 5 are taken."""
    positive, starts = np.arange(15) >= 10, np.arange(15) % 2 == 0
    rows = strata_of_equal_size(np.zeros(15), positive, starts, seed=0, n_strata=1)
    assert set(rows.tolist()) == {0, 2, 4, 6, 8, 10, 11, 12, 13, 14}


def test_propensity_is_higher_for_the_first_class():
    positive = np.arange(200) < 100
    told = events(positive, p=np.where(positive, 0.95, 0.4) + np.linspace(0, 0.04, 200))
    odds = propensity(confidence_features(told), positive)
    assert odds[positive].min() > odds[~positive].max()
