import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.measure._table_quality.column_shapes import column_shapes, ks_score, missing_shares, tv_score
from byheart.measure._table_quality.influence import Units, score_estimate, standard_error

NAN = float("nan")


def test_shares_of_categories_by_hand():
    # real a a a b: 3/4, 1/4, 0; synthetic a b b c: 1/4, 2/4, 1/4; differences 2/4, 1/4, 1/4; half their sum 1/2
    score = tv_score(np.array([0, 0, 0, 1]), np.array([0, 1, 1, 2]))
    assert score.value == pytest.approx(0.5)
    # a real a adds to the surplus of a: sign +1/2, mean of the signs (3 * 1/2 - 1/2) / 4 = 1/4, so -(1/2 - 1/4) / 4
    np.testing.assert_allclose(score.moves[0], [-1 / 16, -1 / 16, -1 / 16, 3 / 16])
    # synthetic a is at +1/2, b, b, c at -1/2; mean -1/4; (1/2 + 1/4) / 4 and (-1/2 + 1/4) / 4
    np.testing.assert_allclose(score.moves[1], [3 / 16, -1 / 16, -1 / 16, -1 / 16])


def test_distance_of_distributions_by_hand():
    # real 1 2 3 4, synthetic 3 4 5 6: below or at 2 lie 4/8 of the real, none of the synthetic: KS = 1/2
    score = ks_score(np.array([1.0, 2, 3, 4]), np.array([3.0, 4, 5, 6]))
    assert score.value == pytest.approx(0.5)
    # one more real row at 1 or 2 widens the gap: -(1 - 1/2) / 4; at 3 or 4 it narrows it
    np.testing.assert_allclose(score.moves[0], [-1 / 8, -1 / 8, 1 / 8, 1 / 8])
    np.testing.assert_allclose(score.moves[1], 0)  # no synthetic row lies there, each weighs 0 - 0


def test_standard_error_by_hand_and_by_group():
    # moves of the first test: sum of squares 2 * (3/256 + 9/256) = 24/256; times 4/3 gives 1/8
    score = tv_score(np.array([0, 0, 0, 1]), np.array([0, 1, 1, 2]))
    alone = Units.of(np.arange(4), 4 + np.arange(4))
    assert standard_error(score, alone) == pytest.approx((1 / 8) ** 0.5)
    # rows 0 and 3 of a table belong to one person, 1 and 2 to another: sums 2/16, -2/16 twice: 4 * 4/256 * 2/1 = 1/8
    pairs = Units.of(np.array([0, 1, 1, 0]), np.array([2, 3, 3, 2]))
    assert standard_error(score, pairs) == pytest.approx((1 / 8) ** 0.5)
    # persons of both tables: 2/16 - 2/16 and -2/16 + 2/16 cancel; the other way round they add up: 2 * (4/16)^2 * 2/1
    cancel = Units.of(np.array([0, 1, 1, 0]), np.array([1, 0, 0, 1]))
    assert standard_error(score, cancel) == pytest.approx(0)
    add = Units.of(np.array([0, 1, 1, 0]), np.array([0, 1, 1, 0]))
    assert standard_error(score, add) == pytest.approx(0.5)
    one = score_estimate(score, Units.of(np.zeros(4), np.arange(4)), unit="", how="")
    assert (one.value, one.low, one.high) == (score.value, None, None)
    assert "no interval" in one.how


def test_same_spread_is_1_and_apart_is_0():
    x = np.array([1.0, 2, 2, 5])
    assert ks_score(x, x).value == 1
    assert ks_score(x, x + 10).value == 0
    assert tv_score(np.array([0, 1]), np.array([2, 3])).value == 0


def test_missing_values_are_left_out_and_counted_apart(table):
    real = table([[1.0], [2.0], [NAN], [NAN]], [[0], [1], [-1], [0]])
    other = table([[1.0], [2.0], [2.0], [1.0]], [[0], [1], [1], [0]])
    shapes = column_shapes(real, other)
    # 1, 2 against 1, 2, 2, 1: alike. Categories a b a against a b b a: 2/3, 1/3 against 1/2, 1/2: 1 - 1/6
    assert [s.value for s in shapes] == pytest.approx([1, 5 / 6])
    # missing 2/4 against 0, and 1/4 against 0
    assert [s.value for s in missing_shares(real, other)] == pytest.approx([0.5, 0.75])
    assert missing_shares(other, other) == []


def test_a_column_without_values_has_no_score(table):
    real, blank = table([[1.0], [2.0]], [[0], [1]]), table([[NAN], [NAN]], [[-1], [-1]])
    scores = column_shapes(real, blank)
    assert all(np.isnan(s.value) for s in scores)
    found = score_estimate(scores[0], Units.of(real.groups, blank.groups), unit="", how="no values")
    assert (found.value, found.low, found.how) == (None, None, "no values")


@given(
    st.lists(st.integers(0, 8), min_size=1, max_size=30),
    st.lists(st.integers(0, 8), min_size=1, max_size=30),
)
def test_as_counted_at_every_value_symmetric_and_balanced(a, b):
    x, y = np.array(a, float), np.array(b, float)
    score = ks_score(x, y)
    assert score.value == pytest.approx(1 - max(abs((x <= v).mean() - (y <= v).mean()) for v in range(9)))
    assert ks_score(y, x).value == pytest.approx(score.value)
    tv = tv_score(x.astype(int), y.astype(int))
    assert 0 <= tv.value <= score.value + 1e-12 <= 1 + 1e-12  # KS looks at one set of values, TVD at the worst set
    for found in (score, tv):
        assert [m.sum() for m in found.moves] == pytest.approx([0, 0], abs=1e-12)


@pytest.mark.parametrize("kind", ["ks", "tv"])
def test_error_is_that_of_the_bootstrap(kind):
    """The spread over 400 resamples of both tables; its own noise is 3.5 %, so 15 % is over 4 of its errors."""
    rng = np.random.default_rng(3)
    if kind == "ks":
        real, other, score = rng.normal(size=1500), rng.normal(0.5, 1, size=1500), ks_score
    else:
        real, other, score = rng.integers(0, 4, 1500), rng.choice(4, 1500, p=[0.4, 0.3, 0.2, 0.1]), tv_score
    error = standard_error(score(real, other), Units.of(np.arange(1500), 1500 + np.arange(1500)))
    draws = [score(rng.choice(real, 1500), rng.choice(other, 1500)).value for _ in range(400)]
    assert error == pytest.approx(np.std(draws), rel=0.15)
