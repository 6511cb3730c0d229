"""Sums of groups drawn, without dealing every group every time."""

import numpy as np
import pytest

from byheart.stats import dealing
from byheart.stats.dealing import drawn_sums, drawn_within


def ends(x):
    return np.quantile(x, [0.025, 0.25, 0.5, 0.75, 0.975])


def test_few_are_dealt_one_by_one_and_none_is_drawn_twice():
    sums, sizes, normal = drawn_sums(np.array([1.0, 10.0, 100.0]), np.array([1, 2, 3]), 2, np.random.default_rng(0), 50)
    assert not normal
    assert set(zip(sums.tolist(), sizes.tolist(), strict=True)) == {(11.0, 3.0), (101.0, 4.0), (110.0, 5.0)}


@pytest.mark.parametrize("k", [3, 4000 - 3])
def test_a_small_side_is_drawn_exactly(k, monkeypatch):
    """One group in a hundred has a 1: three draws of 4000 hold none with probability 0.99^3 = 0.970."""
    values = (np.arange(4000) % 100 == 0) * 1.0
    monkeypatch.setattr(dealing, "MAX_DEALT", 0)
    sums, sizes, normal = drawn_sums(values, np.ones(4000), k, np.random.default_rng(0), 4000)
    assert not normal
    drawn = sums if k == 3 else 40 - sums
    assert (sizes == k).all()
    assert (drawn == 0).mean() == pytest.approx(0.970, abs=0.01)
    assert set(drawn.tolist()) <= {0.0, 1.0, 2.0, 3.0}


@pytest.mark.parametrize("law", ["rare", "cauchy", "sizes"])
def test_those_that_stand_out_carry_the_tails(law, monkeypatch):
    """The law of 3000 draws of 6000 groups is that of dealing all of them, quantile by quantile."""
    rng = np.random.default_rng(1)
    values, sizes = {
        "rare": ((rng.random(6000) < 0.005) * 1.0, np.ones(6000)),
        "cauchy": (rng.standard_cauchy(6000), np.ones(6000)),
        "sizes": (rng.normal(size=6000), np.minimum(rng.geometric(0.1, 6000) ** 2, 900.0)),
    }[law]
    all_dealt = drawn_sums(values, sizes, 3000, rng, 4000)
    monkeypatch.setattr(dealing, "MAX_DEALT", 0)
    monkeypatch.setattr(dealing, "APART", 500)  # so 1000 of the 6000 are dealt one by one
    quick = drawn_sums(values, sizes, 3000, rng, 4000)
    assert (all_dealt[2], quick[2]) == (False, True)
    step = 1.0 if law == "rare" else 0.0  # counts are whole numbers
    for one, other in ((all_dealt[0], quick[0]), (all_dealt[0] / all_dealt[1], quick[0] / quick[1])):
        assert ends(other) == pytest.approx(ends(one), abs=max(0.07 * np.ptp(ends(one)), step))


def test_labels_dealt_within_groups(monkeypatch):
    """Pairs of 2 and 0: each gives 0 or 2. Quick or not, the sum of 400 pairs has mean 400 and variance 400."""
    values, member, codes = np.tile([2.0, 0.0], 400), np.tile([True, False], 400), np.repeat(np.arange(400), 2)
    one, part = drawn_within(values, member, codes, np.random.default_rng(0), 4000)
    assert not part
    monkeypatch.setattr(dealing, "MAX_SHUFFLED", 0)
    monkeypatch.setattr(dealing, "APART", 50)
    other, part = drawn_within(values, member, codes, np.random.default_rng(0), 4000)
    assert part
    for found in (one, other):
        assert found.mean() == pytest.approx(400, abs=1.5)
        assert found.var() == pytest.approx(400, rel=0.1)


def test_one_large_group_is_dealt_like_many_records(monkeypatch):
    """20 members of a group of 2000 whose values are 0 but for twenty 1s: 0.2 expected, never above 20."""
    values, member = (np.arange(2000) < 20) * 1.0, np.arange(2000) < 20
    monkeypatch.setattr(dealing, "MAX_SHUFFLED", 0)
    monkeypatch.setattr(dealing, "APART", 1)
    found, part = drawn_within(values, member, np.zeros(2000, int), np.random.default_rng(0), 4000)
    assert not part
    assert found.mean() == pytest.approx(0.2, abs=0.03)
    assert set(found.tolist()) <= {0.0, 1.0, 2.0, 3.0, 4.0}
