import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from byheart.core.errors import TooFewRecords
from byheart.stats.intervals import bootstrap_mean, clopper_pearson, group_weights, proportion, wilson
from byheart.stats.sides import Sides


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 10), (10, 10), (57, 200)])
def test_agree_with_statsmodels(k, n):
    assert clopper_pearson(k, n) == pytest.approx(proportion_confint(k, n, method="beta"), abs=1e-12)
    assert wilson(k, n, 0.9) == pytest.approx(proportion_confint(k, n, alpha=0.1, method="wilson"), abs=1e-12)


def test_clopper_pearson_by_hand():
    # 0 of n: upper end u solves (1-u)^n = 0.025, so u = 1 - 0.025^(1/3) = 0.7076 for n = 3
    assert clopper_pearson(0, 3) == pytest.approx((0.0, 1 - 0.025 ** (1 / 3)))


def test_false_alarm_rates_that_can_be_certified():
    # upper 97.5 % limits of section 3 of the anchors: 3.6 %, 0.56 %, 0.18 %
    assert clopper_pearson(0, 100)[1] == pytest.approx(0.036, abs=5e-4)
    assert clopper_pearson(1, 1000)[1] == pytest.approx(0.0056, abs=5e-5)
    assert clopper_pearson(10, 10000)[1] == pytest.approx(0.0018, abs=5e-5)


@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5), (0, 0)])
@pytest.mark.parametrize("interval", [clopper_pearson, wilson])
def test_impossible_counts(interval, k, n):
    with pytest.raises(ValueError, match="hits lie between"):
        interval(k, n)


def test_proportion_of_single_records_is_exact():
    e = proportion([True, False, False, False])
    assert (e.value, e.n) == (0.25, 4)
    assert (e.low, e.high) == pytest.approx(clopper_pearson(1, 4))


def test_proportion_of_identical_copies_is_worth_one_record_each():
    hits = np.repeat([1, 0, 0, 1, 0, 0, 0, 0, 1, 0], 7)
    e = proportion(hits, np.repeat(np.arange(10), 7))
    # 10 groups of 7 equal records: variance by groups is 10/9 * p(1-p)/10, so the 70 records are worth 9
    assert (e.low, e.high) == pytest.approx(wilson(0.3 * 9, 9))
    assert e.n == 10


def test_proportion_without_a_hit_in_groups_counts_groups():
    e = proportion(np.zeros(40), np.repeat(np.arange(10), 4))
    assert (e.value, e.high) == pytest.approx((0.0, wilson(0, 10)[1]))


def test_proportion_of_nothing():
    with pytest.raises(TooFewRecords):
        proportion([])


def test_grouped_proportion_covers():
    # 20 groups of 10 records, half of each group's records copy one coin: coverage at least 0.92 of 0.95 in 600 draws
    # (a true coverage of 0.95 falls below 0.92 with probability 0.0009; seed fixed)
    rng, covered = np.random.default_rng(3), 0
    groups = np.repeat(np.arange(20), 10)
    for _ in range(600):
        shared = np.repeat(rng.random(20) < 0.3, 10)
        hits = np.where(rng.random(200) < 0.5, shared, rng.random(200) < 0.3)
        e = proportion(hits, groups)
        covered += e.low <= 0.3 <= e.high
    assert covered / 600 > 0.92


def test_group_weights_keep_each_stratum_and_whole_groups():
    sides = Sides.of([1, 2, 3, 4], [5, 6, 7], ["a", "b", "b", "z"], ["c", "d", "z"])
    for w in group_weights(sides, np.random.default_rng(0), 20):
        assert (w[[0, 1]].sum(), w[[3, 4]].sum(), w[2]) == (2, 2, 1)  # a b | c d | z, which lies on both sides


def test_bootstrap_mean_matches_the_cluster_formula():
    rng = np.random.default_rng(1)
    by_group = rng.normal(size=60)
    values, groups = np.repeat(by_group, 5), np.repeat(np.arange(60), 5)
    e = bootstrap_mean(values, groups, seed=0, n_resamples=4000)
    se = by_group.std() / np.sqrt(60)
    assert e.value == pytest.approx(by_group.mean())
    assert e.high - e.low == pytest.approx(2 * 1.96 * se, rel=0.08)  # Monte Carlo error of the ends is about 2 %
    assert e == bootstrap_mean(values, groups, seed=0, n_resamples=4000)
    assert e != bootstrap_mean(values, groups, seed=1, n_resamples=4000)


def test_bootstrap_needs_groups():
    with pytest.raises(TooFewRecords, match="2 groups"):
        bootstrap_mean(np.ones(4), ["a"] * 4, seed=0)
