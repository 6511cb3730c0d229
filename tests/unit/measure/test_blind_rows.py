import numpy as np
import pandas as pd
import pytest

from byheart.core.corpus import Corpus
from byheart.core.items.rows import Rows
from byheart.core.schema import Schema
from byheart.measure.blind_rows import blind_rows
from byheart.stats.auc import auc

SCHEMA = Schema.of(["a", "b", "d"], ["c"])


def corpus(frame, roles):
    return Corpus.of(Rows.of(frame, SCHEMA), roles)


def draws(rng, n, shift=0.0, spread=1.0):
    frame = pd.DataFrame({"a": rng.lognormal(shift, 2 * spread, n), "b": rng.normal(size=n).round(1)})
    return frame.assign(c=rng.choice(list("xyz"), n), d=np.where(rng.random(n) < 0.1, np.nan, frame["b"]))


@pytest.mark.parametrize("change", [{"shift": 2.0}, {"spread": 3.0}])
def test_blind_guess_sees_shifted_and_stretched_tables(change):
    rng = np.random.default_rng(0)
    frame = pd.concat([draws(rng, 150), draws(rng, 150, **change), draws(rng, 10)], ignore_index=True)
    roles = ["member"] * 150 + ["nonmember"] * 150 + ["synthetic"] * 10
    table = corpus(frame, roles)
    scores = blind_rows(table)
    areas = auc(scores.where("nonmember").values, scores.where("member").values)
    assert areas < 0.4
    assert np.isnan(scores.values[300:]).all()
    order = rng.permutation(310)
    np.testing.assert_allclose(blind_rows(table.take(order)).values, scores.values[order])


@pytest.mark.parametrize(("n_controls", "folds"), [(1, 1), (2, 2), (3, 3), (9, 5)])
def test_fewer_folds_where_a_role_has_fewer_groups(n_controls, folds):
    table = corpus(draws(np.random.default_rng(1), 60), ["member"] * (60 - n_controls) + ["nonmember"] * n_controls)
    scores = blind_rows(table)
    assert scores.params["folds"] == folds
    assert np.isnan(scores.values).all() == (folds < 2)


def test_blind_guess_sees_duplicated_training_rows():
    rng = np.random.default_rng(0)
    frame = draws(rng, 200)
    frame = pd.concat([frame.iloc[:60]] * 2 + [frame.iloc[60:]], ignore_index=True)
    table = corpus(frame, ["member"] * 120 + ["nonmember"] * 140)
    scores = blind_rows(table)
    assert auc(scores.where("member").values, scores.where("nonmember").values) > 0.9


def test_blind_guess_finds_nothing_in_like_tables():
    """The mean AUC over 8 pairs of like tables lies within 4 of its own standard errors of one half."""
    areas = []
    for seed in range(8):
        table = corpus(draws(np.random.default_rng(seed), 240), ["member"] * 160 + ["nonmember"] * 80)
        scores = blind_rows(table)
        areas.append(auc(scores.where("member").values, scores.where("nonmember").values))
    assert abs(np.mean(areas) - 0.5) < 4 * np.std(areas, ddof=1) / 8**0.5
