"""Are kinds of columns what a person would say, for what is real and from whatever type?"""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_iris, load_wine

from byheart.core.errors import DataError
from byheart.data.table.column_kinds import infer_schema

N = 200
WORDS = [f"{a}{b}" for a in "kelmor" for b in ("ano", "bury", "dell", "ford", "gate", "holm", "ink", "stead")]


def kind(values, name="c", **options):
    frame = pd.DataFrame({name: values, "x": np.arange(len(values)) / 3})
    return infer_schema({"train": frame}, **options)[name]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.arange(N) % 7 + 0.5, "number"),
        (np.arange(N) % 7, "category"),  # 7 values from 0 to 6, about 29 rows each
        (np.arange(N) % 7 - 2, "number"),  # codes are not negative
        (np.arange(N) % 7 * 100, "number"),  # nor far apart
        (np.arange(N) % 60, "number"),
        (np.arange(N) % 2, "category"),
        (np.arange(N), "identifier"),  # 200 * 199 / (2 * 200) = 99 repeats expected of measurements, none seen
        (np.arange(N) * 10_000, "number"),  # 0.01 repeats expected: none is no wonder
        (np.arange(N) % 2 == 0, "category"),
        (["yes", "no"] * (N // 2), "category"),
        (pd.date_range("2020-01-01", periods=N), "date"),
        ([f"2020-01-{i % 28 + 1:02d}" for i in range(N)], "date"),
        ([f"0{i % 9 + 1}/0{i % 7 + 1}/2020" for i in range(N)], "category"),  # day or month first?
        ([f"{i % 50:05d}" for i in range(N)], "category"),  # ZIP codes
        ([str(i % 50) for i in range(N)], "number"),  # numbers stored as texts
        ([WORDS[i % 40] for i in range(N)], "category"),  # cities
        ([f"{WORDS[i % 40]} {WORDS[i // 40]}" for i in range(N)], "identifier"),  # names, all different
        ([f"u{i:04x}" for i in range(N)], "identifier"),
        ([f"the {WORDS[i % 40]} was seen on the way to {WORDS[i // 40]}" for i in range(N)], "text"),
        (["one and the same long sentence in every row of it"] * N, "category"),
        ([10**16 + i for i in range(N)], "identifier"),
        ([5] * N, "category"),
        ([0.5] * N, "number"),
        (["a"] * N, "category"),
    ],
)
def test_kind_of_a_column(values, expected):
    found = kind(values)
    assert (found.kind, bool(found.why)) == (expected, True)


def test_a_name_helps_where_values_cannot_tell():
    assert kind(np.arange(N) * 10_000, "patient_id").kind == "identifier"
    assert kind(90_001 + np.arange(N) % 60, "zip").kind == "category"
    assert kind(np.arange(N) % 60, "humid").kind == "number"  # ends in id and is none


def test_the_kind_is_of_all_real_rows_and_of_no_synthetic_one():
    # control alone has a half: the column is of numbers, not of codes; what the generator made is not asked
    train = pd.DataFrame({"c": np.arange(N) % 3, "x": np.arange(N) / 3})
    control, made = train.assign(c=train["c"] + 0.5), train.assign(c="word")
    assert infer_schema({"train": train, "synthetic": made})["c"].kind == "category"
    assert infer_schema({"train": train, "control": control, "synthetic": made})["c"].kind == "number"


def test_targets_are_classes_if_they_can_be():
    assert kind(np.arange(N) % 15, target="c").kind == "category"
    assert kind(np.arange(N) % 15).kind == "number"
    assert kind([f"u{i}" for i in range(N)], target="c").kind == "category"
    assert kind(np.arange(N) / 7, target="c").kind == "number"


def test_what_is_declared_is_believed():
    assert kind(np.arange(N) % 3, kinds={"c": "number"}).kind == "number"
    assert kind(np.arange(N) % 3, kinds={"c": "number"}).whole
    assert kind(np.arange(N) / 3, kinds={"c": "category"}).why == "as declared"


def test_entity_and_empty_columns_are_left_out():
    frame = pd.DataFrame({"who": np.arange(N) // 2, "x": np.arange(N) / 3, "gone": [None] * N, "same": 1})
    schema = infer_schema({"train": frame}, entity="who")
    assert schema.names == ("x", "same")
    assert schema.entity == "who"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"target": "X"}, "no column 'X' to be the target; there are x, c ('x' differs in case or spaces only)"),
        ({"entity": "who"}, "no column 'who' to say whose row it is"),
        ({"kinds": {"y": "number"}}, "no column 'y' to hold numbers"),
        ({"kinds": {"x": "float"}}, "got 'float' for 'x'"),
        ({"target": "x", "entity": "x"}, "name two columns"),
    ],
)
def test_what_is_not_there_is_named(options, said):
    with pytest.raises(DataError) as e:
        infer_schema({"train": pd.DataFrame({"x": [1.5, 2], "c": ["a", "b"]})}, **options)
    assert said in str(e.value)


def test_nothing_to_compare_is_refused():
    with pytest.raises(DataError, match="no column can be compared"):
        infer_schema({"train": pd.DataFrame({"id": [f"u{i}" for i in range(N)]})})
    with pytest.raises(DataError, match="target 'x' has no value"):
        infer_schema({"train": pd.DataFrame({"x": [None, None], "y": [1, 2]})}, target="x")
    with pytest.raises(DataError, match="give the training table"):
        infer_schema({})


@pytest.mark.parametrize(("load", "n_numbers"), [(load_iris, 4), (load_wine, 13), (load_breast_cancer, 30)])
def test_well_known_tables(load, n_numbers):
    schema = infer_schema({"train": load(as_frame=True).frame}, target="target")
    assert len(schema.numerical) == n_numbers
    assert schema.categorical == ("target",)
