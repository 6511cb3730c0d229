import numpy as np
import pytest

from byheart.stats import dealing
from byheart.stats.label_test import label_test
from byheart.stats.permutation import permutation_test
from byheart.stats.sides import Sides


def large(monkeypatch):
    """As if there were too many groups to deal each of them every time."""
    monkeypatch.setattr(dealing, "MAX_DEALT", 0)
    monkeypatch.setattr(dealing, "MAX_SHUFFLED", 0)
    monkeypatch.setattr(dealing, "APART", 100)


@pytest.mark.parametrize("statistic", ["auc", "mean"])
def test_dealing_all_and_dealing_those_that_stand_out_agree(statistic, monkeypatch):
    rng = np.random.default_rng(0)
    sides = Sides.of(rng.normal(0.1, 1, 600), rng.normal(size=600), np.arange(600) // 2, 1000 + np.arange(600) // 2)
    dealt = label_test(sides, seed=0, statistic=statistic)
    large(monkeypatch)
    quick = label_test(sides, seed=0, statistic=statistic)
    assert quick.p == pytest.approx(dealt.p, abs=0.02)
    assert quick.opposite == pytest.approx(dealt.opposite, abs=0.02)
    for end in ("value", "low", "high"):
        assert getattr(quick.control, end) == pytest.approx(getattr(dealt.control, end), abs=0.03)
    assert "by the normal law" in quick.control.how
    assert "2000 random dealings of whole groups" in dealt.control.how


def test_p_and_range_are_those_of_the_permutation_test():
    rng = np.random.default_rng(1)
    sides = Sides.of(rng.normal(0.2, 2, 90), rng.normal(size=90) * 2)
    found, test = label_test(sides, seed=3, statistic="mean"), permutation_test(sides, seed=3, statistic="mean")
    assert (found.p, found.opposite) == (test.p, test.opposite)
    scale = sides.controls.std(ddof=1)
    assert found.control.value == pytest.approx(test.null.mean() / scale)
    ends = np.quantile(test.null, [0.025, 0.975]) / scale
    assert (found.control.low, found.control.high) == pytest.approx(tuple(ends))


def rare(rng, n):
    return (rng.random(n) < 0.01) * 1.0


def lognormal(rng, n):
    return rng.lognormal(0, 2, n)


def groups_of_three(rng, n):
    return np.repeat(rng.lognormal(0, 2, n // 3), 3)


@pytest.mark.parametrize(
    ("draw", "m", "n"),
    [(rare, 60_000, 100), (lognormal, 10_000, 20), (lognormal, 60_000, 100), (groups_of_three, 60_000, 90)],
)
def test_the_level_holds_for_few_controls_and_heavy_tails(draw, m, n, monkeypatch):
    """120 audits of nothing: more than 15 of p < 5 % has probability 0.0006. The normal law gave 36 to 43 %."""
    monkeypatch.setattr(dealing, "MAX_DEALT", 1_000_000)
    rng, low = np.random.default_rng(2), 0
    size = 3 if draw is groups_of_three else 1
    members, controls = np.arange(m) // size, m // size + np.arange(n) // size
    for i in range(120):
        sides = Sides(draw(rng, m), draw(rng, n), members, controls, (m + n) // size)
        low += label_test(sides, seed=i, statistic="mean", n_resamples=99).p <= 0.05
    assert low <= 15


def test_two_large_sides_with_heavy_tails_hold_the_level(monkeypatch):
    """200 audits of Cauchy scores: 2 to 22 of p < 5 % has probability 0.999."""
    monkeypatch.setattr(dealing, "MAX_DEALT", 0)
    rng, low = np.random.default_rng(3), 0
    for i in range(200):
        sides = Sides.of(rng.standard_cauchy(6000), rng.standard_cauchy(5000))
        low += label_test(sides, seed=i, statistic="mean", n_resamples=199).p <= 0.05
    assert 2 <= low <= 22
