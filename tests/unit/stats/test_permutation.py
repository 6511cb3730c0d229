import numpy as np
import pytest
from scipy.stats import kstest, mannwhitneyu
from scipy.stats import permutation_test as scipy_permutation

from byheart.core.errors import TooFewRecords
from byheart.stats.permutation import permutation_test, sign_flip_test
from byheart.stats.sides import Sides


def test_all_dealings_by_hand():
    # two against two, members on top: 6 dealings, only the true one has AUC 1 -> p = 1/6, and all are at most 1
    t = permutation_test(Sides.of([3, 4], [1, 2]), seed=0)
    assert (t.p, t.opposite, t.observed, t.exact, t.null.size) == (1 / 6, 1.0, 1.0, True, 6)
    assert t.how() == "all 6 dealings"


def test_groups_are_dealt_whole():
    # eight records but four groups: again one dealing in six, not one in 70
    t = permutation_test(Sides.of([3, 4, 3, 4], [1, 2, 1, 2], list("aabb"), list("ccdd")), seed=0)
    assert (t.p, t.null.size) == (1 / 6, 6)


def test_exact_agrees_with_scipy():
    rng = np.random.default_rng(0)
    m, n = rng.normal(0.5, 1, 6), rng.normal(size=5)
    assert permutation_test(Sides.of(m, n), seed=0).p == pytest.approx(
        mannwhitneyu(m, n, alternative="greater", method="exact").pvalue
    )
    theirs = scipy_permutation((m, n), lambda a, b: a.mean() - b.mean(), alternative="greater", n_resamples=np.inf)
    ours = permutation_test(Sides.of(m, n), seed=0, statistic="mean")
    assert ours.p == pytest.approx(theirs.pvalue)
    assert ours.observed == pytest.approx(theirs.statistic)


def test_drawn_dealings_are_never_zero_and_repeat_with_the_seed():
    sides = Sides.of(np.arange(50) + 100, np.arange(50))
    t = permutation_test(sides, seed=0, n_resamples=199)
    assert (t.p, t.exact) == (1 / 200, False)
    assert np.array_equal(t.null, permutation_test(sides, seed=0, n_resamples=199).null)
    assert not np.array_equal(t.null, permutation_test(sides, seed=1, n_resamples=199).null)


def test_uniform_under_the_null_with_strong_groups():
    # 300 draws of 12 + 12 groups of 1 to 6 records that are nearly copies; a uniform p fails KS at 0.001 once in 1000
    rng, ps = np.random.default_rng(1), []
    for _ in range(300):
        sizes = rng.integers(1, 7, 24)
        groups = np.repeat(np.arange(24), sizes)
        values = rng.normal(size=24)[groups] + 0.1 * rng.normal(size=groups.size)
        is_member = groups < 12
        sides = Sides.of(values[is_member], values[~is_member], groups[is_member], groups[~is_member])
        ps.append(permutation_test(sides, seed=len(ps), n_resamples=199).p)
    assert kstest(ps, "uniform").pvalue > 0.001
    assert np.mean(np.array(ps) <= 0.05) <= 0.09  # exceeds with probability 0.001


def test_within_groups_on_both_sides():
    # every author has members and controls; authors differ wildly, records within an author do not: no false alarm,
    # and an effect inside the authors is seen
    rng = np.random.default_rng(2)
    author = np.repeat(np.arange(15), 4)
    level, noise = 100 * rng.normal(size=15)[author], rng.normal(size=(2, 60))
    null = Sides.of(level + noise[0], level + noise[1], author, author)
    effect = Sides.of(level + noise[0] + 1.5, level + noise[1], author, author)
    assert permutation_test(null, seed=0).p > 0.05
    assert permutation_test(effect, seed=0).p < 0.001
    assert np.std(permutation_test(null, seed=0).null) < 0.02  # dealing over authors would spread by 0.1


def test_mixed_kinds_of_groups():
    t = permutation_test(Sides.of([5, 6, 7, 9], [1, 2, 3, 8], list("abcz"), list("defz")), seed=0, n_resamples=999)
    # a..f dealt 20 ways, z 2 ways, both independently: the true dealing is on top, p near 1/40
    assert t.p == pytest.approx(1 / 40, abs=0.02)  # four standard errors


def test_sign_flips_by_hand():
    # (1, 2, 3): all 8 signs, only +++ reaches the mean 2
    t = sign_flip_test([1, 2, 3], seed=0)
    assert (t.p, t.observed, t.exact) == (1 / 8, 2.0, True)
    assert sign_flip_test([1, 2, 3, 1, 2, 3], list("abcabc"), seed=0).p == 1 / 8
    assert sign_flip_test(np.ones(40), seed=0, n_resamples=99).p == 1 / 100


def test_no_records():
    with pytest.raises(TooFewRecords):
        permutation_test(Sides.of([], [1.0]), seed=0)
    with pytest.raises(TooFewRecords):
        sign_flip_test([], seed=0)
