import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError, TooFewRecords
from byheart.core.items.rows import Rows
from byheart.core.schema import Column, Schema
from byheart.measure.table_quality import ENDS, NAMES, table_quality

SCHEMA = Schema(
    (Column("age", "number", whole=True), Column("city", "category"), Column("sick", "category")), target="sick"
)


def people(rng, n):
    """Cities of different ages; the old are sick more often."""
    city = rng.integers(0, 3, n)
    age = 20 + 10 * city + rng.integers(0, 20, n)
    return pd.DataFrame(
        {
            "age": age.astype(float),
            "city": np.array(list("abc"))[city],
            "sick": (age + rng.normal(0, 5, n) > 40).astype(int),
        }
    )


def corpus(synthetic, train, control=None, schema=SCHEMA, groups=None):
    parts = {"synthetic": synthetic, "member": train, "nonmember": control}
    there = {role: frame for role, frame in parts.items() if frame is not None}
    roles = [role for role, frame in there.items() for _ in range(len(frame))]
    rows = Rows.of(pd.concat(there.values(), ignore_index=True), schema)
    return Corpus.of(rows, roles, groups=groups)


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(0)
    return people(rng, 300), people(rng, 300), people(rng, 300)


@pytest.fixture(scope="module")
def found(tables):
    return table_quality(corpus(*tables), sdmetrics=True)


def test_every_number_has_its_control_baseline_interval_and_words(found):
    names = [name + end for name in NAMES for end in ENDS]
    assert list(found.estimates)[: len(names)] == names
    assert set(found.estimates) - set(names) == {"efficacy_loss", "c2st_null", "logistic_detection"}
    for name, e in found.estimates.items():
        assert e.how
        assert e.unit
        if name.startswith("missing"):
            assert (e.value, e.how) == (None, "no column has a missing value")
        elif name == "logistic_detection":
            assert 0.7 < e.value <= 1
        else:
            assert e.low <= e.value <= e.high, name
            assert e.n > 0


def test_every_column_and_pair_has_its_interval(found):
    low, score, high = (found.columns[name] for name in ("low", "score", "high"))
    assert len(score) == 6  # three columns, three pairs
    assert ((low <= score) & (score <= high)).all()
    assert (low < high).all()


def test_a_perfect_generator_is_like_the_control_and_beats_the_baseline(found):
    """The synthetic rows are fresh rows of the same law: intervals of synthetic and control rows overlap."""
    e = found.estimates
    for name in ("shape", "trend", "efficacy", "alpha_precision", "beta_recall", "authenticity", "c2st_logistic"):
        assert e[name].low <= e[f"{name}_control"].high, name
        assert e[f"{name}_control"].low <= e[name].high, name
    for name in ("trend", "efficacy", "c2st_trees"):
        assert e[f"{name}_baseline"].high < e[name].low, name
    assert e["shape_baseline"].value == 1  # each column by itself is the training column
    assert e["efficacy_loss"].low < 0 < e["efficacy_loss"].high
    assert e["efficacy"].value > 0.85


def test_columns_and_pairs_by_hand():
    train = pd.DataFrame({"age": [1.0, 2, 3, 4], "city": list("aabb"), "sick": list("nnny")})
    other = pd.DataFrame({"age": [1.2, 2.4, 2.6, 9.0], "city": list("aaab"), "sick": list("nnny")})
    found = table_quality(corpus(other, train))
    table = dict(zip(found.address, found.columns["score"], strict=True))
    # whole numbers are rounded: 1 2 3 9 against 1 2 3 4: at 4, 3/4 lie below against 1
    assert table["column:age"] == pytest.approx(0.75)
    assert table["column:city"] == pytest.approx(0.75)  # 2/4 2/4 against 3/4 1/4
    assert table["column:sick"] == 1
    # an, an, bn, by against an, an, an, by: 2/4 1/4 1/4 against 3/4 0 1/4
    assert table["pair:city|sick"] == pytest.approx(0.75)
    assert found.estimates["shape"].value == pytest.approx((0.75 + 0.75 + 1) / 3)
    np.testing.assert_allclose(found.weight, 1 - found.columns["score"])
    assert found.table().address[0] in {"column:age", "column:city", "pair:city|sick", "pair:age|city", "pair:age|sick"}


def test_without_control_nothing_stands_for_a_perfect_generator(tables):
    found = table_quality(corpus(tables[0], tables[1]))
    for name, e in found.estimates.items():
        if name.endswith("_control"):
            assert e.value is None
            assert "held-out" in e.how or "missing" in e.how
    assert found.estimates["efficacy"].how == "there are no held-out rows to be judged on"
    assert found.estimates["trend"].value > 0.9
    assert np.isnan(found.columns["control"]).all()


def test_order_of_rows_and_repetition_do_not_count(tables, found):
    whole = corpus(*tables)
    again = table_quality(whole.take(np.random.default_rng(1).permutation(len(whole))), sdmetrics=True)
    assert {k: e.value for k, e in again.estimates.items()} == {k: e.value for k, e in found.estimates.items()}
    np.testing.assert_array_equal(again.columns["low"], found.columns["low"])


