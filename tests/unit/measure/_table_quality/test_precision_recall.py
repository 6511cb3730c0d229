import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import OneHotEncoder

from byheart.core.errors import TooFewRecords
from byheart.measure._table_quality.precision_recall import (
    LEVELS,
    _agreement,
    alpha_precision,
    authenticity,
    beta_recall,
    between,
)


def places_of(*tables, **options):
    return between(*tables, **options).places()


def test_places_by_hand(table):
    # real 0, 1, 4 (range 4): in quarters 0, 1/4, 1; nearest others 1/4, 1/4, 3/4. Synthetic 1 and 3: 1/4, 3/4
    at = places_of(table([[0.0], [1.0], [4.0]]), table([[1.0], [3.0]]))
    # to the nearest synthetic row: 1/4 (the 1), 0, 1/4 (the 3); none is farther than the nearest other real row
    assert at.covered.tolist() == [True, True, True]
    # synthetic 1 lies on real 1, whose neighbour is 1/4 away: 1/4 < 0 is false; 3 is 1/4 from real 4: 3/4 < 1/4 false
    assert at.own.tolist() == [False, False]
    # real centre 5/3 of 4, so 5/12; distances of 0, 1/4, 1
    np.testing.assert_allclose(at.from_centre, [5 / 12, 2 / 12, 7 / 12])
    np.testing.assert_allclose(at.synthetic_from_centre, [2 / 12, 4 / 12])
    np.testing.assert_allclose(at.cover_from_centre, [1 / 4, 1 / 4, 1 / 4])  # synthetic centre 1/2
    # far away from all: 8 is 1 from real 4, whose neighbour is nearer
    assert places_of(table([[0.0], [1.0], [4.0]]), table([[8.0]])).own.tolist() == [True]


def test_agreement_by_hand():
    assert _agreement(LEVELS) == pytest.approx(1)
    # all rows at the centre: every level holds all of them, sum of (1 - a) over 30 levels = 15 = sum of a
    assert _agreement(np.ones(30)) == pytest.approx(0)
    assert _agreement(LEVELS / 2) == pytest.approx(0.5)


def test_own_entity_is_no_neighbour(table):
    # rows 0 and 0.1 are of one person: the nearest other of either is 4, and the synthetic row at 1 covers both
    real = table([[0.0], [0.1], [4.0]], groups=[0, 0, 1])
    assert places_of(real, table([[1.0]])).covered.tolist() == [True, True, True]
    # alone, 0 and 0.1 have each other, and 1 is farther
    assert places_of(table([[0.0], [0.1], [4.0]]), table([[1.0]])).covered.tolist() == [False, False, True]


def test_same_as_plain_arithmetic_on_one_hot_columns(table):
    rng = np.random.default_rng(0)
    x, c = rng.normal(size=(700, 3)), rng.integers(0, 4, (700, 2))
    y, d = rng.normal(0.3, 1, size=(650, 3)), rng.integers(0, 5, (650, 2))
    at = places_of(table(x, c), table(y, d), raw=True)
    hot = OneHotEncoder(sparse_output=False, categories=[np.arange(5)] * 2)
    real, other = (np.hstack([a, hot.fit_transform(b)]) for a, b in ((x, c), (y, d)))
    to_real = NearestNeighbors(n_neighbors=2).fit(real).kneighbors(real)[0][:, 1]
    to_other, which = NearestNeighbors(n_neighbors=1).fit(other).kneighbors(real)
    back, parent = NearestNeighbors(n_neighbors=1).fit(real).kneighbors(other)
    np.testing.assert_array_equal(at.covered, to_other[:, 0] <= to_real)
    np.testing.assert_array_equal(at.own, to_real[parent[:, 0]] < back[:, 0])
    np.testing.assert_allclose(at.from_centre, np.linalg.norm(real - real.mean(axis=0), axis=1))
    np.testing.assert_allclose(at.synthetic_from_centre, np.linalg.norm(other - real.mean(axis=0), axis=1))
    centred = np.linalg.norm(other - other.mean(axis=0), axis=1)
    np.testing.assert_allclose(at.cover_from_centre, centred[which[:, 0]])


