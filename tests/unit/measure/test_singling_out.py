import time

import numpy as np
import pandas as pd
import pytest

from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.core.items.rows import Rows
from byheart.core.schema import Schema
from byheart.measure.singling_out import singling_out

ROLES = ["member"] * 3 + ["nonmember"] * 2 + ["synthetic"] * 3
SCHEMA = Schema.of(["age"], ["city"])


def corpus(frame, roles, schema=SCHEMA, groups=None):
    return Corpus.of(Rows.of(frame, schema), roles, groups=groups)


def small():
    return pd.DataFrame({"age": [30, 40, 95, 41, 20, 35, 90, 35], "city": list("aabab") + list("aba")})


def test_one_column_by_hand():
    """Generated: ages 35, 90, 35 and cities a, b, a.

    age <= 35 fits rows 0 (30) and 4 (20): two persons, nobody is singled out; age >= 90 fits row 2 alone; age == 90,
    once generated, fits nobody; city == b, once generated, fits rows 2 and 4.
    """
    scores = singling_out(corpus(small(), ROLES), n_descriptions=0)
    np.testing.assert_array_equal(scores.values, [0, 0, 1, 0, 0, np.nan, np.nan, np.nan])
    assert scores.params["tried"] == 4


def test_two_columns_by_hand():
    """Row 90, b is the only combination of two that one generated row has: age >= 90 and city b fit row 2 alone."""
    scores = singling_out(corpus(small(), ROLES), n_descriptions=50, n_columns=2)
    np.testing.assert_array_equal(scores.values[:5], [0, 0, 2, 0, 0])
    assert scores.params["tried"] == 5


def test_two_rows_of_one_person_are_one():
    """Where rows 0 and 4 are one person, age <= 35 singles that person out, half a description a row."""
    groups = ["p", "q", "r", "s", "p", *"xyz"]
    scores = singling_out(corpus(small(), ROLES, groups=groups), n_descriptions=0)
    np.testing.assert_array_equal(scores.values[:5], [0.5, 0, 1, 0, 0.5])


def test_copied_outliers_are_singled_out_and_labels_are_not_read():
    rng = np.random.default_rng(0)
    real = pd.DataFrame(rng.standard_t(2, (400, 6)), columns=list("abcdef"))
    made = pd.DataFrame(rng.standard_t(2, (200, 6)), columns=list("abcdef"))
    made.iloc[:60] = real.iloc[:60].to_numpy()
    roles = ["member"] * 200 + ["nonmember"] * 200 + ["synthetic"] * 200
    schema = Schema.of(list("abcdef"), [])
    both = corpus(pd.concat([real, made], ignore_index=True), roles, schema)
    scores = singling_out(both)
    assert scores.values[:60].mean() > 5 * scores.values[200:400].mean()
    swapped = np.array(["nonmember"] * 200 + ["member"] * 200 + ["synthetic"] * 200, dtype=object)
    other = Corpus(both.items, both.ids, swapped, both.groups)
    np.testing.assert_array_equal(singling_out(other).values, scores.values)
    order = rng.permutation(600)
    np.testing.assert_array_equal(singling_out(both.take(order)).values, scores.values[order])


def test_two_thousand_rows_in_seconds():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(6000, 15)).round(1), columns=[f"c{i}" for i in range(15)])
    roles = ["member"] * 2000 + ["nonmember"] * 2000 + ["synthetic"] * 2000
    table = corpus(frame, roles, Schema.of(list(frame.columns), []))
    assert table.rows.numbers.size
    began = time.process_time()
    singling_out(table)
    assert time.process_time() - began < 5


def test_nothing_generated_and_no_column():
    part = corpus(small(), ROLES).where("member", "nonmember")
    assert np.isnan(singling_out(part).values).all()
    with pytest.raises(UsageError, match="got 0 columns"):
        singling_out(part, n_columns=0)
