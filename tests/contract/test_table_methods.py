"""What every reader of tables promises, tried on all that the tree holds; `test_methods.py` tries those of texts.

Neighbours are places in the corpus, so other orders and parts of the records get signals of their own.
"""

import copy
import inspect
from functools import cache

import numpy as np
import pandas as pd
import pytest

from byheart.core.card import addresses, asks_for, load
from byheart.core.corpus import Corpus
from byheart.core.errors import ByheartError
from byheart.core.findings import Findings
from byheart.core.items.rows import Rows
from byheart.core.schema import Column, Schema
from byheart.core.scores import Scores
from byheart.signals.table.nearest_rows import RECIPES, nearest_rows

SOURCES = (*RECIPES, "corpus")
ALL = [
    a
    for a in addresses()
    if a.startswith(("measure/", "explain/")) and load(a).card.family == "table" and load(a).card.needs
    and "anonymeter" not in asks_for(load(a))  # another interpreter; tests/unit/audit/table/test_anonymeter.py
]
READERS = [a for a in ALL if a.startswith("measure/") and a != "measure/table_quality"]
FINDERS = [a for a in ALL if a not in READERS]
N = 40  # rows of each table
SCHEMA = Schema(
    (Column("a", "number"), Column("b", "number"), Column("n", "number", whole=True), Column("on", "date"),
     Column("k", "category"), Column("l", "category"), Column("name", "text")),
    target="l",
)  # fmt: skip


