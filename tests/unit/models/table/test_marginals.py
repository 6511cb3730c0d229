"""Columns drawn by themselves: right margins, no memory of rows."""

import numpy as np
import pandas as pd
import pytest

from byheart.core.errors import TargetError, TooFewRecords
from byheart.core.schema import Schema
from byheart.models.table.marginals import IndependentColumns


def test_values_are_known_and_rows_are_not(awkward):
    frame, schema = awkward()
    generator = IndependentColumns().fit(frame, schema, seed=0)
    made = generator.sample(500, seed=1)
    pd.testing.assert_frame_equal(made, generator.sample(500, seed=1))
    assert not made.equals(generator.sample(500, seed=2))
    assert list(made.columns) == list(schema.names)
    assert made["note"].isna().all()
    for name in schema.compared:
        assert set(made[name].dropna()) <= set(frame[name].dropna())
    assert made["empty"].isna().all()
    assert (made["age"] % 1 == 0).all()


def test_each_column_is_drawn_alike_and_apart_from_the_others():
    # c copies x: half the rows are (0, a), half (1, b); drawn apart, each of the four pairs has a quarter
    frame = pd.DataFrame({"x": [0.0, 1.0] * 50, "c": ["a", "b"] * 50})
    made = IndependentColumns().fit(frame, Schema.of(["x"], ["c"]), seed=0).sample(8000, seed=0)
    shares = made.value_counts(normalize=True)
    assert len(shares) == 4
    assert np.abs(shares - 0.25).max() < 5 * np.sqrt(0.25 * 0.75 / 8000)  # 2e-6 false alarms


def test_refusals():
    with pytest.raises(TargetError, match="call fit first"):
        IndependentColumns().sample(1, seed=0)
    with pytest.raises(TooFewRecords, match="at least one row"):
        IndependentColumns().fit(pd.DataFrame({"x": []}), Schema.of(["x"], []), seed=0)