def test_rows_of_one_person_widen_the_interval(tables):
    train = tables[1].iloc[np.repeat(np.arange(30), 10)].reset_index(drop=True)
    groups = [f"s{i}" for i in range(300)] + [f"p{i // 10}" for i in range(300)]
    alone, persons = (table_quality(corpus(tables[0], train, groups=g)).estimates["shape"] for g in (None, groups))
    assert alone.value == persons.value
    assert persons.high - persons.low > 2 * (alone.high - alone.low)  # the training side alone is sqrt(10) wider
    assert persons.n == 330


def test_missing_constant_and_unseen_values_are_answered(tables):
    synthetic, train, control = (t.copy() for t in tables)
    synthetic.loc[:99, "age"] = np.nan
    synthetic.loc[:9, "city"] = "never seen"
    control.loc[:9, "city"] = None
    for t in (synthetic, train, control):
        t["flat"] = 7.0
        t["empty"] = np.nan
    schema = Schema((*SCHEMA.columns, Column("flat", "number"), Column("empty", "number")), target="sick")
    found = table_quality(corpus(synthetic, train, control, schema), sdmetrics=True)
    for name, e in found.estimates.items():
        assert e.value is not None, name
    # age a third, city none of the synthetic rows, empty all in both: (2/3 + 1) / 2
    assert found.estimates["missing"].value == pytest.approx(5 / 6)
    assert "1 left out" in found.estimates["shape"].how


@pytest.mark.parametrize(
    ("target", "schema", "why"),
    [
        (None, Schema(SCHEMA.columns), "no target was named"),
        ("sick", None, "one value only in the rows to learn from"),
        ("name", Schema((*SCHEMA.columns, Column("name", "text"))), "the target 'name' is free text or an identifier"),
    ],
)
def test_targets_that_nothing_can_be_learned_of(tables, target, schema, why):
    synthetic, train, control = (t.assign(name="x") for t in tables)
    synthetic["sick"] = 1
    found = table_quality(corpus(synthetic, train, control, schema or SCHEMA), target=target)
    assert found.estimates["efficacy"].value is None
    assert why in found.estimates["efficacy"].how
    assert found.estimates["efficacy_loss"].value is None
    assert found.estimates["trend"].value is not None


def test_a_target_that_is_not_there_is_refused(tables):
    with pytest.raises(DataError, match="no column 'salary'"):
        table_quality(corpus(*tables), target="salary")


@pytest.mark.parametrize("n", [1, 2, 12])
def test_tiny_tables_have_values_where_they_are_licensed(tables, n):
    found = table_quality(corpus(*(t[:n] for t in tables)), sdmetrics=True)
    assert found.estimates["shape"].value is not None
    assert found.estimates["c2st_trees"].value is None
    assert "entities" in found.estimates["c2st_trees"].how
    assert "needs 40 rows" in found.estimates["efficacy"].how
    assert (found.estimates["shape"].low is None) == (n == 1)


def test_missing_roles_and_texts_are_refused(tables):
    with pytest.raises(TooFewRecords, match="got member"):
        table_quality(corpus(None, tables[1]))
    with pytest.raises(DataError, match="text"):
        table_quality(Corpus.of(["a", "b"], ["member", "synthetic"]))


def test_many_columns_and_rows_are_sampled_and_said():
    rng = np.random.default_rng(2)
    frames = [pd.DataFrame(rng.normal(size=(60, 12)), columns=[f"x{i}" for i in range(12)]) for _ in range(2)]
    schema = Schema.of(list(frames[0].columns), [])
    found = table_quality(corpus(*frames, schema=schema), pairs=20, limit=40)
    assert "over 20 pairs" in found.estimates["trend"].how
    assert "40 rows against 40" in found.estimates["alpha_precision"].unit
    assert sum(a.startswith("pair:") for a in found.address) == 20


def test_several_classes_and_a_number_as_target_on_wine():
    wine = load_wine(as_frame=True).frame.rename(columns=lambda c: c.replace("/", "_"))
    order = np.random.default_rng(3).permutation(len(wine))
    parts = [wine.iloc[order[i::3]].reset_index(drop=True) for i in range(3)]
    schema = Schema.of(list(wine.columns[:-1]), ["target"], target="target")
    found = table_quality(corpus(*parts, schema=schema)).estimates
    assert found["efficacy"].value > 0.9
    assert "each class" in found["efficacy"].unit
    number = table_quality(corpus(*parts, schema=schema), target="flavanoids").estimates
    assert 0.4 < number["efficacy_control"].value <= 1
    assert number["efficacy_baseline"].value < 0.4
    assert number["efficacy"].unit.startswith("R2 of 'flavanoids'")


def test_saved_findings_are_read_as_json(found, tmp_path):
    found.save(tmp_path)
    back = pd.read_parquet(tmp_path / "table_quality.parquet")
    assert list(back.columns) == ["address", "weight", "part", "score", "low", "high", "control", "baseline"]
    assert (tmp_path / "table_quality.json").read_text().count('"value"') == len(found.estimates)
