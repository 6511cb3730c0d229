"""The distance ratio: by hand, and its identities."""

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.neighbors import KNeighborsClassifier

from byheart.compare.rows.nearest_rows import (
    mem_auc,
    mem_auc_grid10,
    memorization_ratio,
    nearest_ratio,
)
from byheart.compare.rows.row_distance import METRICS
from byheart.core.errors import DataError, TooFewRecords
from byheart.core.schema import Schema

SCHEMA = Schema.of(["age"], ["sex", "job"])
TRAIN = pd.DataFrame({"age": [20, 20, 30, 60], "sex": list("ffmf"), "job": list("aabb")})


def table(rows):
    return pd.DataFrame(rows, columns=["age", "sex", "job"])


def test_gower_by_hand():
    found = nearest_ratio(table([(20, "f", "a"), (28, "f", "b"), (40, "?", "a")]), TRAIN, SCHEMA)
    # range 40, three columns; rows 0 and 1 of the training table are one row.
    # (20, f, a): itself, so r = 0; then (60, f, b): (40/40 + 0 + 1)/3 = 2/3 and (30, m, b): (10/40 + 2)/3 = 2.25/3
    # (28, f, b): (20, f, a) 8/40 + 1 = 1.2; (30, m, b) 2/40 + 1 = 1.05; (60, f, b) 32/40 = 0.8: r = 0.8/1.05
    # (40, ?, a): 20/40 + 1 = 1.5; 10/40 + 2 = 2.25; 20/40 + 2 = 2.5: r = 1.5/2.25
    np.testing.assert_allclose(found.d1, [0, 0.8 / 3, 0.5], rtol=1e-15)
    np.testing.assert_allclose(found.d2, [2 / 3, 1.05 / 3, 0.75], rtol=1e-15)
    np.testing.assert_allclose(found.r, [0, 0.8 / 1.05, 1.5 / 2.25], rtol=1e-15)
    assert found.idx1.tolist() == [0, 3, 0]
    assert found.idx2.tolist() == [3, 2, 2]


def test_the_papers_distance_by_hand():
    # numbers alone: 28 - (20, 30, 60) is 8, 2, 32 away, rescaled (8-2)/30 = 0.2, 0, 1; d = 1.2/3, (0 + 1)/3, (1 + 0)/3;
    # a tie, which goes to the row that stands first
    found = nearest_ratio(table([(28, "f", "b")]), TRAIN, SCHEMA, metric="paper")
    assert (found.d1[0], found.d2[0]) == (1 / 3, 1 / 3)
    assert (found.idx1[0], found.idx2[0]) == (2, 3)
    # over all pairs of both queries: distances 8, 2, 32 and 0, 10, 40, so norm divides by 40
    found = nearest_ratio(table([(28, "f", "b"), (20, "f", "b")]), TRAIN, SCHEMA, metric="paper-global")
    np.testing.assert_allclose(found.d1, [0.8 / 3, 1 / 3])
    np.testing.assert_allclose(found.d2, [1.05 / 3, 1 / 3])
    assert found.idx1.tolist() == [3, 0]


@pytest.mark.parametrize("metric", METRICS)
def test_a_copied_table_has_ratio_0_even_where_its_rows_were_there_twice(metric):
    train = pd.concat([TRAIN, TRAIN])
    found = nearest_ratio(train, train, SCHEMA, metric=metric)
    if metric != "paper-global":  # which takes the least distance of all pairs away, here 0
        assert (found.d1 == 0).all()
    assert (found.r == 0).all()
    assert memorization_ratio(found.r) == 1
    assert found.idx1.tolist() == [0, 0, 2, 3] * 2


def test_area_under_the_curve():
    r = np.array([0.0, 0.5, 1.0, 0.2])
    # exactly: share below t is 1/4 up to 0.2, 2/4 up to 0.5, 3/4 up to 1: 0.05 + 0.15 + 0.375 = 0.575 = 1 - 1.7/4
    assert mem_auc(r) == pytest.approx(0.575, abs=1e-12)
    assert memorization_ratio(r) == 0.5
    assert memorization_ratio(np.array([1 / 3])) == 0  # the threshold itself is not memorized
    rng = np.random.default_rng(0)
    r = np.concatenate([np.zeros(30), rng.random(200)])
    steps = np.sort(np.concatenate([[0.0], r, [1.0]]))
    area = sum((b - a) * np.mean(r < b) for a, b in itertools.pairwise(steps))
    assert mem_auc(r) == pytest.approx(area, abs=1e-12)
    ratios, total = [np.mean(r < t) for t in np.linspace(0, 1, 10)], 0.0
    for k in range(9):
        total += (ratios[k] + ratios[k + 1]) / 2 / 9
    assert mem_auc_grid10(r) == pytest.approx(total, abs=1e-15)
    # all at 0: 1 for sure, but the grid's first trapezoid starts from 0 and loses half of 1/9
    assert mem_auc(np.zeros(5)) == 1
    assert mem_auc_grid10(np.zeros(5)) == pytest.approx(1 - 1 / 18)


@pytest.mark.parametrize("load", [load_breast_cancer, load_wine])
def test_with_the_papers_distance_the_ratio_is_0_wherever_the_numbers_nearest_row_agrees(load):
    data = load(as_frame=True).frame
    numbers = [c for c in data if c != "target"]
    order = np.random.default_rng(0).permutation(len(data))
    train, held_out = data.iloc[order[::2]], data.iloc[order[1::2]]
    with pytest.warns(UserWarning, match="0 categorical columns"):
        assert (nearest_ratio(held_out[numbers], train[numbers], Schema.of(numbers, []), metric="paper").r == 0).all()
    schema = Schema.of(numbers, ["target"])
    with pytest.warns(UserWarning, match="1 categorical columns"):
        zero = nearest_ratio(held_out, train, schema, metric="paper").r == 0
    nearest = KNeighborsClassifier(1, algorithm="brute").fit(train[numbers].to_numpy(), train["target"])
    agree = nearest.predict(held_out[numbers].to_numpy()) == held_out["target"].to_numpy()
    assert zero.tolist() == agree.tolist()
    assert 0.6 < zero.mean() < 0.97  # held-out rows, which nobody memorized
    assert (nearest_ratio(held_out, train, schema).r < 1 / 3).mean() < 0.05


def test_other_metrics_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nearest_ratio(TRAIN, TRAIN, Schema.of(["age"], []))
        nearest_ratio(TRAIN, TRAIN, SCHEMA, metric="paper")


def test_rounding_makes_a_generated_integer_match():
    schema = Schema.from_dict(
        {"columns": [{"name": "age", "kind": "number", "whole": True}], "target": None, "entity": None}
    )
    assert nearest_ratio(pd.DataFrame({"age": [30.0001]}), TRAIN, schema).r.tolist() == [0]


def test_bad_tables_are_refused_in_one_line():
    with pytest.raises(TooFewRecords, match="there are 1"):
        nearest_ratio(TRAIN, TRAIN.iloc[:2], SCHEMA)
    with pytest.raises(TooFewRecords, match="there are 0"):
        nearest_ratio(TRAIN, TRAIN.iloc[:0], SCHEMA)
    with pytest.raises(DataError, match="'job' is missing in every real row"):
        nearest_ratio(TRAIN, TRAIN.assign(job=None), SCHEMA)
    with pytest.raises(DataError, match="no column 'job'"):
        nearest_ratio(TRAIN[["age", "sex"]], TRAIN, SCHEMA)
    empty = nearest_ratio(TRAIN.iloc[:0], TRAIN, SCHEMA)
    assert empty.r.size == 0
    assert memorization_ratio(empty.r) == 0
