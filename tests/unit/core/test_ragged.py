"""Rows of different lengths."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.core.ragged import Ragged

rows = st.lists(st.lists(st.integers(-5, 5), max_size=4), max_size=6)


@given(rows)
def test_it_gives_back_the_rows(values):
    packed = Ragged.of(values, dtype=np.int64)
    assert [r.tolist() for r in packed] == values
    assert packed.lengths.tolist() == [len(v) for v in values]


@given(rows, rows)
def test_join_is_concatenation(a, b):
    joined = Ragged.join([Ragged.of(a, dtype=np.int64), Ragged.of(b, dtype=np.int64)])
    assert [r.tolist() for r in joined] == a + b


@given(rows)
def test_keep_filters_each_row_by_itself(values):
    packed = Ragged.of(values, dtype=np.int64)
    kept = packed.keep(packed.values > 0)
    assert [r.tolist() for r in kept] == [[x for x in v if x > 0] for v in values]


def test_take_in_the_order_named():
    assert [r.tolist() for r in Ragged.of([[1], [2, 3], []]).take([1, 1, 0])] == [[2, 3], [2, 3], [1]]


def test_offsets_that_do_not_describe_the_values_are_refused():
    with pytest.raises(ValueError, match="offsets run from 0 to 2"):
        Ragged(np.zeros(2), np.array([0, 1]))
