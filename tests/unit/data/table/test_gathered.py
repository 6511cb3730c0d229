"""Do three tables become one corpus, and is all that a reader should know said without showing a cell?"""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError, TooFewRecords, UsageError
from byheart.data.table.gathered import gather_table
from byheart.data.table.held_out import held_out_split


def table(n=60, seed=0):
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": random.integers(18, 90, n), "pay": random.normal(size=n).round(3),
            "city": random.choice(["Rome", "Oslo", "Bonn"], n), "day": pd.Timestamp("2020-01-01"),
            "y": random.integers(0, 2, n),
        }
    )  # fmt: skip


def said(gathered):
    return " ".join(gathered.notes)


def test_one_corpus_in_the_order_of_the_tables():
    train, made, control = table(60, 0), table(50, 1), table(40, 2)
    g = gather_table(train, made, control, target="y")
    assert g.corpus.roles.tolist() == ["member"] * 60 + ["nonmember"] * 40 + ["synthetic"] * 50
    assert g.corpus.ids[[0, 60, 100]].tolist() == ["member-000000", "nonmember-000000", "synthetic-000000"]
    assert g.corpus.groups.tolist() == g.corpus.ids.tolist()
    assert g.corpus.rows.frame["age"].tolist() == [*train["age"], *control["age"], *made["age"]]
    assert g.schema.numerical == ("age", "pay", "day")
    assert g.schema.categorical == ("city", "y")
    assert g.sources == {name: {"path": "in memory"} for name in ("train", "synthetic", "control")}
    assert "60 training, 40 control and 50 synthetic rows" in said(g)


def test_the_corpus_survives_its_file(tmp_path):
    g = gather_table(table(), table(50, 1), table(40, 2))
    g.corpus.save(tmp_path / "corpus.parquet")
    assert Corpus.load(tmp_path / "corpus.parquet").digest == g.corpus.digest


cells = st.fixed_dictionaries(
    {
        "f": st.none() | st.floats(-1e6, 1e6, allow_subnormal=False),
        "i": st.none() | st.integers(-(10**12), 10**12),
        "s": st.none() | st.sampled_from(["a", " b", "x,y", 'q"', "é", "007", "1.0", "NA", "?", "", "true", "li\nne"]),
        "b": st.none() | st.booleans(),
        "d": st.none() | st.datetimes(min_value=pd.Timestamp(1900, 1, 1), max_value=pd.Timestamp(2100, 1, 1)),
    }
)


@settings(max_examples=25, deadline=None)
@given(st.lists(cells, min_size=4, max_size=12))
def test_a_table_is_the_same_from_any_format(tmp_path_factory, rows):
    frame = pd.DataFrame(
        {k: pd.Series([r[k] for r in rows], dtype=t) for k, t in
         (("f", "float64"), ("i", "Int64"), ("s", object), ("b", "boolean"), ("d", "datetime64[us]"))}
    ).assign(n=np.arange(len(rows)) + 0.5)  # fmt: skip
    folder = tmp_path_factory.mktemp("formats")
    frame.to_csv(folder / "t.csv", index=False)
    frame.to_csv(folder / "t.tsv", index=False, sep="\t")
    frame.to_parquet(folder / "t.parquet")
    lines = frame.astype(object).where(frame.notna(), None).to_dict("records")
    (folder / "t.jsonl").write_text("\n".join(json.dumps(line, default=str) for line in lines))
    sources = [frame, *(folder / f"t.{ending}" for ending in ("csv", "tsv", "parquet", "jsonl"))]
    digests = [gather_table(source, source).corpus.digest for source in sources]
    assert digests == digests[:1] * 5


def test_columns_must_agree_and_the_difference_is_named():
    base = table()
    for made, expected in (
        (base.drop(columns="city"), "the synthetic table differs from the training table: lacks 'city'"),
        (base.rename(columns={"city": "City "}), "'City ' and 'city' differ in case or spaces only"),
        (base.assign(**{"Unnamed: 0": 1}), "adds 'Unnamed: 0'; a column without a name is often a saved index"),
        (base.assign(more=1), "adds 'more'; all tables need the same columns"),
    ):
        with pytest.raises(DataError) as e:
            gather_table(base, made)
        assert expected in str(e.value)
    shuffled = base[["y", "day", "city", "pay", "age"]]
    assert gather_table(base, shuffled).schema.names == ("age", "pay", "city", "day", "y")


