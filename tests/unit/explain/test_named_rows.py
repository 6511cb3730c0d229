import numpy as np
import pandas as pd
import pytest

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError
from byheart.core.items.rows import Rows
from byheart.core.schema import Schema
from byheart.explain.copied_columns import agreement, copied_columns
from byheart.explain.named_rows import named_rows, naming
from byheart.signals.table.nearest_rows import nearest_rows

SCHEMA = Schema.of(list("abcdefgh"), ["k"])


def table(rng, n):
    numbers = {name: rng.normal(size=n) for name in "abcdefgh"}
    return pd.DataFrame({**numbers, "k": rng.choice(list("uvw"), n)})


def corpus(*, copies=0, m=150, n=100, made=120, redrawn=(), groups=None, seed=0):
    """Fresh rows, the first `copies` of which are training rows with some columns drawn anew."""
    rng = np.random.default_rng(seed)
    real, new = table(rng, m + n), table(rng, made)
    kept = [c for c in real.columns if c not in redrawn]
    new.loc[: copies - 1, kept] = real.loc[: copies - 1, kept]
    roles = ["member"] * m + ["nonmember"] * n + ["synthetic"] * made
    names = None if groups is None else [*groups(m + n), *(f"made {i}" for i in range(made))]
    return Corpus.of(Rows.of(pd.concat([real, new], ignore_index=True), SCHEMA), roles, groups=names)


def named(records):
    return named_rows(nearest_rows(records, "nearest_member", seed=0), nearest_rows(records, "nearest_real", seed=0))


def columns_of(records):
    found = copied_columns(nearest_rows(records, "nearest_member", seed=0), records)
    return found, dict(zip(found.address, found.columns["q"], strict=True))


def test_copies_are_named_with_their_originals():
    records = corpus(copies=60)
    found = named(records)
    q = found.columns["q"]
    assert len(found.address) == 120
    assert (q[:60] <= 0.05).all()
    assert (q[60:] <= 0.05).sum() <= 5
    assert found.columns["of"][:60].tolist() == records.ids[:60].tolist()
    assert (found.weight[:60] == 1).all()
    assert (found.columns["p"][:60] == 1 / 101).all()  # no held-out row is an exact copy
    assert "of 60 training rows" in naming(found) or "synthetic rows are named" in naming(found)


def test_a_row_reaches_the_share_of_the_person_that_it_is_the_closest_copy_of():
    """60 exact copies of 60 persons, and nobody else is copied: all tie at closeness 1, and 1 / 60 * 150 / 100 of them.

    A row that did not reach its own tie would have nobody below it and a q of 1.
    """
    found = named(corpus(copies=60, made=60))
    assert found.columns["q"] == pytest.approx(np.full(60, 1 / 60 * 150 / 100))


def test_few_copies_are_not_named_and_it_is_said_how_many_it_takes():
    """150 training and 100 held-out persons: 1.5 / k <= 0.05 takes 30 without a coincidence."""
    found = named(corpus(copies=10))
    assert (found.columns["q"] > 0.05).all()
    assert "30 training persons" in naming(found)


def test_without_held_out_rows_nobody_is_named():
    records = corpus(copies=60)
    found = named(records.take(np.isin(records.roles, ("member", "synthetic"))))
    assert (found.columns["q"] == 1).all()
    assert np.isnan(found.columns["p"]).all()
    assert "without held-out rows" in naming(found)


def test_one_person_copied_often_is_one():
    """60 copies of the rows of two persons of five, and four held out: (1 / 2) * (5 / 4) is the smallest q."""
    records = corpus(copies=60, groups=lambda n: [f"p{i // 30}" for i in range(n)])
    assert (named(records).columns["q"] > 0.05).all()


def test_agreement_by_hand():
    """Range of a is 10, of it 1 % is 0.1: 1.0 and 1.1 agree, 1.0 and 1.2 do not; missing agrees with missing."""
    frame = pd.DataFrame({"a": [0.0, 10.0, 1.0, np.nan, 1.09, 1.2, np.nan, 3.0], "k": list("uvuvuvvu")})
    records = Corpus.of(Rows.of(frame, Schema.of(["a"], ["k"])), ["member"] * 4 + ["synthetic"] * 4)
    near = agreement(records, np.array([4, 5, 6, 7]), np.array([2, 2, 3, 3]), 0.01)
    assert near.tolist() == [[True, True], [False, False], [True, True], [False, False]]


def test_the_column_drawn_anew_is_not_copied():
    """40 of 120 rows are copies but for column c: other numbers are taken over by a third, c by nobody."""
    found, q = columns_of(corpus(copies=40, redrawn=("c",)))
    assert max(q[name] for name in "abdefgh") < 0.001
    assert q["c"] > 0.05
    for name in "abdefgh":
        assert found.estimates[name].low < 1 / 3 < found.estimates[name].high
    assert (found.columns["low"] <= found.columns["value"]).all()


def test_of_columns_of_fresh_tables_few_are_called_copied():
    """30 tables, 4 columns each: false alarms in more than 6 tables would come by chance once in 10,000."""
    alarms = sum(min(columns_of(corpus(seed=seed))[1].values()) < 0.05 for seed in range(30))
    assert alarms <= 6


def test_without_held_out_rows_there_is_no_null():
    records = corpus(copies=60)
    found, q = columns_of(records.take(np.isin(records.roles, ("member", "synthetic"))))
    assert np.isnan(list(q.values())).all()
    assert not np.isnan(found.columns["value"]).any()
    with pytest.raises(DataError, match="same records"):
        copied_columns(nearest_rows(records, "nearest_member", seed=0), records.where("member"))