@cache
def tables(copied=True, seed=0):
    """Training, control and synthetic rows; half of the synthetic rows are training rows, if they are copied."""
    rng = np.random.default_rng(seed)
    n = 3 * N
    frame = pd.DataFrame({"a": rng.lognormal(0, 2, n), "b": rng.normal(size=n), "n": rng.integers(0, 9, n)})
    frame["on"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 400, n), unit="D")
    frame["k"], frame["l"] = rng.choice(list("uvw"), n), rng.choice(["yes", "no"], n)
    frame["name"] = [f"person {i}" for i in (rng.integers(0, n, n) if seed else range(n))]
    frame.loc[::17, "b"], frame.loc[::13, "k"] = np.nan, None
    if copied:
        frame.iloc[2 * N : 2 * N + N // 2] = frame.iloc[: N // 2].to_numpy()
    roles = ["member"] * N + ["nonmember"] * N + ["synthetic"] * N
    return Corpus.of(Rows.of(frame, SCHEMA), roles, ids=[f"r{i:03d}" for i in range(n)])


def differ(values):
    """Whether these are several numbers, as a method would give, and not one for all."""
    return np.unique(values[~np.isnan(values)]).size > 1


def inputs(address, corpus):
    reader = load(address)
    taken = [corpus if name == "corpus" else nearest_rows(corpus, name, seed=0) for name in reader.card.needs]
    options = {"seed": 0} if "seed" in inspect.signature(reader).parameters else {}
    return reader, taken, options


def read(address, corpus):
    reader, taken, options = inputs(address, corpus)
    return reader(*taken, **options)


def arrays_of(thing):
    if isinstance(thing, Corpus):
        return [thing.ids, thing.roles, thing.groups, thing.rows.numbers, thing.rows.codes]
    return [thing.ids, thing.roles, thing.groups, *thing.arrays.values()]


def test_no_reader_slips_through():
    """Every reader of tables needs only what is made here, and gives scores or findings."""
    assert {a.partition("/")[2] for a in READERS} >= {
        "nearest_row", "copied_record", "closest_record", "row_membership", "singling_out", "repeated_values",
        "blind_rows",
    }  # fmt: skip
    for address in ALL:
        assert set(load(address).card.needs) <= set(SOURCES), address


@pytest.mark.parametrize("address", ALL)
def test_inputs_come_in_the_order_of_the_card(address):
    kinds = [p.kind for p in inspect.signature(load(address)).parameters.values()]
    n = len(load(address).card.needs)
    assert tuple(inspect.signature(load(address)).parameters)[:n] == load(address).card.needs
    assert all(k is inspect.Parameter.POSITIONAL_OR_KEYWORD for k in kinds[:n])
    assert all(k is inspect.Parameter.KEYWORD_ONLY for k in kinds[n:])


@pytest.mark.parametrize("address", ALL)
def test_every_input_counts(address):
    """With one of its inputs from tables of other rows, a reader says something else."""
    reader, taken, options = inputs(address, tables())
    others = inputs(address, tables(seed=1))[1]
    first = reader(*taken, **options)
    for i, other in enumerate(others):
        second = reader(*taken[:i], other, *taken[i + 1 :], **options)
        if isinstance(first, Scores):
            assert not np.array_equal(first.values, second.values, equal_nan=True), i
        else:
            assert not first.table().equals(second.table()), i


@pytest.mark.parametrize("address", READERS)
def test_a_number_for_every_record_or_none(address):
    scores = read(address, tables())
    assert isinstance(scores, Scores)
    assert scores.values.dtype == np.float64
    assert scores.ids.tolist() == tables().ids.tolist()
    assert not np.isinf(scores.values).any()
    assert differ(scores.values)
    assert len(scores.where("member", "nonmember")) > N / 2


@pytest.mark.parametrize("address", [a for a in READERS if not a.endswith(("/nearest_row", "/blind_rows"))])
def test_copied_rows_score_higher_than_others(address):
    """The first half of the training rows stands in the synthetic table; the mean of the others is lower."""
    scores = read(address, tables())
    members, controls = scores.where("member").values, scores.where("nonmember").values
    assert members[: N // 2].mean() > max(members[N // 2 :].mean(), controls.mean())
    fresh = read(address, tables(copied=False))
    assert fresh.where("member").values[: N // 2].mean() < members[: N // 2].mean()


def test_copies_score_higher_than_held_out_rows_and_the_blind_guess_sees_nothing_of_them():
    near = read("measure/nearest_row", tables())
    assert near.where("synthetic").values[: N // 2].min() == 1
    assert np.median(near.where("nonmember").values) < 0.9
    blind = [read("measure/blind_rows", tables(c)).values for c in (True, False)]
    np.testing.assert_array_equal(*blind)
    assert differ(blind[0])


@pytest.mark.parametrize("address", ALL)
def test_inputs_stay_as_they_are_and_twice_is_the_same(address):
    reader, taken, options = inputs(address, tables())
    before = copy.deepcopy([arrays_of(x) for x in taken])
    first = reader(*taken, **options)
    for old, new in zip(before, (arrays_of(x) for x in taken), strict=True):
        for a, b in zip(old, new, strict=True):
            np.testing.assert_array_equal(a, b)
    second = reader(*taken, **options)
    if isinstance(first, Scores):
        np.testing.assert_array_equal(first.values, second.values)
    else:
        pd.testing.assert_frame_equal(first.table(), second.table())


@pytest.mark.parametrize("address", READERS)
def test_order_of_records_does_not_count(address):
    """Without ties in distance, which a drawn order breaks; places are those of the new order."""
    corpus = tables()
    order = np.random.default_rng(1).permutation(len(corpus))
    straight, shuffled = read(address, corpus), read(address, corpus.take(order))
    np.testing.assert_allclose(shuffled.values, straight.values[order], rtol=1e-9)
    assert differ(straight.values)


@pytest.mark.parametrize("address", ["copied_record", "closest_record", "singling_out", "row_membership"])
def test_labels_of_real_rows_are_not_read(address):
    """What makes dealing the labels anew an exact test: exchanged labels, same numbers."""
    corpus = tables()
    swapped, real = corpus.roles.copy(), np.flatnonzero(corpus.roles != "synthetic")
    swapped[real] = np.random.default_rng(2).permutation(corpus.roles[real])
    other = Corpus(corpus.items, corpus.ids, swapped, corpus.groups)
    one, two = (read(f"measure/{address}", c).values for c in (corpus, other))
    np.testing.assert_array_equal(one, two)
    assert differ(one)


@pytest.mark.parametrize("address", READERS)
def test_saved_and_loaded_is_the_same(address, tmp_path):
    scores = read(address, tables())
    scores.save(tmp_path / "scores.parquet")
    back = Scores.load(tmp_path / "scores.parquet")
    np.testing.assert_array_equal(back.values, scores.values)
    assert (back.card, back.ids.tolist(), dict(back.params)) == (scores.card, scores.ids.tolist(), dict(scores.params))
    for name, column in scores.extra.items():
        np.testing.assert_array_equal(back.extra[name], column)


@pytest.mark.parametrize("address", FINDERS)
def test_findings_can_be_saved(address, tmp_path):
    found = read(address, tables())
    assert isinstance(found, Findings)
    assert len(found.table()) == len(found.address)
    found.save(tmp_path)
    assert {p.suffix for p in tmp_path.iterdir()} == {".parquet", ".json"}


def known(address, corpus):
    """How many rows get a number; none where the method refuses in words."""
    try:
        found = read(address, corpus)
    except ByheartError:
        return 0
    if isinstance(found, Scores):
        assert len(found) == len(corpus)
        return int((~np.isnan(found.values)).sum())
    return int((~np.isnan(found.weight)).sum())


@pytest.mark.parametrize(
    ("roles", "dumb"),
    [
        ("member synthetic", {"blind_rows", "copied_columns"}),  # which hold training rows against held-out ones
        ("member nonmember", {a.partition("/")[2] for a in READERS + FINDERS} - {"blind_rows", "nearest_row"}),
        ("member", {a.partition("/")[2] for a in READERS + FINDERS}),
    ],
    ids=["without control", "without synthetic rows", "training rows alone"],
)
@pytest.mark.parametrize("address", READERS + [a for a in FINDERS if a != "measure/table_quality"])
def test_missing_tables_are_scored_or_refused_in_words(address, roles, dumb):
    corpus = tables().where(*roles.split())
    assert (known(address, corpus) == 0) == (address.partition("/")[2] in dumb)


@pytest.mark.parametrize("address", READERS)
def test_one_row_of_each_table(address):
    """Two real rows have a number each, but for the two methods that need more rows to compare or to learn from."""
    corpus = tables().take([0, N, 2 * N])
    assert known(address, corpus) == (0 if address.endswith(("/nearest_row", "/blind_rows")) else 2)
