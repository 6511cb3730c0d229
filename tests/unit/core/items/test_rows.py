"""Rows of a table: types, missing values, codes, and the way to disk and back."""

import numpy as np
import pandas as pd
import pytest

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError
from byheart.core.items.rows import Rows
from byheart.core.schema import Column, Schema

SCHEMA = Schema(
    (Column("age", "number", whole=True), Column("seen", "date"), Column("sex", "category"), Column("note", "text")),
    target="sex",
)


def rows():
    table = {"age": [30, None, 41.5], "seen": ["1970-01-03", None, "1970-01-02T12:00:00"]}
    return Rows.of(pd.DataFrame({**table, "sex": ["f", None, "f"], "note": ["a", "b", None]}), SCHEMA)


def test_numbers_hold_dates_in_days_and_nan_for_missing():
    # 1970-01-03 is day 2; noon of 1970-01-02 is day 1.5
    np.testing.assert_array_equal(rows().numbers, [[30, 2], [np.nan, np.nan], [41.5, 1.5]])


def test_a_missing_category_has_a_code_of_its_own():
    codes = rows().codes
    assert codes.dtype == np.int32
    assert codes.shape == (3, 1)
    assert codes[0] == codes[2] != codes[1]


def test_rows_read_as_plain_dictionaries():
    first, second, third = rows()
    assert first == {"age": 30, "seen": "1970-01-03", "sex": "f", "note": "a"} == rows()[0]
    assert second == {"age": None, "seen": None, "sex": None, "note": "b"}
    assert third["seen"] == "1970-01-02T12:00:00"


def test_true_3_and_3_point_0_become_one_text_each():
    kinds = Schema((Column("x", "category"),))
    for values in ([3, 4], [3.0, 4.0], ["3", "4"]):
        assert kinds.conform(pd.DataFrame({"x": values}))["x"].tolist() == ["3", "4"]
    assert kinds.conform(pd.DataFrame({"x": [True, False]}))["x"].tolist() == ["True", "False"]


def test_a_corpus_of_rows_goes_to_disk_and_back(tmp_path):
    corpus = Corpus.of(rows(), "member", groups=["p", "p", "q"]) + Corpus.of(rows(), "synthetic")
    corpus.save(tmp_path / "corpus.parquet")
    again = Corpus.load(tmp_path / "corpus.parquet")
    assert again.rows.schema == SCHEMA
    assert list(again.rows) == list(corpus.rows)
    assert again.digest == corpus.digest
    assert again.take([4, 0]).rows[0] == corpus.rows[1]
    assert again.digest != again.take(np.arange(6)[::-1]).digest


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ({"age": [1]}, "no column 'seen'"),
        ({"age": ["old"], "seen": [None], "sex": [1], "note": [1]}, "'age' holds numbers, but row 0 has 'old'"),
        ({"age": [1], "seen": ["someday"], "sex": [1], "note": [1]}, "'seen' holds dates, but row 0 has 'someday'"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused_in_one_line(frame, said):
    with pytest.raises(DataError, match=said):
        SCHEMA.conform(pd.DataFrame(frame))


def test_bad_schemas_are_refused():
    with pytest.raises(DataError, match="'x' to be the target"):
        Schema.of(["a"], [], target="x")
    with pytest.raises(DataError, match="two columns have the name 'a'"):
        Schema.of(["a"], ["a"])
    with pytest.raises(DataError, match="no column can be compared"):
        Schema((Column("name", "identifier"),))
    with pytest.raises(DataError, match="texts"):
        _ = Corpus.of(["a"], "member").rows
