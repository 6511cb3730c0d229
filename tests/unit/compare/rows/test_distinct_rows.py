"""Distinct rows, their copies and their owners."""

import numpy as np

from byheart.compare.rows.distinct_rows import NOBODY, DistinctRows, same_row
from byheart.compare.rows.row_distance import Cells

# rows:            0       1       2         3       4       5
NUMBERS = np.array([1.0, np.nan, 1.0, np.nan, 1.0, -0.0])[:, None]
CODES = np.array([0, 1, 0, 1, 1, 0])[:, None]
CELLS = Cells(NUMBERS, CODES, np.zeros(1), np.ones(1))


def test_rows_are_the_same_if_all_columns_are_missing_included():
    assert same_row(CELLS).tolist() == [0, 1, 0, 1, 2, 3]


def test_own_rows_neither_represent_nor_count():
    # class 0: rows 0 (owner 7) and 2 (owner 8); class 1: rows 1 and 3, both of 7; class 2: row 4 of 7; class 3: row 5
    pool = DistinctRows.of(CELLS, np.array([7, 7, 8, 7, 7, 0]))
    assert len(pool) == 4
    assert pool.first.tolist() == [0, 1, 4, 5]
    assert pool.sole_owner.tolist() == [NOBODY, 7, 7, 0]
    classes = np.array([0, 1, 2, 3, -1])
    for owner, rows, copies in (
        (NOBODY, [0, 1, 4, 5, -1], [2, 2, 1, 1, -1]),
        (7, [2, -1, -1, 5, -1], [1, 0, 0, 1, -1]),
        (8, [0, 1, 4, 5, -1], [1, 2, 1, 1, -1]),
    ):
        asking = np.full(5, owner)
        assert pool.representative(classes, asking).tolist() == rows
        assert pool.copies(classes, asking).tolist() == copies


def test_without_owners_each_row_has_its_own():
    pool = DistinctRows.of(CELLS)
    assert pool.sole_owner.tolist() == [NOBODY, NOBODY, 4, 5]