@pytest.mark.parametrize(
    ("train", "made", "control", "options", "expected"),
    [
        (table().iloc[:0], table(), None, {}, "the training table has 0 rows"),
        (table().iloc[:1], table(), None, {}, "the training table has 1 rows"),
        (table(), table().iloc[:1], None, {}, "the synthetic table has 1 rows"),
        (table(), table(), table().iloc[:0], {}, "the control table has 0 rows"),
        (table(), table(5, 1), None, {"target": "income"}, "there is no column 'income' to be the target"),
        (table(), table(5, 1), None, {"entity": "who"}, "there is no column 'who' to say whose row it is"),
        (table(), table(5, 1), table(), {}, "the control table is the training table"),
        (table(), table(5, 1).assign(pay="ada@example.org"), None, {}, "the synthetic table: column 'pay' holds"),
        (table(), table(5, 1).assign(day=["01/02/2020"] * 5), None, {}, "day and month cannot be told apart"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_one_line(train, made, control, options, expected):
    with pytest.raises(DataError) as e:
        gather_table(train, made, control, **options)
    assert expected in str(e.value)
    assert "\n" not in str(e.value)
    assert "ada@" not in str(e.value)
    assert isinstance(e.value, TooFewRecords) == ("rows" in expected)


def test_options_without_a_meaning_are_refused():
    with pytest.raises(UsageError, match="at least 2 rows of each table; got 1"):
        gather_table(table(), table(), limit=1)
    with pytest.raises(DataError, match="give both"):
        gather_table(table(), None)
    with pytest.raises(DataError, match="the synthetic table: column 'pay' is infinite"):
        gather_table(table(), table().assign(pay=np.inf))


def test_persons_are_groups_without_their_names():
    # ada and bob are trained on; the control has 2 rows of bob, which go, and 3 of cy, which stay
    train = table(5).assign(who=["ada", "ada", "bob", None, None])
    control = table(5, 1).assign(who=["cy", "bob", "cy", "bob", "cy"])
    g = gather_table(train, table(4, 2), control, entity="who")
    groups = g.corpus.groups.tolist()
    assert groups[0] == groups[1] != groups[2]
    assert len(set(groups[2:5])) == 3  # a row without a name is a person of its own
    assert g.corpus.ids[5:8].tolist() == ["nonmember-000000", "nonmember-000002", "nonmember-000004"]
    assert len(set(groups[5:8])) == 1
    assert not set(groups[:5]) & set(groups[5:])
    assert groups[8:] == g.corpus.ids[8:].tolist()
    assert "2 control rows are of 1 persons who are in the training table too" in said(g)
    assert "who" not in g.schema.names
    assert not any(name in " ".join(groups) for name in ("ada", "bob", "cy"))
    with pytest.raises(DataError, match="nothing is left to compare with"):
        gather_table(train, table(4, 2), control.assign(who="bob"), entity="who")


def test_a_person_is_the_same_as_number_and_as_text():
    train = table(4).assign(who=[1, 1, 2, 3])
    control = table(4, 1).assign(who=["1", "x", "x", "y"])
    g = gather_table(train, table(4, 2), control, entity="who")
    assert (g.corpus.roles == "nonmember").sum() == 3


def test_twins_are_kept_and_told():
    # rows 0, 1, 2 are equal, and 3, 4 are: 5 rows, 2 different ones; control row 0 equals training row 3
    train = table(20).iloc[[0, 0, 0, 1, 1, *range(2, 20)]]
    control = pd.concat([table(20).iloc[[1]], table(9, 5)])
    g = gather_table(train, table(9, 6), control)
    assert len(g.corpus) == 23 + 10 + 9
    assert "5 of the 23 training rows stand there more than once (2 different rows, the most frequent 3 times)" in said(
        g
    )
    assert "1 of the 10 control rows equal a training row" in said(g)
    assert "check that the generator never saw" not in said(g)


def test_a_control_full_of_training_rows_is_doubted():
    g = gather_table(table(60), table(60, 1), pd.concat([table(60).iloc[:30], table(30, 2)]))
    assert "30 of the 60 control rows equal a training row" in said(g)
    assert "check that the generator never saw the control rows" in said(g)


def test_a_synthetic_table_that_is_the_training_one_is_a_finding():
    g = gather_table(table(), table().sample(frac=1, random_state=0), table(60, 1))
    assert "The synthetic table is the training table, row for row" in said(g)
    assert "row for row" not in said(gather_table(table(), table(60, 2)))


def test_new_categories_missing_values_and_empty_columns_are_told():
    train = table().assign(gone=None, pay=table()["pay"].where(table().index > 2))
    made = table(60, 1).assign(gone=None)
    made.loc[:4, "city"] = ["Lima", "Lima", "ada@example.org", "Rome", "Lima"]
    g = gather_table(train, made)
    assert "Column 'city': 2 synthetic categories in 4 rows stand in no real row: 'Lima', '[e-mail]'." in said(g)
    assert "'pay' 3 of 60 training, 0 of 60 synthetic" in said(g)
    assert "left out: 'gone'" in said(g)
    assert "gone" not in g.schema.names


def test_without_a_control_the_line_that_makes_one_is_told_and_works():
    note = next(n for n in gather_table(table(), table(60, 1)).notes if "no control" in n)
    frame = table(50)
    names = {"frame": frame}
    exec(note.split(": ", 2)[-1], names)
    assert (len(names["train"]), len(names["control"])) == (40, 10)
    frame = frame.assign(who=np.arange(50) // 5)
    note = next(n for n in gather_table(frame, table(60, 1), entity="who").notes if "no control" in n)
    names = {"frame": frame}
    exec(note.split(": ", 2)[-1], names)
    assert len(names["train"]) == 40
    assert not set(names["train"]["who"]) & set(names["control"]["who"])
    assert not any("no control" in n for n in gather_table(table(), table(9, 1), table(9, 2)).notes)


def test_sizes_far_apart_are_told():
    assert "The synthetic table has 5 rows" in said(gather_table(table(), table(5, 1)))
    assert "The control table has 5 rows" in said(gather_table(table(), table(60, 1), table(5, 1)))
    assert "wide" not in said(gather_table(table(), table(7, 1)))


def test_the_limit_draws_rows_at_random_and_persons_whole():
    train = table(60).assign(who=np.arange(60) // 3)
    g = gather_table(train, table(50, 1), table(40, 2).assign(who=99), entity="who", limit=20)
    members = g.corpus.where("member")
    assert len(members) == 18  # six persons of three rows; a seventh would make 21
    assert np.unique(members.groups, return_counts=True)[1].tolist() == [3] * 6
    assert (g.corpus.roles == "synthetic").sum() == 20
    assert members.ids.tolist() != [f"member-{i:06d}" for i in range(18)]
    assert "18 of the 60 rows of the training table were drawn at random" in said(g)
    again = gather_table(train, table(50, 1), table(40, 2).assign(who=99), entity="who", limit=20)
    assert again.corpus.digest == g.corpus.digest


def test_coded_categories_meet_across_types():
    # the generator writes the codes as 1.0, the file of the control as texts
    train = pd.DataFrame({"c": [1, 2, 3] * 20, "x": np.arange(60) / 7})
    g = gather_table(train, train.assign(c=train["c"].astype(float)), train.assign(c=train["c"].astype(str), x=0.1))
    assert set(g.corpus.rows.frame["c"]) == {"1", "2", "3"}
    days = train.assign(c=[20200101 + i % 28 for i in range(60)])
    assert gather_table(days, days, kinds={"c": "date"}).corpus.rows.numbers[1, 0] == 18263  # 2020-01-02 since 1970


@pytest.mark.parametrize("seed", range(5))
def test_a_split_keeps_persons_whole(seed):
    frame = table(60).assign(who=np.arange(60) // 4)
    train, control = held_out_split(frame, share=0.25, entity="who", seed=seed)
    assert sorted([*train.index, *control.index]) == list(range(60))
    assert len(control) == 12  # 15 rows asked, three persons of four rows fit
    assert not set(train["who"]) & set(control["who"])


def test_a_split_has_the_share_asked_and_depends_on_the_seed():
    train, control = held_out_split(table(60), seed=0)
    assert (len(train), len(control)) == (48, 12)
    assert not control.index.equals(held_out_split(table(60), seed=1)[1].index)
    assert control.index.is_monotonic_increasing


def test_splits_that_cannot_be():
    for share in (0, 1, -0.5):
        with pytest.raises(UsageError, match="share"):
            held_out_split(table(), share=share, seed=0)
    with pytest.raises(DataError, match="no column 'who'"):
        held_out_split(table(), entity="who", seed=0)
    with pytest.raises(TooFewRecords, match="two persons or more; there is 1"):
        held_out_split(table().assign(who="a"), entity="who", seed=0)
    train, control = held_out_split(table(2), share=0.99, seed=0)
    assert len(train) == len(control) == 1
