"""Is a table read alike from any format, and is what is no table refused in one line?"""

import datetime as dt
import json
import time

import numpy as np
import pandas as pd
import pytest

from byheart.core.errors import DataError, UsageError
from byheart.data.table.files import read_table


def written(tmp_path, text, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_cells_get_their_types_from_what_all_of_them_say(tmp_path):
    frame = read_table(
        written(
            tmp_path,
            "age,pay,zip,day,ok,city,gone\n"
            "31, 1.5,01234,2020-01-31,true, Rome ,\n"
            "4,?,90210,2020-02-01,FALSE,NA,NaN\n"
            '5,+2e3,10001,,true,"Paris, TX",\n',
        )
    )
    assert frame["age"].dtype == "int64"
    assert frame["age"].tolist() == [31, 4, 5]
    assert frame["pay"].iloc[0] == 1.5
    assert np.isnan(frame["pay"].iloc[1])
    assert frame["pay"].iloc[2] == 2000
    assert frame["zip"].tolist() == ["01234", "90210", "10001"]  # a leading zero: codes, not quantities
    assert frame["day"].iloc[0] == pd.Timestamp("2020-01-31")
    assert pd.isna(frame["day"].iloc[2])
    assert frame["ok"].tolist() == ["True", "False", "True"]
    assert frame["city"].tolist() == ["Rome", None, "Paris, TX"]
    assert frame["gone"].isna().all()


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["31/12/2020", "01/02/2021"], ["2020-12-31", "2021-02-01"]),  # no month is 31: day first
        (["12/31/2020", "01/02/2021"], ["2020-12-31", "2021-01-02"]),  # month first
        (["31.12.2020", "01.02.2021"], ["2020-12-31", "2021-02-01"]),
        (["2020/12/31", "2021/02/01"], ["2020-12-31", "2021-02-01"]),
        (["31 Dec 2020", "1 Feb 2021"], ["2020-12-31", "2021-02-01"]),
        (["December 31, 2020", "February 1, 2021"], ["2020-12-31", "2021-02-01"]),
        (["2020-12-31T10:00:00Z", "2021-02-01T10:00:00+10:00"], ["2020-12-31T10:00", "2021-02-01T00:00"]),
        (["2020-12", "2021-02"], ["2020-12-01", "2021-02-01"]),
    ],
)
def test_dates_are_found_in_their_usual_forms(cells, expected):
    found = read_table(pd.DataFrame({"d": cells, "x": [1, 2]}))["d"]
    assert found.tolist() == [pd.Timestamp(e) for e in expected]


@pytest.mark.parametrize("cells", [["01/02/2021", "03/04/2021"], ["2020-13-45", "2020-01-01"], ["2020", "room 2020"]])
def test_what_is_no_certain_date_stays_as_it_is(cells):
    assert read_table(pd.DataFrame({"d": cells, "x": [1, 2]}))["d"].tolist() == cells


