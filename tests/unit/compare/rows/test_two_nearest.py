"""Two nearest rows: equal to those of all distances, to the last bit, whatever the blocks."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.compare.rows import row_screen, two_nearest
from byheart.compare.rows.distinct_rows import NOBODY, DistinctRows
from byheart.compare.rows.row_distance import METRICS, SCALES, Cells, comparable, euclid, gower, mismatches
from byheart.compare.rows.row_screen import Screen
from byheart.core.items.rows import Rows
from byheart.core.schema import Schema


def distances(queries, pool, metric, counts):
    """All of them, (queries, pool), written down a second time; infinite where a row does not count."""
    if not metric.startswith("paper"):
        every = gower(queries[:, None], pool)
    else:
        apart = np.where(counts, euclid(queries[:, None], pool), np.nan)
        scope = [slice(None)] if metric == "paper-global" else [slice(i, i + 1) for i in range(len(queries))]
        for rows in scope:
            known = apart[rows][counts[rows]]
            if known.size:
                spread = known.max() - known.min()
                apart[rows] = (apart[rows] - known.min()) / (spread if spread else 1.0)
        every = (apart + mismatches(queries[:, None], pool)) / pool.n_columns
    return np.where(counts, every, np.inf)


def by_sorting(queries, pool, metric, owners):
    counts = (pool.sole_owner != owners[:, None]) | (owners[:, None] == NOBODY)
    every = distances(queries, pool.cells, metric, counts)
    place = np.argsort(every, axis=1, kind="stable")[:, :2]
    found = np.take_along_axis(every, place, 1)
    lacking = ((0, 0), (0, 2 - place.shape[1]))  # a pool of one row
    found, place = np.pad(found, lacking, constant_values=np.inf), np.pad(place, lacking)
    return found, np.where(np.isinf(found), -1, place)


@st.composite
def tables(draw):
    """Two small mixed tables with ties, duplicates, missing values, values beyond the range, and owners."""
    n_numbers, n_categories = draw(st.sampled_from([(2, 2), (0, 3), (3, 0), (1, 1), (1, 0), (0, 1)]))
    n_pool, n_queries = draw(st.integers(2, 40)), draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    smooth, missing = draw(st.booleans()), draw(st.sampled_from([0.0, 0.2]))
    n = n_pool + n_queries
    frame = pd.DataFrame(index=range(n))
    for j in range(n_numbers):
        values = rng.normal(size=n) if smooth else rng.integers(0, 4, n).astype(float)
        values[n_pool:] *= draw(st.sampled_from([1.0, 5.0]))
        values[1:][rng.random(n - 1) < missing] = np.nan
        frame[f"number{j}"] = values * 10.0 ** draw(st.integers(-3, 12))
    for j in range(n_categories):
        frame[f"category{j}"] = np.where(rng.random(n) < missing, None, rng.choice(list("abc"), n))
        frame.loc[0, f"category{j}"] = "a"
    schema = Schema.of([c for c in frame if c[0] == "n"], [c for c in frame if c[0] == "c"])
    owners = rng.integers(0, max(2, n_pool // 2), n) if draw(st.booleans()) else None
    return Rows.of(frame, schema), n_pool, owners


@settings(max_examples=80, deadline=None)
@given(tables(), st.sampled_from(METRICS), st.sampled_from(SCALES), st.sampled_from([1, 3, 64]), st.integers(1, 2))
def test_equal_to_sorting_all_distances(table, metric, scale, block, threads):
    rows, n_pool, owners = table
    cells = comparable(rows, np.arange(n_pool), metric, scale)
    pool = DistinctRows.of(cells[:n_pool], None if owners is None else owners[:n_pool])
    queries = cells[n_pool:]
    asking = np.full(len(queries), NOBODY) if owners is None else owners[n_pool:]
    with pytest.MonkeyPatch.context() as small:
        small.setattr(two_nearest, "QUERIES", block)
        small.setattr(row_screen, "CHUNK", block)
        small.setattr(row_screen, "HELD", 2 * block + 1)
        search = two_nearest.searcher(pool, metric, queries, asking, threads=threads)
        found, place = two_nearest.two_nearest(search, queries, asking, threads=threads)
    expected, where = by_sorting(queries, pool, metric, asking)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(place, where)


@settings(max_examples=60, deadline=None)
@given(tables(), st.sampled_from(SCALES))
def test_the_screen_is_never_above_the_distance(table, scale):
    rows, n_pool, _ = table
    cells = comparable(rows, np.arange(n_pool), "gower", scale)
    pool, queries = DistinctRows.of(cells[:n_pool]), cells[n_pool:]
    screen = Screen(pool)
    low = screen.lower_bounds(screen.in_whole(queries).repeated(3), 0, len(pool))
    bound = (low - float(cells.numbers.shape[1])) / (screen.levels * cells.n_columns)
    assert (bound <= gower(queries[:, None], pool.cells) + 1e-12).all()


def test_many_columns_and_many_categories():
    # 600 columns are summed in four bytes; 300 values of a category share bytes; 300 categories are more than a byte
    # can count; still equal
    rng = np.random.default_rng(0)
    for n_numbers, n_categories, n_values in ((600, 5, 2), (3, 2, 300), (2, 300, 4)):
        numbers = rng.random((90, n_numbers))
        codes = rng.integers(0, n_values, (90, n_categories)).astype(np.int32)
        cells = Cells(numbers, codes, np.zeros(n_numbers), np.ones(n_numbers))
        pool, queries = DistinctRows.of(cells[:60]), cells[60:]
        nobody = np.full(30, NOBODY)
        found, place = two_nearest.two_nearest(Screen(pool), queries)
        expected, where = by_sorting(queries, pool, "gower", nobody)
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(place, where)


def test_larger_than_a_block():
    rng = np.random.default_rng(1)
    cells = Cells(rng.integers(0, 50, (6000, 3)) / 50, rng.integers(0, 3, (6000, 2)), np.zeros(3), np.ones(3))
    pool, queries = DistinctRows.of(cells[:5800]), cells[5800:]
    assert len(pool) > 5 * row_screen.CHUNK
    found, place = two_nearest.two_nearest(Screen(pool), queries, threads=2)
    expected, where = by_sorting(queries, pool, "gower", np.full(200, NOBODY))
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(place, where)


def test_no_query():
    cells = Cells(np.zeros((2, 1)), np.zeros((2, 0), np.int32), np.zeros(1), np.ones(1))
    found, place = two_nearest.two_nearest(Screen(DistinctRows.of(cells)), cells[:0])
    assert found.shape == place.shape == (0, 2)
