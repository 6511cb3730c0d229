import numpy as np
import pytest
from scipy.stats import ttest_ind

from byheart.core.errors import TooFewRecords
from byheart.stats.means import mean_gap, mean_gap_estimate
from byheart.stats.sides import Sides


def test_standard_error_is_welchs_for_single_records():
    rng = np.random.default_rng(0)
    m, n = rng.normal(1, 2, 30), rng.normal(size=50)
    gap, se = mean_gap(Sides.of(m, n))
    assert gap / se == pytest.approx(ttest_ind(m, n, equal_var=False).statistic)


def test_copies_add_nothing():
    rng = np.random.default_rng(1)
    m, n, g = rng.normal(size=20), rng.normal(size=20), np.arange(20)
    copies = Sides.of(np.repeat(m, 5), np.repeat(n, 5), np.repeat(g, 5), 100 + np.repeat(g, 5))
    assert mean_gap(copies) == pytest.approx(mean_gap(Sides.of(m, n)))


def test_paired_groups_cancel():
    # each author adds the same to a member and a control, so only the constant 1 is left, without error
    author = np.arange(12) * 10.0
    gap, se = mean_gap(Sides.of(author + 1, author, range(12), range(12)))
    assert (gap, se) == pytest.approx((1.0, 0.0), abs=1e-7)


def test_unit_is_the_spread_of_the_controls():
    e = mean_gap_estimate(Sides.of(np.array([9.0, 11.0]), np.array([2.0, 4.0])))
    assert e.value == pytest.approx(7 / np.sqrt(2))
    assert mean_gap_estimate(Sides.of([3.0, 3.0], [1.0, 1.0])).value == 2  # no spread: the score's own unit


def test_empty_side():
    with pytest.raises(TooFewRecords):
        mean_gap(Sides.of([], [1.0]))
