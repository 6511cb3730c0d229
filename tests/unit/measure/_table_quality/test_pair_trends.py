import numpy as np
import pytest

from byheart.measure._table_quality.influence import Units, mean_score, score_estimate, standard_error
from byheart.measure._table_quality.pair_trends import all_pairs, correlation_score, pair_trends

NAN = float("nan")


def test_correlations_by_hand():
    # real (1,1) (2,2) (3,3): r = 1; synthetic (1,3) (2,2) (3,1): r = -1; 1 - |1 + 1| / 2 = 0
    up, down = np.array([[1.0, 1], [2, 2], [3, 3]]), np.array([[1.0, 3], [2, 2], [3, 1]])
    assert correlation_score(up, down).value == pytest.approx(0)
    # (1,1) (2,3) (3,2): deviations -1 0 1 and -1 1 0: r = 1 / sqrt(2 * 2) = 1/2; 1 - |1 - 1/2| / 2 = 3/4
    assert correlation_score(up, np.array([[1.0, 1], [2, 3], [3, 2]])).value == pytest.approx(0.75)


def test_counts_by_hand(table):
    # real cells aa aa bb bb: 1/2, 1/2; synthetic aa ab ba bb: 1/4 each; half of 1/4 * 4 = 1/2
    real, other = table(codes=[[0, 0], [0, 0], [1, 1], [1, 1]]), table(codes=[[0, 0], [0, 1], [1, 0], [1, 1]])
    assert pair_trends(real, other, all_pairs(2))[0].value == pytest.approx(0.5)


def test_bins_lie_on_the_real_range(table):
    # real 0..10 in 2 bins, edge 5: low a, high b. Synthetic is 100 higher: all in the upper bin, half of them a
    real = table([[0.0], [4.0], [6.0], [10.0]], [[0], [0], [1], [1]])
    moved = table([[100.0], [104.0], [106.0], [110.0]], [[0], [0], [1], [1]])
    # real: low-a 1/2, high-b 1/2; synthetic: high-a 1/2, high-b 1/2; 1 - 1/2
    assert pair_trends(real, moved, [(0, 1)], bins=2)[0].value == pytest.approx(0.5)
    assert pair_trends(real, real, [(0, 1)], bins=2)[0].value == 1


def test_missing_is_a_cell_for_counts_and_left_out_of_correlations(table):
    real = table([[1.0, 1], [2, 2], [3, 3], [NAN, 9]], [[0], [0], [0], [-1]])
    other = table([[1.0, 1], [2, 2], [3, 3], [3, 3]], [[0], [0], [0], [0]])
    correlation, *counts = pair_trends(real, other, all_pairs(3))
    # real deviations over complete rows: r = 1; synthetic r = 1
    assert correlation.value == pytest.approx(1)
    assert correlation.moves[0][3] == 0
    # cells of x0: 1/4 each at 1, 2, 3 and missing; synthetic 1/4, 1/4, 2/4: half of 1/4 + 1/4; x1 likewise in bins
    assert [s.value for s in counts] == pytest.approx([0.75, 0.75])


def test_constant_columns(table):
    up = [[1.0, 1], [2, 2], [3, 3]]
    real, flat = table(up), table([[1.0, 5], [2, 5], [3, 5]])
    # constant in one table counts as no correlation: 1 - |1 - 0| / 2
    assert pair_trends(real, flat, [(0, 1)])[0].value == pytest.approx(0.5)
    both = pair_trends(flat, flat, [(0, 1)])
    assert np.isnan(both[0].value)
    assert np.isnan(mean_score(both).value)
    assert mean_score([*both, correlation_score(np.array(up), np.array(up))]).value == pytest.approx(1)


def test_many_categories_are_counted_as_few_are(table):
    rng = np.random.default_rng(0)
    codes, other = rng.integers(0, 40, (50, 2)), rng.integers(0, 40, (60, 2))
    real_cells, other_cells = [
        dict(zip(*np.unique(c @ [100, 1], return_counts=True), strict=True)) for c in (codes, other)
    ]
    gap = sum(abs(real_cells.get(k, 0) / 50 - other_cells.get(k, 0) / 60) for k in {*real_cells, *other_cells})
    assert pair_trends(table(codes=codes), table(codes=other), [(0, 1)])[0].value == pytest.approx(1 - gap / 2)


def test_error_is_that_of_the_bootstrap():
    """The spread over 400 resamples; its own noise is 3.5 %, so 15 % is over 4 of its errors."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(800, 2))
    real, other = x @ np.array([[1, 0.9], [0, 1]]), rng.normal(size=(800, 2))
    units = Units.of(np.arange(800), 800 + np.arange(800))
    error = standard_error(correlation_score(real, other), units)
    rows = [rng.integers(800, size=(2, 800)) for _ in range(400)]
    assert error == pytest.approx(np.std([correlation_score(real[i], other[j]).value for i, j in rows]), rel=0.15)


def test_interval_covers_the_truth():
    """Correlations 0.6 and 0: true score 0.7. 200 tables of 300 rows; 95 % of 200 less 4 binomial errors is 177."""
    rng = np.random.default_rng(2)
    units, covered = Units.of(np.arange(300), 300 + np.arange(300)), 0
    for _ in range(200):
        x = rng.normal(size=(300, 2))
        real = np.stack([x[:, 0], 0.6 * x[:, 0] + 0.8 * x[:, 1]], axis=1)
        found = score_estimate(correlation_score(real, rng.normal(size=(300, 2))), units, unit="", how="")
        covered += found.low <= 0.7 <= found.high
    assert covered >= 177
