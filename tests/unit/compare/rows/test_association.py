"""Associations by hand and against scipy; clusters of twins."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from byheart.compare.rows.association import (
    absolute_correlations,
    association,
    correlation_ratio,
    cramers_v,
    feature_clusters,
)
from byheart.core.errors import UsageError
from byheart.core.items.rows import Rows
from byheart.core.schema import Column, Schema


def codes(*counts_by_row):
    """Two columns of codes from a contingency table."""
    table = np.array(counts_by_row)
    row, column = np.indices(table.shape)
    return np.repeat(row.ravel(), table.ravel()), np.repeat(column.ravel(), table.ravel())


def test_v_of_a_table_of_two_by_two():
    # 8 2 / 3 7: expected 5.5 4.5 twice, so every cell is 2.5 off, 2.0 after Yates.
    # chi2 = 2^2 (2/5.5 + 2/4.5) = 4 (0.363636 + 0.444444) = 3.232323; phi2 = 0.161616 - 1/19 = 0.108985
    # k~ = r~ = 2 - 1/19, room = 18/19 = 0.947368; V = sqrt(0.108985 / 0.947368) = sqrt(0.115040) = 0.339175
    assert cramers_v(*codes([8, 2], [3, 7])) == pytest.approx(0.339175, abs=1e-6)


def test_v_of_a_table_of_two_by_three_has_no_correction():
    # 6 0 0 / 0 3 3, n = 12: expected 3 1.5 1.5 twice; chi2 = 2 (9/3 + 2.25/1.5 + 2.25/1.5) = 12; phi2 = 1 - 2/11 = 9/11
    # r~ = 2 - 1/11, k~ = 3 - 4/11; room = min(21/11, 29/11) - 1 = 10/11; V = sqrt(0.9) = 0.948683
    assert cramers_v(*codes([6, 0, 0], [0, 3, 3])) == pytest.approx(np.sqrt(0.9), abs=1e-12)


def test_v_of_independent_columns_is_zero_and_of_twins_one():
    assert cramers_v(*codes([5, 5], [5, 5])) == 0.0
    assert cramers_v(*codes([5, 0, 0], [0, 5, 0], [0, 0, 5])) == pytest.approx(1.0, abs=1e-12)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=2, max_size=60),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_v_is_what_scipy_and_the_formula_give(pairs, sparse):
    a, b = (np.array(x) for x in zip(*pairs, strict=True))
    table = pd.crosstab(a, b).to_numpy()
    n, (r, k) = len(a), table.shape
    expected = 0.0
    if min(r, k) > 1:
        phi2 = max(0, chi2_contingency(table)[0] / n - (k - 1) * (r - 1) / (n - 1))
        room = min(k - (k - 1) ** 2 / (n - 1), r - (r - 1) ** 2 / (n - 1)) - 1
        expected = min(1.0, np.sqrt(phi2 / room)) if room > 1e-12 else 0.0
    far = 10**5 if sparse else 1  # codes so far apart that the table is not held whole
    assert cramers_v(a * far, b * far) == pytest.approx(expected, abs=1e-6)
    assert cramers_v(b, a) == pytest.approx(expected, abs=1e-6)


def test_eta_by_hand():
    # groups (1, 3) and (5, 7): mean 4, SS_total = 9 + 1 + 1 + 9 = 20, SS_between = 2 (2-4)^2 + 2 (6-4)^2 = 16
    x, c = np.array([1.0, 3, 5, 7]), np.array([0, 0, 1, 1])
    assert correlation_ratio(x, c) == pytest.approx(np.sqrt(0.8))
    assert correlation_ratio(x, c, mixed="eta2") == pytest.approx(0.8)
    # epsilon^2 = 1 - 0.2 * 3/2 = 0.7
    assert correlation_ratio(x, c, mixed="epsilon") == pytest.approx(np.sqrt(0.7))


def test_eta_is_one_when_the_category_fixes_the_number():
    assert correlation_ratio(np.array([2.0, 2, 9, 9]), np.array([1, 1, 0, 0])) == pytest.approx(1.0)


def test_a_column_of_names_has_eta_but_no_epsilon():
    names, x = np.arange(50), np.random.default_rng(0).normal(size=50)
    assert correlation_ratio(x, names) == pytest.approx(1.0)
    assert correlation_ratio(x, names, mixed="epsilon") == 0.0


def test_eta_leaves_missing_numbers_out():
    x, c = np.array([1.0, 3, np.nan, 5, 7]), np.array([0, 0, 2, 1, 1])
    assert correlation_ratio(x, c) == pytest.approx(np.sqrt(0.8))
    assert correlation_ratio(np.full(3, np.nan), np.arange(3)) == 0.0


def test_r_by_hand_and_on_complete_pairs():
    # x = 1 2 3, y = 1 3 2: covariance (1*1 + 0*-1 + ...) = ((-1)(-1) + 0*1 + 1*0)/3 = 1/3, variances 2/3: r = 1/2
    x = np.array([[1.0, 1, -1], [2, 3, -2], [3, 2, -3], [np.nan, 50, np.nan]])
    r = absolute_correlations(x)
    np.testing.assert_allclose(r, [[1, 0.5, 1], [0.5, 1, 0.5], [1, 0.5, 1]], atol=1e-12)


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
@pytest.mark.parametrize("shift", [0.0, 1e5])
def test_r_is_pandas_on_any_scale(scale, shift):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 4)) @ rng.normal(size=(4, 4)) + shift
    x[rng.random(x.shape) < 0.1] = np.nan
    expected = pd.DataFrame(x).corr().abs().to_numpy()
    np.testing.assert_allclose(absolute_correlations(x * scale), expected, atol=1e-6)


def test_what_does_not_vary_says_nothing():
    x = np.column_stack([np.full(9, 0.1), np.arange(9.0), np.full(9, np.nan)])
    np.testing.assert_array_equal(absolute_correlations(x), np.diag([0.0, 1.0, 0.0]))
    assert correlation_ratio(np.full(9, 0.1), np.arange(9) % 2) == 0.0
    assert cramers_v(np.zeros(9, int), np.arange(9) % 3) == 0.0


def rows(n=400, seed=0):
    rng = np.random.default_rng(seed)
    x, kind = rng.normal(size=n), rng.choice(list("abc"), n)
    frame = pd.DataFrame(
        {
            "x": x,
            "constant": 1.0,
            "kind": kind,
            "twice x": 2 * x + 1,
            "name": [f"n{i}" for i in range(n)],
            "copy of kind": kind,
            "alone": rng.normal(size=n),
            "level": np.array([{"a": 0.0, "b": 5.0, "c": 9.0}[k] for k in kind]) + rng.normal(0, 0.3, n),
        }
    )
    kinds = {"kind": "category", "copy of kind": "category", "name": "identifier"}
    return Rows.of(frame, Schema(tuple(Column(c, kinds.get(c, "number")) for c in frame)))


def test_association_is_symmetric_and_one_with_itself():
    a = association(rows())
    assert list(a.columns) == list(a.index) == list(rows().schema.names)
    np.testing.assert_array_equal(a.to_numpy(), a.to_numpy().T)
    np.testing.assert_array_equal(np.diag(a), 1)
    assert a.loc["kind", "level"] > 0.95
    assert a.loc["name"].drop("name").max() == 0
    assert a.loc["constant"].drop("constant").max() == 0


def test_twins_land_in_one_cluster():
    clusters = feature_clusters(association(rows()))
    assert clusters == [["x", "twice x"], ["constant"], ["kind", "copy of kind", "level"], ["name"], ["alone"]]


def test_the_threshold_is_the_mean_distance_at_the_join():
    # a-b 0.1 apart; c is 0.2 from a and 0.5 from b: on average 0.35 from their group
    a = pd.DataFrame([[1, 0.9, 0.8], [0.9, 1, 0.5], [0.8, 0.5, 1]], index=list("abc"), columns=list("abc"))
    assert feature_clusters(a) == [["a", "b"], ["c"]]
    assert feature_clusters(a, threshold=0.36) == [["a", "b", "c"]]
    assert feature_clusters(a, linkage_by="single") == [["a", "b", "c"]]
    assert feature_clusters(a.iloc[:1, :1]) == [["a"]]


def test_options_that_mean_nothing_are_refused():
    with pytest.raises(UsageError, match="eta2"):
        association(rows(), mixed="omega")
    with pytest.raises(UsageError, match=r"1\.5"):
        feature_clusters(association(rows()), threshold=1.5)
    with pytest.raises(UsageError, match="ward"):
        feature_clusters(association(rows()), linkage_by="ward")
