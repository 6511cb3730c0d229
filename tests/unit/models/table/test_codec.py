"""Rows become tensors and come back as they were."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from byheart.core.errors import DataError, TooFewRecords
from byheart.core.schema import Schema
from byheart.models.table.codec import NormalScale, TableCodec


def test_training_rows_come_back_exactly(awkward):
    frame, schema = awkward()
    codec = TableCodec.fit(frame, schema)
    z, codes = codec.encode(frame)
    assert (z.dtype, codes.dtype) == (np.float32, np.int64)
    assert z.shape == (200, 6)  # age, gain, flat, empty, seen, stamp
    assert codec.sizes == (3, 2, 2, 2, 2)  # city with None, income; then what can be missing: gain, empty, seen
    back = codec.decode(z, codes)
    pd.testing.assert_frame_equal(back.drop(columns="note"), frame.drop(columns="note"), check_exact=True)
    assert back["note"].isna().all()


def test_the_codec_survives_json(awkward):
    frame, schema = awkward()
    codec = TableCodec.fit(frame, schema)
    again = TableCodec.from_dict(json.loads(json.dumps(codec.to_dict(), allow_nan=False)))
    pd.testing.assert_frame_equal(again.decode(*codec.encode(frame)), codec.decode(*codec.encode(frame)))
    assert again.to_dict() == codec.to_dict()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e15, 1e15, allow_subnormal=False), min_size=1, max_size=60))
def test_any_numbers_come_back_bit_for_bit(values):
    schema = Schema.of(["x"], [])
    frame = pd.DataFrame({"x": values})
    codec = TableCodec.fit(frame, schema)
    assert codec.decode(*codec.encode(frame))["x"].tolist() == values


def test_the_scale_is_normal_and_ties_own_their_share_of_it():
    # 1000 different values: (i - 1/2) / 1000 are the ranks, so z is the normal quantile of each
    values = np.random.default_rng(0).permutation(np.exp(np.linspace(-5, 5, 1000)))
    z = NormalScale.of(values).forward(np.sort(values))
    assert np.allclose(z, norm.ppf((np.arange(1000) + 0.5) / 1000), atol=1e-6)
    # 8 zeros, then 3, then 7: ranks 0.05 ... 0.75 are zero, its centre 0.4; 3 stands at 0.85, 7 at 0.95
    scale = NormalScale.of(np.array([0.0] * 8 + [3.0, 7.0]))
    assert np.allclose(scale.middle, norm.ppf([0.4, 0.85, 0.95]), atol=1e-6)
    assert scale.back(norm.ppf([0.06, 0.4, 0.74])).tolist() == [0, 0, 0]
    between = scale.back((scale.high[:1] + scale.low[1:2]) / 2)
    assert between == pytest.approx([1.5])
    assert scale.back(np.array([-9.0, 9.0])).tolist() == [0, 7]


def test_a_normal_draw_of_z_gives_back_the_column():
    values = np.where(np.arange(2000) < 1600, 0.0, np.arange(2000) / 7)
    scale = NormalScale.of(values)
    drawn = scale.back(np.random.default_rng(1).standard_normal(4000))
    # share of zeros is 0.8 in truth; 4.5 standard errors of a binomial share: 7e-6 false alarms
    assert abs((drawn == 0).mean() - 0.8) < 4.5 * np.sqrt(0.8 * 0.2 / 4000)


def test_whole_numbers_and_days_stay_whole_off_the_known_points(awkward):
    frame, schema = awkward()
    codec = TableCodec.fit(frame, schema)
    z, codes = codec.encode(frame)
    codes[:, 2:] = 0
    made = codec.decode(z + 0.0137, codes)
    assert (made["age"] % 1 == 0).all()
    assert (made["seen"] == made["seen"].dt.normalize()).all()
    assert (made["stamp"] != frame["stamp"]).mean() > 0.9
    assert made["gain"].notna().all()
    assert made["empty"].isna().all()
    assert set(made["flat"]) == {0.1}


def test_what_training_never_had_is_refused():
    frame = pd.DataFrame({"x": [1.0, 2.0], "c": ["a", "b"]})
    codec = TableCodec.fit(frame, Schema.of(["x"], ["c"]))
    with pytest.raises(DataError, match="row 1 has 'q' in 'c'"):
        codec.encode(pd.DataFrame({"x": [1.0, 2.0], "c": ["a", "q"]}))
    with pytest.raises(DataError, match="row 0 has no 'x'"):
        codec.encode(pd.DataFrame({"x": [np.nan, 2.0], "c": ["a", "a"]}))
    with pytest.raises(TooFewRecords, match="at least one row"):
        TableCodec.fit(frame.iloc[:0], Schema.of(["x"], ["c"]))


def test_a_new_number_stands_between_its_neighbours():
    codec = TableCodec.fit(pd.DataFrame({"x": [0.0, 10.0]}), Schema.of(["x"], []))
    z, _ = codec.encode(pd.DataFrame({"x": [5.0, -3.0, 99.0]}))
    assert np.allclose(z[:, 0], [0, norm.ppf(0.25), norm.ppf(0.75)], atol=1e-6)