def test_a_copy_covers_all_and_owns_nothing(table):
    x = np.random.default_rng(1).normal(size=(300, 2))
    at = between(table(x), table(x))
    assert (alpha_precision(at).value, beta_recall(at).value) == pytest.approx((1, 1), abs=0.01)
    assert (authenticity(at).value, authenticity(at).low) == (0, 0)
    assert authenticity(at).high == pytest.approx(1 - 0.025 ** (1 / 300))  # none of 300: (1 - p)^300 = 0.025


def test_fresh_rows_of_the_same_law_and_of_another(table):
    """A perfect table covers half of the real rows; errors of 1,000 rows are about 0.02, four of them 0.08.

    Authenticity in the plane: a synthetic row at distance r from its nearest real row p is no row of its own when no
    other real row lies nearer than r to p, that is in the disc about p less the disc about the synthetic row, as that
    one is empty. Two unit discs one apart share 2 pi / 3 - sqrt(3) / 2 = 1.2284, so the rest is 1.9132 r^2, and over
    the law of r this has the chance pi / (pi + 1.9132) = 0.6215.
    """
    rng = np.random.default_rng(2)
    real, fresh, narrow = rng.normal(size=(1000, 2)), rng.normal(size=(1000, 2)), 0.3 * rng.normal(size=(1000, 2))
    at, drawn_in = between(table(real), table(fresh)), between(table(real), table(narrow))
    assert alpha_precision(at).value > 0.93
    assert beta_recall(at).value == pytest.approx(0.5, abs=0.08)
    assert authenticity(at).value == pytest.approx(1 - 0.6215, abs=0.06)
    for reader in (alpha_precision, beta_recall):
        found = reader(drawn_in)
        assert found.high < reader(at).low
        assert found.low < found.value < found.high


def test_missing_numbers_lie_together(table):
    nan = float("nan")
    at = places_of(table([[0.0], [1.0], [nan]]), table([[nan]]))
    # the missing row is 0 from its like; its nearest other real row, 1, is 1/2 and a mark away
    assert at.covered.tolist() == [False, False, True]
    assert at.own.tolist() == [False]


def test_tiny_tables(table):
    with pytest.raises(TooFewRecords, match="got 1 and 1"):
        between(table([[0.0]]), table([[0.0]]))
    found = alpha_precision(between(table([[0.0], [1.0]]), table([[0.0]])))
    assert found.value is not None
    assert found.low is None
    assert "no interval" in found.how


def test_leaving_out_a_block_is_as_if_its_rows_had_never_been(table):
    rng = np.random.default_rng(5)
    real = table(rng.normal(size=(60, 2)), rng.integers(0, 2, 60), groups=np.arange(60) // 2)
    other = table(rng.normal(size=(50, 2)), rng.integers(0, 2, 50))
    at = between(real, other, raw=True)  # raw: the range does not change with the rows
    few, less = at.places(3), between(real.take(at.block[0] != 3), other.take(at.block[1] != 3), raw=True).places()
    np.testing.assert_array_equal(few.covered, less.covered)
    np.testing.assert_array_equal(few.own, less.own)


@pytest.mark.parametrize("discrete", [False, True])
def test_interval_is_at_least_as_wide_as_fresh_tables_differ(table, discrete):
    """60 pairs of fresh tables; with many twins a cell of rows is covered at once, which widens the interval.

    The spread of 60 values is known to 9 %, the mean of the 60 widths better, so 0.7 is over 3 of its errors below 1.
    """
    rng = np.random.default_rng(6)
    values, errors = [], []
    for _ in range(60):
        a, b = rng.normal(size=(2, 200, 2))
        at = between(*(table(np.round(2 * x) if discrete else x) for x in (a, b)))
        found = [reader(at) for reader in (beta_recall, authenticity)]
        values.append([e.value for e in found])
        errors.append([(e.high - e.low) / 2 / 2.093 for e in found])  # t with 19 degrees of freedom
    ratio = np.mean(errors, axis=0) / np.std(values, axis=0)
    assert np.all((ratio > 0.7) & (ratio < 2.7))
