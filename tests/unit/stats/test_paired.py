import numpy as np
import pytest
from scipy.stats import binom, page_trend_test

from byheart.core.errors import TooFewRecords
from byheart.stats.paired import compare_pairs, trend, two_sided


def test_pairs_by_hand():
    """b - a = 1, 2, 3, 4 all up: 2 of 16 sign flips reach a mean of 2.5 on either side, p = 1/16 x 2 = 0.125.

    c - a = 0 everywhere: every dealing is as far, p = 1. c - b is the first one mirrored. Holm: 3 x 0.125 for both, and
    1.
    """
    values = {"a": np.array([0.0, 0, 0, 0]), "b": np.array([1.0, 2, 3, 4]), "c": np.zeros(4)}
    found = compare_pairs(values, seed=0, unit="words")
    assert [(x.first, x.second) for x in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [x.difference.value for x in found] == [2.5, 0.0, -2.5]
    assert [x.p for x in found] == [0.125, 1.0, 0.125]
    assert [x.adjusted for x in found] == [0.375, 1.0, 0.375]
    assert found[0].difference.low > 0 > found[2].difference.high
    assert found[0].difference.unit == "words"


def test_what_one_model_did_not_answer_is_left_out_and_groups_flip_together():
    values = {"a": np.array([0.0, 0, np.nan, 0]), "b": np.array([1.0, 1, 9, 1])}
    assert "1 records answered by one model only" in compare_pairs(values, seed=0)[0].difference.how
    assert compare_pairs(values, seed=0)[0].p == 0.25  # three differences: 2 of 8
    assert compare_pairs(values, ["x", "x", "y", "z"], seed=0)[0].p == 0.5  # two groups: 2 of 4
    with pytest.raises(TooFewRecords):
        compare_pairs({"a": np.array([1.0]), "b": np.array([2.0])}, seed=0)


def test_a_trend_by_hand():
    """Ranks 1 2 3 (rho 1), 1 2 3, 3 2 1 (rho -1), all alike (0): mean 1/4."""
    table = np.array([[1.0, 2, 3], [0, 5, 9], [3, 2, 1], [4, 4, 4], [np.nan, 1, 2]])
    found, p = trend(table, seed=0)
    assert found.value == pytest.approx(0.25)
    assert found.n == 4
    assert 0.1 < p < 0.5
    assert trend(-table, seed=0)[0].value == pytest.approx(-0.25)


def test_the_trend_agrees_with_pages_test():
    rng = np.random.default_rng(0)
    table = rng.random((12, 4)) + 0.15 * np.arange(4)
    expected = page_trend_test(table, method="asymptotic").pvalue
    assert trend(table, seed=0, n_resamples=4000)[1] == pytest.approx(expected, rel=0.35)


def test_both_hold_their_level_under_the_null():
    """Models alike, records unlike: 300 draws at 5 %; more than 26 have probability under 0.2 %."""
    rng, wrong_pair, wrong_trend = np.random.default_rng(1), 0, 0
    for _ in range(300):
        table = rng.normal(size=(10, 1)) * 5 + rng.normal(size=(10, 3))
        wrong_pair += two_sided(table[:, 1] - table[:, 0], seed=int(rng.integers(10**6)), n_resamples=400) <= 0.05
        wrong_trend += trend(table, seed=int(rng.integers(10**6)), n_resamples=200)[1] <= 0.05
    most = binom.ppf(0.998, 300, 0.05)
    assert wrong_pair <= most
    assert wrong_trend <= most


def test_a_trend_needs_two_models():
    with pytest.raises(TooFewRecords, match="2 models"):
        trend(np.zeros((5, 1)), seed=0)
