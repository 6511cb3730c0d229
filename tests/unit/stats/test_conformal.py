import numpy as np
import pytest
from scipy.stats import kstest

from byheart.core.errors import TooFewRecords
from byheart.stats.conformal import conformal_p, standing_out
from byheart.stats.sides import Sides


def test_by_hand_with_ties_and_nan():
    p = conformal_p(np.array([9.0, 3.0, -1.0, np.nan]), np.array([1.0, 3.0, 3.0, np.nan]))
    assert p[:3].tolist() == [1 / 4, 3 / 4, 1.0]
    assert np.isnan(p[3])


def test_uniform_for_a_record_like_the_controls():
    rng = np.random.default_rng(0)
    ps = [conformal_p(rng.normal(size=1), rng.normal(size=199))[0] for _ in range(500)]
    assert kstest(ps, "uniform").pvalue > 0.001  # false-alarm rate


def test_share_of_wrong_names_is_kept():
    # 50 remembered and 150 not, 100 audits: at most 10 % x 150/200 wrong names on average; standard error 0.4 %
    rng, wrong, found = np.random.default_rng(1), [], []
    for _ in range(100):
        sides = Sides.of(np.r_[rng.normal(4, 1, 50), rng.normal(size=150)], rng.normal(size=1000))
        named = standing_out(sides, share_false=0.1)
        wrong.append(named[50:].sum() / max(named.sum(), 1))
        found.append(named[:50].mean())
    assert np.mean(wrong) < 0.1
    assert np.mean(found) > 0.8


def test_few_controls_name_nobody():
    # the best p among 9 controls is 1/10: no record can stand out at 5 %
    assert not standing_out(Sides.of([99.0, 0.0], np.arange(9.0))).any()


def test_without_controls():
    with pytest.raises(TooFewRecords):
        conformal_p(np.ones(2), np.array([]))