def test_types_of_frames_end_where_texts_end():
    raw = pd.DataFrame(
        {
            "flag": [True, False, None], "small": np.array([0.1, 0.2, np.nan], np.float32),
            "when": [dt.date(2020, 1, 2), None, dt.date(2020, 1, 3)], "mixed": [1, "a", 2.0],
            "cat": pd.Categorical(["x", None, "y"]), "long": [10**17, 10**17 + 1, 10**17 + 2],
            "int": pd.array([1, None, 3], "Int64"), "bool": pd.array([True, None, False], "boolean"),
        }
    )  # fmt: skip
    before = raw.copy(deep=True)
    frame = read_table(raw)
    pd.testing.assert_frame_equal(raw, before)  # the caller's frame is not touched
    assert frame["flag"].tolist() == ["True", "False", None]
    assert frame["small"].iloc[0] == 0.1  # as it is written, not 0.10000000149
    assert frame["when"].iloc[2] == pd.Timestamp("2020-01-03")
    assert frame["mixed"].tolist() == ["1", "a", "2"]
    assert frame["cat"].tolist() == ["x", None, "y"]
    assert frame["long"].tolist() == ["100000000000000000", "100000000000000001", "100000000000000002"]
    assert frame["int"].iloc[2] == 3.0
    assert np.isnan(frame["int"].iloc[1])
    assert frame["bool"].tolist() == ["True", None, "False"]


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("a,b\n1,2\n3\n", "t.csv", "line 3: 1 cells under 2 columns"),
        ('a,b\n1,"x"y\n', "t.csv", "line 2: not CSV"),
        ('a,b\n1,"x\n', "t.csv", "not CSV"),
        ("a,b,a\n1,2,3\n", "t.csv", "two columns called 'a'"),
        ("a;b\n1;2\n", "t.csv", "separated by ';'"),
        ("a,b\n1,2\n", "t.tsv", "separated by ','"),
        ("", "t.csv", "is empty"),
        ("\na,b\n1,2\n", "t.csv", "begins with an empty line"),
        (b"a,b\n1,caf\xe9\n", "t.csv", "byte 9 is 0xe9"),
        ("a,b\n1,2\n".encode("utf-16"), "t.csv", "is not UTF-8"),
        ("a,b\n1,inf\n", "t.csv", "column 'b' is infinite in row 0"),
        ("a,b\n1,9999-12-31\n", "t.csv", "the year 9999 in row 0"),
        ('{"a": 1}\n{"a": [2]}\n', "t.jsonl", "column 'a' holds a list in row 1"),
        ('{"a": 1}\n[1]\n', "t.jsonl", "line 2: a row of a table has named columns; got list"),
        ('{"a": 1}\n{"a": \n', "t.jsonl", "line 2: not JSON"),
        (b"PAR1 not at all", "t.parquet", "is not a Parquet file"),
        ("a,b\n1,2\n", "t.xlsx", "does not read"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(tmp_path, text, name, said):
    with pytest.raises(DataError) as e:
        read_table(written(tmp_path, text, name))
    assert said in str(e.value)
    assert "\n" not in str(e.value)


def test_refusals_of_other_sources(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(DataError, match="two columns have the name 'a'"):
        read_table(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(DataError, match="holds a bytes in row 0"):
        read_table(pd.DataFrame({"a": [b"x"]}))
    with pytest.raises(DataError, match="surrogate"):
        read_table(pd.DataFrame({"a": pd.Series(["\ud800"], dtype=object)}))
    with pytest.raises(UsageError, match="limit"):
        read_table(pd.DataFrame({"a": [1]}), limit=0)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.txt").write_text("x")
    with pytest.raises(DataError, match="folder of texts"):
        read_table(tmp_path / "folder")


def test_rows_of_a_json_file_may_lack_keys(tmp_path):
    path = written(tmp_path, "\n".join(map(json.dumps, [{"a": 1}, {"b": "x"}, {"a": 3, "b": None}])), "t.jsonl")
    frame = read_table(path)
    assert frame["a"].iloc[[0, 2]].tolist() == [1, 3]
    assert np.isnan(frame["a"].iloc[1])
    assert frame["b"].tolist() == [None, "x", None]


def test_the_limit_takes_the_first_rows(tmp_path):
    assert read_table(written(tmp_path, "a\n3\n1\n2\n"), limit=2)["a"].tolist() == [3, 1]


def test_a_byte_order_mark_and_empty_lines_are_no_cells(tmp_path):
    frame = read_table(written(tmp_path, b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n3,4\r\n"))
    assert list(frame.columns) == ["a", "b"]
    assert frame["a"].tolist() == [1, 3]


def test_many_rows_take_no_more_than_seconds(tmp_path):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{i}": random.normal(size=40_000) for i in range(10)})
    for i in range(10):
        frame[f"c{i}"] = random.choice([f"category {k}" for k in range(40)], 40_000)
    frame.to_csv(tmp_path / "big.csv", index=False)
    start = time.process_time()
    read = read_table(tmp_path / "big.csv")
    assert time.process_time() - start < 4  # about 0.2 s; row by row takes 10
    pd.testing.assert_series_equal(read["x0"], frame["x0"])
