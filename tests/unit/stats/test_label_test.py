import numpy as np
import pytest
from scipy.stats import norm

from byheart.stats import label_test as module
from byheart.stats.auc import auc_z
from byheart.stats.label_test import label_test
from byheart.stats.sides import Sides


@pytest.mark.parametrize("statistic", ["auc", "mean"])
def test_dealing_and_the_normal_law_agree_for_many_groups(statistic, monkeypatch):
    rng = np.random.default_rng(0)
    sides = Sides.of(rng.normal(0.1, 1, 600), rng.normal(size=600), np.arange(600) // 2, 1000 + np.arange(600) // 2)
    dealt = label_test(sides, seed=0, statistic=statistic)
    monkeypatch.setattr(module, "MAX_DEALT", 0)  # as if there were too many groups to deal
    normal = label_test(sides, seed=0, statistic=statistic)
    assert normal.p == pytest.approx(dealt.p, abs=0.02)
    assert normal.opposite == pytest.approx(1 - normal.p)
    for end in ("value", "low", "high"):
        assert getattr(normal.control, end) == pytest.approx(getattr(dealt.control, end), abs=0.03)
    assert "normal law" in normal.control.how
    assert "2000 random dealings" in dealt.control.how


def test_normal_p_is_that_of_z(monkeypatch):
    monkeypatch.setattr(module, "MAX_DEALT", 0)
    rng = np.random.default_rng(1)
    sides = Sides.of(rng.normal(0.2, 1, 90), rng.normal(size=90))
    assert label_test(sides, seed=0).p == pytest.approx(norm.sf(auc_z(sides)))


def test_normal_p_is_uniform_under_the_null(monkeypatch):
    # 400 draws of 100 + 100 groups: p <= 5 % in more than 34 has probability 0.001; seed fixed
    monkeypatch.setattr(module, "MAX_DEALT", 0)
    rng, low = np.random.default_rng(2), 0
    groups = np.repeat(np.arange(100), 3)
    for _ in range(400):
        m, n = (np.repeat(rng.normal(size=100), 3) + 0.3 * rng.normal(size=300) for _ in range(2))
        low += label_test(Sides.of(m, n, groups, 100 + groups), seed=0).p <= 0.05
    assert 6 <= low <= 34
