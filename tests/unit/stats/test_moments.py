import numpy as np
import pytest

from byheart.stats.moments import Moments, cohen_d


def of(x):
    moments = Moments(x.shape[1])
    moments.update(x)
    return moments


def test_by_hand():
    # a: 1, 3 (mean 2, sum of squares 2); b: 0, 0, 3 (mean 1, sum of squares 6); pooled variance 8/3; d = 1/sqrt(8/3)
    a, b = of(np.array([[1.0], [3.0]])), of(np.array([[0.0], [0.0], [3.0]]))
    assert (a.n, float(a.mean[0]), float(a.m2[0]), float(a.variance[0])) == (2, 2.0, 2.0, 2.0)
    assert cohen_d(a, b)[0] == pytest.approx((8 / 3) ** -0.5)
    assert cohen_d(b, a)[0] == pytest.approx(-((8 / 3) ** -0.5))


def test_streaming_equals_two_passes_in_any_order():
    rng = np.random.default_rng(0)
    a, b = rng.normal(1000, 1, (500, 7)), rng.normal(1000.3, 2, (300, 7))
    pooled = (499 * a.var(axis=0, ddof=1) + 299 * b.var(axis=0, ddof=1)) / 798
    expected = (a.mean(axis=0) - b.mean(axis=0)) / np.sqrt(pooled)
    for seed in range(3):
        sides = []
        for x in (a, b):
            order, moments = np.random.default_rng(seed).permutation(len(x)), Moments(7)
            for part in np.array_split(x[order], [1, 2, 40, 41, 200]):
                moments.update(part)
            sides.append(moments)
        np.testing.assert_allclose(cohen_d(*sides), expected, atol=1e-6)


def test_merged_halves_are_the_whole():
    x = np.random.default_rng(1).normal(size=(50, 3))
    halves, whole, empty = [of(x[:13]), of(x[13:])], of(x), Moments(3)
    empty.merge(halves[0])
    empty.merge(halves[1])
    empty.merge(Moments(3))
    assert empty.n == whole.n
    np.testing.assert_allclose(empty.mean, whole.mean, rtol=1e-12)
    np.testing.assert_allclose(empty.m2, whole.m2, rtol=1e-12)


def test_half_precision_is_added_up_in_double():
    # in float16 a sum of 5000 ones stops at 2048, where the next number is 2050
    x = np.ones((5000, 1), dtype=np.float16)
    x[0] = 3
    moments = Moments(1)
    for part in np.array_split(x, 10):
        moments.update(part)
    assert moments.mean[0] == pytest.approx(1 + 2 / 5000, rel=1e-12)
    assert moments.m2[0] == pytest.approx(4 * (1 - 1 / 5000), rel=1e-9)  # n p (1 - p) times 2 squared
    assert moments.mean.dtype == np.float64


def test_what_does_not_vary_has_no_distance():
    a, b = of(np.ones((4, 1))), of(np.zeros((4, 1)))
    assert np.isnan(cohen_d(a, b)[0])
    assert np.isnan(cohen_d(of(np.ones((1, 1))), of(np.zeros((1, 1))))[0])
    assert np.isnan(Moments(1).variance[0])


def test_vectors_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"\(events, 3\); got \(2, 4\)"):
        Moments(3).update(np.zeros((2, 4)))
