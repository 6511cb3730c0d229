"""Distances between rows: worked out by hand, and as SDMetrics defines them."""

import numpy as np
import pandas as pd
import pytest

from byheart.compare.rows.row_distance import METRICS, comparable, euclid, gower, mismatches
from byheart.core.errors import DataError, UsageError
from byheart.core.items.rows import Rows
from byheart.core.schema import Column, Schema

NAN = np.nan
SCHEMA = Schema((Column("age", "number", whole=True), Column("income", "number"), Column("sex", "category")), "sex")
TABLE = pd.DataFrame({"age": [20, 30, 60, NAN], "income": [0.0, 5.0, 10.0, NAN], "sex": ["f", "m", "f", None]})


def cells(metric="gower", scale="range", table=TABLE, schema=SCHEMA, real=None):
    return comparable(Rows.of(table, schema), np.arange(len(table)) if real is None else real, metric, scale)


def test_gower_by_hand():
    # ranges 40 and 10, three columns. Rows 0 and 1: (10/40 + 5/10 + 1) / 3 = 1.75/3; rows 0 and 2: (1 + 1 + 0) / 3;
    # rows 1 and 2: (30/40 + 5/10 + 1) / 3 = 2.25/3; the last row lacks everything: 1 from the others, 0 from itself.
    c = cells()
    expected = np.array([[0, 1.75, 2, 3], [1.75, 0, 2.25, 3], [2, 2.25, 0, 3], [3, 3, 3, 0]]) / 3
    np.testing.assert_allclose(gower(c[:, None], c), expected, rtol=1e-15)


def test_a_number_beyond_the_range_of_the_real_rows_is_at_most_a_whole_column_away():
    table = pd.DataFrame({"age": [0, 10, 25], "income": [0.0, 1.0, -0.5], "sex": ["f"] * 3})
    c = cells(table=table, real=np.array([0, 1]))
    # row 2: min(25/10, 1) + 0.5/1 = 1.5 from row 0; min(15/10, 1) + min(1.5, 1) = 2 from row 1; of three columns
    np.testing.assert_allclose(gower(c[2], c[:2]), [1.5 / 3, 2 / 3], rtol=1e-15)


def test_whole_columns_are_rounded_and_constant_ones_are_equal_or_not():
    table = pd.DataFrame({"age": [7, 7, 7.0001, 8], "income": [0.0, 1.0, 0.0, 0.0], "sex": ["f"] * 4})
    c = cells(table=table, real=np.array([0, 1]))
    np.testing.assert_allclose(gower(c[0], c), [0, 1 / 3, 0, 1 / 3])


def test_robust_scale_is_the_interquartile_range_or_the_range_where_that_is_nothing():
    ages, incomes = [0, 1, 2, 3, 1000], [0.0, 0.0, 0.0, 0.0, 8.0]
    c = cells(scale="iqr", table=pd.DataFrame({"age": ages, "income": incomes, "sex": ["f"] * 5}))
    # quartiles of age 1 and 3, width 2; those of income 0 and 0, so its range 8
    assert c.width.tolist() == [2, 8]
    np.testing.assert_allclose(gower(c[0], c), [0, 0.5 / 3, 1 / 3, 1 / 3, 2 / 3])


def test_euclid_takes_raw_numbers_and_mismatches_count_categories():
    c = cells("paper")
    np.testing.assert_allclose(euclid(c[0], c), [0, np.hypot(10, 5), np.hypot(40, 10), np.hypot(40, 10)])
    assert mismatches(c[0], c).tolist() == [0, 1, 0, 1]
    assert euclid(c[3], c[3]) == 0


def test_hamming_counts_bins_that_differ():
    # age in bins of 4 from 20: 20 -> 0, 30 -> 2, 60 -> 9 (the last holds its upper edge); income in bins of 1
    c = cells("hamming")
    np.testing.assert_allclose(gower(c[0], c), [0, 1, 2 / 3, 1])
    near = pd.DataFrame({"age": [20, 23, 60, 99], "income": [0.0, 0.9, 10.0, 10.0], "sex": ["f"] * 4})
    c = cells("hamming", table=near, real=np.array([0, 1, 2]))
    np.testing.assert_allclose(gower(c[0], c), [0, 0, 2 / 3, 2 / 3])
    assert gower(c[2], c[3]) == 0


def dcr_as_sdmetrics_defines_it(row, reference):
    """Of one row to a table, both {column: values}: sum over the columns, over their number, least over the table.

    A number differs by its difference over the range of the reference, 1 at most; where the range is 0, by whether it
    differs. Missing against missing is 0, against a value 1.
    """
    best = np.inf
    for i in range(len(next(iter(reference.values())))):
        total = 0.0
        for name, values in reference.items():
            x, y = row[name], values[i]
            if pd.isna(x) or pd.isna(y):
                total += float(pd.isna(x) != pd.isna(y))
            elif isinstance(x, str):
                total += float(x != y)
            else:
                known = [v for v in values if not pd.isna(v)]
                reach = max(known) - min(known)
                total += float(x != y) if reach == 0 else min(abs(x - y) / reach, 1.0)
        best = min(best, total / len(reference))
    return best


def test_nearest_is_the_distance_to_the_closest_record_of_sdmetrics():
    # Compared once by hand with calculate_dcr of sdmetrics 0.32 on such tables: equal to 1e-12.
    rng = np.random.default_rng(0)

    def table(n):
        numbers = {"a": rng.normal(size=n), "b": rng.integers(0, 5, n).astype(float), "constant": np.full(n, 3.0)}
        frame = pd.DataFrame({**numbers, "c": rng.choice(["x", "y", None], n), "d": rng.choice(list("pqr"), n)})
        return frame.mask(pd.DataFrame({c: rng.random(n) < 0.1 * (c == "a") for c in frame}))

    train, gen = table(40), table(30)
    gen.loc[:3, "constant"] = 4.0
    schema = Schema.of(["a", "b", "constant"], ["c", "d"])
    c = comparable(Rows.of(train, schema) + Rows.of(gen, schema), np.arange(40))
    reference = {name: train[name].tolist() for name in schema.names}
    expected = [dcr_as_sdmetrics_defines_it(row, reference) for row in gen.to_dict("records")]
    np.testing.assert_allclose(gower(c[40:, None], c[:40]).min(axis=1), expected, rtol=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_unusable_columns_are_named(metric):
    with pytest.raises(DataError, match="'sex' is missing in every real row"):
        cells(metric, table=TABLE.assign(sex=None))
    with pytest.raises(DataError, match="'age' is missing in every real row"):
        cells(metric, real=np.array([3]), table=TABLE.assign(sex="f"))
    with pytest.raises(DataError, match="'income' holds inf in row 1"):
        cells(metric, table=TABLE.assign(income=[0.0, np.inf, 1.0, 2.0]))


def test_unknown_words_are_refused():
    with pytest.raises(UsageError, match="got 'cosine'"):
        cells("cosine")
    with pytest.raises(UsageError, match="got 'rank'"):
        cells(scale="rank")
