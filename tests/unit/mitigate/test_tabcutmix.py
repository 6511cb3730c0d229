"""Masks and clones against their exact laws; what an augmentation must never change."""

import logging
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from byheart.core.card import load
from byheart.core.errors import DataError, TooFewRecords, UsageError
from byheart.core.schema import Schema
from byheart.mitigate._row_mixing.masks import drawn_masks
from byheart.mitigate.tabcutmix import TabCutMix, tabcutmix


def distinct(n=60, features=9, seed=0):
    """A table whose rows differ in every cell but the class."""
    frame = pd.DataFrame({f"c{j}": np.arange(n) * 1.5 + j for j in range(features)})
    frame.insert(2, "class", np.random.default_rng(seed).choice(["yes", "no", "perhaps"], n, p=[0.5, 0.4, 0.1]))
    return frame


def real_table():
    """One column of every type that pandas has and people use."""
    rng, n = np.random.default_rng(3), 40
    days = pd.to_datetime("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), unit="D")
    return pd.DataFrame(
        {
            "whole": rng.integers(0, 99, n),
            "small": rng.integers(0, 255, n).astype(np.uint8),
            "holes": pd.array(np.where(rng.random(n) < 0.2, None, rng.integers(0, 50, n)), dtype="Int64"),
            "number": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
            "single": rng.normal(size=n).astype(np.float32),
            "kind": pd.Categorical(rng.choice(["a", "b"], n), categories=["b", "a", "never"], ordered=True),
            "word": np.where(rng.random(n) < 0.2, None, rng.choice(["red", "blue"], n)),
            "true": rng.random(n) < 0.5,
            "day": days,
            "hour": pd.Series(days).where(rng.random(n) > 0.2).dt.tz_localize("Europe/Berlin"),
            "income": rng.choice(["low", "high"], n, p=[0.7, 0.3]),
        }
    ).set_axis([f"row {i}" for i in range(n)])


@pytest.mark.parametrize(("mask", "most"), [("bernoulli", 14), ("count", 13)])
def test_number_of_swapped_columns_is_uniform(mask, most):
    # paper: uniform on {0..14}; code: on {0..13}. 200,000 draws: the standard error of a share is at most 0.0006.
    # A bound of 4.5 of them on 15 shares: a false alarm in 1 of 10,000 seeds.
    n = 200_000
    from_a = drawn_masks(n, np.arange(14), mask=mask, atomic=True, rng=np.random.default_rng(0))
    counts = np.bincount((~from_a).sum(axis=1), minlength=15)
    share = np.zeros(15)
    share[: most + 1] = 1 / (most + 1)
    assert np.abs(counts / n - share).max() < 4.5 * np.sqrt(share.max() / n)
    assert counts[most + 1 :].sum() == 0


@pytest.mark.parametrize("mask", ["bernoulli", "count"])
def test_every_column_is_swapped_equally_often(mask):
    from_a = drawn_masks(100_000, np.arange(6), mask=mask, atomic=True, rng=np.random.default_rng(1))
    swapped = (~from_a).mean(axis=0)
    expected = 0.5 if mask == "bernoulli" else 2.5 / 6  # mean of {0..5} over 6
    np.testing.assert_allclose(swapped, expected, atol=4.5 * 0.5 / np.sqrt(100_000))


def test_a_cluster_comes_from_one_parent_unless_its_cells_are_drawn():
    units = np.array([0, 1, 0, 2, 1, 0])
    whole = drawn_masks(5000, units, mask="bernoulli", atomic=True, rng=np.random.default_rng(2))
    for unit in range(3):
        assert np.ptp(whole[:, units == unit].astype(int), axis=1).max() == 0
    loose = drawn_masks(50_000, units, mask="bernoulli", atomic=False, rng=np.random.default_rng(2))
    together = (np.ptp(loose[:, units == 0].astype(int), axis=1) == 0).mean()
    assert together == pytest.approx(2 / 4, abs=0.01)  # all 3 or none of 3, each 1/(3+1)


@pytest.mark.parametrize(("mask", "expected"), [("bernoulli", 2 / 10), ("count", 1 / 9)])
def test_clones_are_as_frequent_as_the_formula_says(mask, expected):
    # F = 9 columns beside the class: 2/(9+1) or 1/9, where the two parents are two rows
    table = distinct(n=1000)
    new = TabCutMix(40.0, mask=mask, seed=1)
    new.fit_resample(table, "class")
    two = new.provenance_.row_a != new.provenance_.row_b
    n, clones = int(two.sum()), int(new.clones_[two].sum())
    low, high = binom.ppf([5e-5, 1 - 5e-5], n, expected)  # a false alarm in 1 of 10,000 seeds
    assert low <= clones <= high
    assert new.expected_clones_ == pytest.approx(expected)
    assert new.clones_[~two].all()


def test_forbidden_clones_do_not_occur():
    table = real_table()
    new = TabCutMix(5.0, forbid_clones=True, seed=0)
    out = new.fit_resample(table, "income")
    assert not new.clones_.any()
    both = pd.concat([table, out.iloc[len(table) :]]).astype(object).map(repr).agg("|".join, axis=1).to_numpy()
    old, made = both[: len(table)], both[len(table) :]
    assert (made != old[new.provenance_.row_a]).all()
    assert (made != old[new.provenance_.row_b]).all()


def test_a_class_of_one_row_is_cloned_or_left_out(caplog):
    table = pd.DataFrame({"x": range(6), "y": range(6), "z": range(6), "class": ["a"] * 5 + ["b"]})
    plain = TabCutMix(20.0, seed=0)
    out = plain.fit_resample(table, "class")
    lone = out[out["class"] == "b"]
    assert len(lone) > 1
    assert (lone[["x", "y", "z"]] == 5).all(axis=None)
    with caplog.at_level(logging.WARNING):
        out = TabCutMix(20.0, forbid_clones=True, seed=0).fit_resample(table, "class")
    assert (out["class"] == "b").sum() == 1
    assert "left out" in caplog.text


@pytest.mark.parametrize("plus", [False, True])
@pytest.mark.parametrize("mask", ["bernoulli", "count"])
def test_every_cell_is_that_of_the_parent_it_names(plus, mask):
    table = real_table()
    new = TabCutMix(3.0, plus=plus, mask=mask, seed=2)
    out = new.fit_resample(table, "income")
    p, made = new.provenance_, out.iloc[len(table) :].reset_index(drop=True)
    assert len(made) == 120
    for j, name in enumerate(table.columns):
        expected = table[name].iloc[np.where(p.mask[:, j], p.row_a, p.row_b)].reset_index(drop=True)
        pd.testing.assert_series_equal(made[name], expected)
    a, b = table["income"].iloc[p.row_a].to_numpy(), table["income"].iloc[p.row_b].to_numpy()
    assert (a == b).all()
    assert (made["income"] == a).all()


@pytest.mark.parametrize("plus", [False, True])
def test_old_rows_and_types_stay(plus):
    table = real_table()
    before = table.copy(deep=True)
    out = TabCutMix(0.5, plus=plus, seed=0).fit_resample(table, "income")
    pd.testing.assert_frame_equal(table, before)
    pd.testing.assert_frame_equal(out.iloc[: len(table)], table.reset_index(drop=True))
    pd.testing.assert_series_equal(out.dtypes, table.dtypes)
    assert len(out) == 60
    assert out.index.equals(pd.RangeIndex(60))
    assert list(out["kind"].cat.categories) == ["b", "a", "never"]


def test_clusters_of_plus_move_whole():
    rng = np.random.default_rng(0)
    x, kind = rng.normal(size=300), rng.choice(list("abc"), 300)
    table = pd.DataFrame({"x": x, "kind": kind, "double": 2 * x, "copy": kind, "alone": rng.normal(size=300)})
    table["y"] = rng.choice(["u", "v"], 300)
    new = TabCutMix(10.0, plus=True, seed=0)
    out = new.fit_resample(table, "y").iloc[300:]
    assert new.clusters_ == [["x", "double"], ["kind", "copy"], ["alone"], ["y"]]
    assert new.expected_clones_ == 2 / 4  # three clusters beside the class
    np.testing.assert_array_equal(out["double"], 2 * out["x"])
    np.testing.assert_array_equal(out["kind"], out["copy"])
    loose = TabCutMix(10.0, plus=False, seed=0).fit_resample(table, "y").iloc[300:]
    assert (loose["kind"] != loose["copy"]).mean() > 0.1


def test_classes_keep_their_shares_in_expectation():
    table = distinct(n=400)
    shares = table["class"].value_counts(normalize=True)
    new = TabCutMix(50.0, seed=4).fit_resample(table, "class").iloc[400:]
    for name, share in shares.items():  # 20,000 rows; four and a half standard errors
        assert abs((new["class"] == name).mean() - share) < 4.5 * np.sqrt(share / 20_000)


CELLS = st.tuples(
    st.one_of(st.none(), st.integers(-5, 5)),
    st.one_of(st.none(), st.sampled_from(["a", "b", "ä"])),
    st.one_of(st.none(), st.dates(pd.Timestamp("1990-01-01").date(), pd.Timestamp("2030-01-01").date())),
    st.sampled_from(["u", "v", "w"]),
)


@given(
    st.lists(CELLS, min_size=2, max_size=25), st.booleans(), st.sampled_from(["bernoulli", "count"]), st.integers(0, 9)
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_is_invented(cells, plus, mask, seed):
    table = pd.DataFrame(cells, columns=["n", "kind", "day", "class"])
    table = table.astype({"n": "Int64", "kind": "category"}).assign(day=pd.to_datetime(table["day"]), on=True)
    if table.isna().all().any():
        with pytest.raises(DataError, match="no value"):
            TabCutMix(1.0, plus=plus, mask=mask, seed=seed).fit_resample(table, "class")
        return
    out = TabCutMix(1.0, plus=plus, mask=mask, seed=seed).fit_resample(table, "class")
    assert len(out) == 2 * len(table)
    pd.testing.assert_series_equal(out.dtypes, table.dtypes)
    for name in table:
        assert set(map(repr, out[name])) <= set(map(repr, table[name]))
    old = {(k, repr(v)) for k, v in zip(table["class"], table["day"], strict=True)}
    assert {(k, repr(v)) for k, v in zip(out["class"], out["day"], strict=True)} <= old  # cells stay in their class


def test_the_seed_decides():
    table = real_table()
    one, two, other = (TabCutMix(1.0, seed=s).fit_resample(table, "income") for s in (5, 5, 6))
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(other)


def test_a_target_of_numbers_needs_bins_and_is_then_mixed_within_them():
    table = pd.DataFrame({"x": np.arange(100.0), "y": np.arange(100) / 7})
    with pytest.raises(UsageError, match="give n_bins"):
        TabCutMix(seed=0).fit_resample(table, "y")
    new = TabCutMix(5.0, n_bins=4, seed=0)
    out = new.fit_resample(table, "y").iloc[100:]
    assert set(out["y"]) <= set(table["y"])
    np.testing.assert_array_equal(out["x"] // 25, out["y"] * 7 // 25)  # four bins of 25 rows each
    assert new.provenance_.mask[:, 1].mean() < 0.9  # the target is mixed too
    with pytest.raises(UsageError, match="classes already"):
        TabCutMix(n_bins=4, seed=0).fit_resample(table.assign(k=["a", "b"] * 50), "k")
    with pytest.raises(UsageError, match="2 or more"):
        TabCutMix(n_bins=1, seed=0).fit_resample(table, "y")


def test_without_a_target_it_says_what_to_do(caplog):
    table = real_table()
    with pytest.raises(UsageError, match="unconditional=True"):
        TabCutMix(seed=0).fit_resample(table)
    with caplog.at_level(logging.WARNING):
        new = TabCutMix(1.0, unconditional=True, seed=0)
        out = new.fit_resample(table)
    assert "weakened" in caplog.text
    assert len(out) == 80
    p = new.provenance_
    assert (table["income"].iloc[p.row_a].to_numpy() != table["income"].iloc[p.row_b].to_numpy()).any()


def test_a_missing_class_is_a_class_of_its_own():
    table = pd.DataFrame({"x": range(8), "class": ["a", None, "a", None, "a", None, "b", "b"]})
    out = TabCutMix(10.0, seed=0).fit_resample(table, "class")
    assert set(out.loc[out["class"].isna(), "x"]) <= {1, 3, 5}


def test_kinds_may_be_declared():
    table = pd.DataFrame({"x": np.arange(90.0), "grade": np.arange(90) % 30})
    with pytest.raises(UsageError, match="n_bins"):
        TabCutMix(seed=0).fit_resample(table, "grade")
    out = TabCutMix(3.0, schema=Schema.of(["x"], ["grade"], "grade"), seed=0).fit_resample(table, "grade")
    np.testing.assert_array_equal(out["x"] % 30, out["grade"])


@pytest.mark.parametrize(
    ("frame", "target", "error", "words"),
    [
        (distinct(), "colour", DataError, "there is no column 'colour'"),
        (distinct().assign(void=np.nan), "class", DataError, "'void' has no value"),
        (distinct(n=1), "class", TooFewRecords, "the table has 1"),
        (distinct()[["class"]], "class", DataError, "nothing to mix"),
        (pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]), "a", DataError, "two columns"),
    ],
)
def test_bad_input_is_one_line(frame, target, error, words):
    with pytest.raises(error, match=words) as caught:
        TabCutMix(seed=0).fit_resample(frame, target)
    assert "\n" not in str(caught.value)


def test_options_that_mean_nothing_are_refused():
    with pytest.raises(UsageError, match="half"):
        TabCutMix(mask="half", seed=0)
    with pytest.raises(UsageError, match="atomic"):
        TabCutMix(mask="count", atomic=False, seed=0)
    for ratio in (-0.1, np.nan, np.inf):
        with pytest.raises(UsageError, match="ratio"):
            TabCutMix(ratio, seed=0).fit_resample(distinct(), "class")


def test_no_new_row_is_no_change():
    table = real_table()
    new = TabCutMix(0, seed=0)
    pd.testing.assert_frame_equal(new.fit_resample(table, "income"), table.reset_index(drop=True))
    assert new.clones_.shape == (0,)


def test_the_edit_is_the_transformer():
    table = real_table()
    edit = tabcutmix(target="income", ratio=0.5, plus=True, seed=9)
    assert edit.kind == "data"
    assert load("mitigate/tabcutmix").card == edit.card
    expected = TabCutMix(0.5, plus=True, seed=9).fit_resample(table, "income")
    with edit.on(table) as augmented:
        pd.testing.assert_frame_equal(augmented, expected)


def test_the_control_changes_as_many_cells_of_as_many_rows_without_a_partner():
    old = distinct()
    mixer = TabCutMix(2.0, seed=4)
    mixed, scattered, again = (
        f(old, "class")
        for f in (mixer.fit_resample, partial(mixer.scattered, draw=0), partial(mixer.scattered, draw=0))
    )
    kept = mixer.provenance_
    assert scattered.equals(again)
    assert len(scattered) == len(mixed) == 3 * len(old)
    assert scattered[: len(old)].equals(old)
    assert not scattered.equals(mixer.scattered(old, "class", draw=1))
    new, first = scattered[len(old) :].reset_index(drop=True), old.iloc[kept.row_a].reset_index(drop=True)
    same = (new == first).to_numpy()
    assert same[kept.mask].all()  # the cells that the edit keeps of the first parent, the class among them
    # of the others each is of any of 60 rows: 1 in 60 is the parent's own; over about 480 cells 8 are expected, and 30
    # or more happen in less than one of a million seeds
    assert same[~kept.mask].sum() < 30
    origin = ((new["c0"] / 1.5).round().astype(int), ((new["c1"] - 1) / 1.5).round().astype(int))
    foreign = ~kept.mask[:, 0] & ~kept.mask[:, 1]
    assert (origin[0] != origin[1]).to_numpy()[foreign].mean() > 0.9  # two cells of one row come from two others


def test_the_edit_brings_its_control():
    edit, old = tabcutmix(target="class", ratio=0.5, seed=4), distinct()
    control = edit.control(3)
    assert (control.kind, control.card) == ("data", edit.card)
    assert control.apply(old).equals(TabCutMix(0.5, seed=4).scattered(old, "class", draw=3))
    assert len(control.apply(old)) == len(edit.apply(old))
    without = tabcutmix(target="class", ratio=2, seed=4, forbid_clones=True)
    assert len(without.control(0).apply(old)) == len(without.apply(old))
