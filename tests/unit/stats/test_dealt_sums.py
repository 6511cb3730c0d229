"""d from sums that pass by, and what chance does among many numbers."""

import numpy as np
import pytest

from byheart.core.errors import TooFewRecords
from byheart.stats.dealt_sums import DealtSums, dealings, max_p
from byheart.stats.moments import Moments, cohen_d


def streamed(x, unit, dealt, rng, n_units):
    sums = DealtSums(dealt, np.bincount(unit, minlength=n_units), x.shape[1])
    for part in np.array_split(rng.permutation(len(x)), 7):
        sums.update(x[part].astype(np.float32), unit[part])
    return sums.d()


def test_by_hand():
    """Units 0 and 1 of class 1 with 1, 3 | 2 and units 2 and 3 with 0 | 0, 0.

    m1 = 2, m0 = 0; within = (1 + 1 + 0) + 0 = 2, 4 degrees of freedom: d = 2 / sqrt(2 / 4) = 2.828.
    With units 1 and 2 as class 1: 2, 0 against 1, 3, 0, 0: m1 = 1, m0 = 1: d = 0.
    """
    x = np.array([[1.0], [3.0], [2.0], [0.0], [0.0], [0.0]])
    unit = np.array([0, 0, 1, 2, 3, 3])
    sums = DealtSums(np.array([[1, 1, 0, 0], [0, 1, 1, 0]], bool), np.array([2, 1, 1, 2]), 1)
    sums.update(x[:2], unit[:2])
    sums.update(x[2:], unit[2:])
    np.testing.assert_allclose(sums.d()[:, 0], [2 * np.sqrt(2), 0.0], atol=1e-12)


@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_streamed_is_two_pass(offset):
    """To 1e-6 of the two-pass d, in shuffled portions, for every dealing, also far from the origin."""
    rng = np.random.default_rng(0)
    unit = np.repeat(np.arange(30), 20)
    x = (rng.normal(size=(600, 9)) + rng.normal(size=(30, 9))[unit] + offset).astype(np.float32)
    dealt = dealings(np.arange(30) < 12, 5, seed=1)
    d = streamed(x, unit, dealt, rng, 30)
    for row, told in zip(dealt, d, strict=True):
        one, zero = Moments(9), Moments(9)
        one.update(x[row[unit]])
        zero.update(x[~row[unit]])
        np.testing.assert_allclose(told, cohen_d(one, zero), rtol=1e-6, atol=1e-6)


def test_what_never_varies_is_no_difference():
    sums = DealtSums(np.array([[True, False]]), np.array([2, 2]), 3)
    sums.update(np.array([[5.0, 1, 0], [5, 1, 1], [5, 0, 0], [5, 0, 1]]), np.array([0, 0, 1, 1]))
    assert sums.d()[0].tolist() == [0.0, np.inf, 0.0]


def test_p_is_about_the_largest_of_all():
    assert max_p(np.array([3.0, -1.0, 0.1]), np.array([1.0, 2.0, 0.5])).tolist() == [0.25, 0.75, 1.0]


def test_p_is_calibrated_where_documents_differ():
    """Null, 24 documents of 10 correlated events, 30 numbers: p of the largest d is at most 0.1 in 10 % of runs.

    Of 200 runs 20 are expected, with a standard error of 4.2; between 8 and 33 all but once in 500 times.
    """
    hits = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        unit = np.repeat(np.arange(24), 10)
        x = rng.normal(size=(240, 30)) + rng.normal(size=(24, 30))[unit]
        dealt = dealings(np.arange(24) < 12, 99, seed=seed)
        d = np.abs(streamed(x, unit, dealt, rng, 24))
        hits += max_p(d[0], d[1:].max(axis=1)).min() <= 0.1
    assert 8 <= hits <= 33


def test_one_class_is_refused():
    with pytest.raises(TooFewRecords):
        dealings(np.ones(4, bool), 2, seed=0)
