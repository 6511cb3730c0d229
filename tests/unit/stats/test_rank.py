import itertools

import numpy as np
import pytest
from scipy.stats import combine_pvalues, kstest, mannwhitneyu

from byheart.core.errors import TooFewRecords
from byheart.stats.rank import (
    canary_rank,
    exposure,
    fisher_p,
    null_exposure,
    rank_p,
    rank_sum_p,
    shared_pool_test,
    sum_of_ranks_p,
)  # fmt: skip


def test_ranks_by_hand_with_ties_against_the_canary():
    controls = np.array([1.0, 2.0, 2.0, 3.0])
    # 4 beats all (rank 1); 2 is tied with two and below one (rank 4); 0 is last (rank 5)
    assert canary_rank(np.array([4.0, 2.0, 0.0]), controls).tolist() == [1, 4, 5]
    assert rank_p(np.array([4.0, 2.0, 0.0]), controls).tolist() == [0.2, 0.8, 1.0]


def test_exposure_is_never_negative_and_is_minus_log_p():
    rng = np.random.default_rng(0)
    canaries, controls = np.r_[rng.normal(size=50), -99.0], rng.normal(size=31)
    bits = exposure(canaries, controls)
    assert bits.min() == 0  # the worst rank is m + 1; log2(m) in its place would give a negative exposure
    assert bits.max() <= 5
    assert 2.0**-bits == pytest.approx(rank_p(canaries, controls))


def test_null_mean_of_exposure():
    # by enumeration for 3 controls: (2 - 0 + 2 - 1 + 2 - log2 3 + 2 - 2) / 4; and log2 e for many
    assert null_exposure(3) == pytest.approx((2 + 1 + (2 - np.log2(3)) + 0) / 4)
    assert null_exposure(10**6) == pytest.approx(1.4427, abs=1e-4)


def test_sum_of_ranks_by_enumeration():
    sizes = [3, 5, 2]  # controls of three canaries
    sums = [sum(r) for r in itertools.product(*(range(1, m + 2) for m in sizes))]
    for ranks in ([1, 1, 1], [2, 3, 1], [4, 6, 3]):
        assert sum_of_ranks_p(ranks, sizes) == pytest.approx(np.mean(np.array(sums) <= sum(ranks)))


def test_sum_of_ranks_keeps_its_precision_far_out():
    # 20 canaries, each first among 100: exactly 101^-20
    assert sum_of_ranks_p([1] * 20, [100] * 20) == pytest.approx(101.0**-20)
    assert sum_of_ranks_p([101] * 20, [100] * 20) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="rank lies between"):
        sum_of_ranks_p([0], [5])


def test_fisher_agrees_with_scipy():
    assert fisher_p([0.01, 0.2, 0.5]) == pytest.approx(combine_pvalues([0.01, 0.2, 0.5]).pvalue)
    with pytest.raises(ValueError, match="lie in"):
        fisher_p([0.0, 0.5])


def test_rank_sum_agrees_with_scipy_and_with_counting_ties():
    rng = np.random.default_rng(1)
    a, b = rng.normal(1, 1, 7), rng.normal(size=40)
    assert rank_sum_p(a, b) == pytest.approx(mannwhitneyu(a, b, alternative="greater", method="exact").pvalue)
    # values 1 2 2 3, canaries {2, 3}: pairs with mid-ranks 1, 2.5, 2.5, 4 reach 6.5 in 2 of 6 ways
    assert rank_sum_p(np.array([2.0, 3.0]), np.array([1.0, 2.0])) == pytest.approx(2 / 6)


def test_shared_pool_by_enumeration():
    # 2 canaries among 3 controls, seen order (best first) C c C c c: exposures 2 bits and 1 bit, mean 1.5.
    # Of the 10 dealings CC... give 2, C.C.. 1.5, and C..C. (2 + 2 - log2 3) / 2 = 1.21: so p = 2/10
    t = shared_pool_test([(np.array([5.0, 3.0]), np.array([4.0, 2.0, 1.0]))], seed=0)
    assert t.observed == pytest.approx(1.5)
    assert t.p == pytest.approx(0.2, abs=0.016)  # four standard errors


def test_shared_pool_is_uniform_where_independence_would_fail():
    # 30 canaries among 10 shared controls: treating their ranks as independent rejects far too often
    rng, shared, independent = np.random.default_rng(2), [], []
    for i in range(300):
        canaries, controls = rng.normal(size=30), rng.normal(size=10)
        shared.append(shared_pool_test([(canaries, controls)], seed=i, n_resamples=199).p)
        independent.append(sum_of_ranks_p(canary_rank(canaries, controls), [10] * 30))
    assert kstest(shared, "uniform").pvalue > 0.001  # false-alarm rate
    assert np.mean(np.array(shared) <= 0.05) <= 0.09  # false-alarm rate 0.001
    assert np.mean(np.array(independent) <= 0.05) > 0.15


def test_pools_of_ties_prove_nothing():
    assert shared_pool_test([(np.zeros(4), np.zeros(9))], seed=0, n_resamples=99).p == 1


def test_nothing_to_rank():
    with pytest.raises(TooFewRecords):
        canary_rank(np.ones(1), np.array([]))
    with pytest.raises(TooFewRecords):
        shared_pool_test([(np.array([]), np.ones(2))], seed=0)
    with pytest.raises(TooFewRecords):
        rank_sum_p(np.array([]), np.ones(2))
