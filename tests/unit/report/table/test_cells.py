"""Cells: how far apart, how marked, how masked."""

import numpy as np
import pandas as pd
import pytest

from byheart.core.items.rows import Rows
from byheart.core.schema import Column, Schema
from byheart.report.table.cells import MASKS, Cell, Scale, agreeing, marked, shown

SCHEMA = Schema(
    (Column("n", "number"), Column("age", "number", whole=True), Column("day", "date"), Column("c", "category"),
     Column("id", "identifier"))
)  # fmt: skip


def rows(*cells):
    return Rows.of(pd.DataFrame(list(cells), columns=list(SCHEMA.names)), SCHEMA)


def test_cells_are_as_far_apart_as_their_share_of_the_range_of_real_rows():
    made = rows(
        (0.0, 20, "2020-01-01", "a", "x"), (10.0, 60, "2020-04-10", "b", "y"), (1.0, 21.4, "2020-01-11", "a", "x"),
        (99.0, None, "2020-01-01", None, None),
    )  # fmt: skip
    scale = Scale.of(made, np.array([True, True, False, False]))
    apart = scale.apart(np.array([0, 0]), np.array([2, 3]))
    # spans 10, 40 and 100 days; 21.4 is rounded to 21: 1/40; 10 of 100 days
    assert apart[0].tolist() == pytest.approx([0.1, 0.025, 0.1, 0, 0])
    # 99 lies beyond the range and counts 1; a missing cell is 1 from a value
    assert apart[1].tolist() == [1, 1, 0, 1, 1]


def test_two_missing_cells_are_equal_and_a_constant_column_is_all_or_nothing():
    made = rows((5.0, None, None, None, None), (5.0, None, None, None, None), (5.5, None, None, None, None))
    scale = Scale.of(made, np.array([True, True, False]))
    assert scale.apart(np.array([0, 0]), np.array([1, 2])).tolist() == [[0, 0, 0, 0, 0], [1, 0, 0, 0, 0]]


def test_columns_that_are_not_compared_do_not_agree():
    # four compared columns; 0.01 agrees, 0.02 does not; the identifier's 0 does not count
    assert agreeing(np.array([[0.0, 0.01, 0.02, 0.0, 0.0]]), SCHEMA).tolist() == [3]


def test_marks_tell_likeness_without_colour():
    assert marked("7", "number", 0.0) == Cell("7", "equal", "=")
    assert marked("7", "number", 0.004) == Cell("7", "close", "≈ 0.4 %")
    assert marked("7", "number", 1e-7) == Cell("7", "close", "≈ under 0.01 %")
    assert marked("7", "date", 0.4) == Cell("7", "apart", "≠ 40 %")
    assert marked("a", "category", 1.0) == Cell("a", "apart", "≠")


def test_a_mask_does_not_depend_on_what_it_hides():
    short = shown([1, 2, "2020-01-01", "M", "1"], SCHEMA, show_text=False)
    long = shown([123456.5, 2, None, "divorced", None], SCHEMA, show_text=False)
    assert short == long == [MASKS[k] for k in ("number", "number", "date", "category", "identifier")]


def test_cells_in_clear_are_bounded_and_fit_for_a_page():
    texts = shown([1, 2, None, "x" * 500, "a\x00b"], SCHEMA, show_text=True)
    assert texts[2] == "missing"
    assert len(texts[3]) == 48
    assert texts[4] == "a␀b"
