"""Recited passages and the documents they stand in, by hand."""

import numpy as np
import pytest

from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.explain.sources import recited_passages, sources
from byheart.index import build_index

A = list(range(1, 31))  # 30 tokens
B = [*range(40, 50), *A[5:20], *range(50, 60)]  # holds tokens 5 to 19 of A at its token 10
C = list(range(60, 90))
OTHER = [*range(90, 95), *A[5:17], *range(95, 108)]  # never trained on; tokens 5 to 16 are those of A and B


def signals(rows, said, roles, secret=None):
    """Gaps are 1 where the token is recited, -1 elsewhere."""
    names = np.array([f"r{i}" for i in range(len(rows))], dtype=object)
    gaps = [[1.0 if t in s else -1.0 for t in range(len(row))] for row, s in zip(rows, said, strict=True)]
    arrays = {"token_ids": Ragged.of(rows, dtype=np.int32), "gap": Ragged.of(gaps, dtype=np.float32)}
    if secret is not None:
        marks = [[int(t in s) for t in range(len(row))] for row, s in zip(rows, secret, strict=True)]
        arrays["secret"] = Ragged.of(marks, dtype=np.uint8)
    return Signals(names, np.array(roles, dtype=object), names, arrays)


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    return build_index([A, B, C], tmp_path_factory.mktemp("i") / "index", vocab_size=200, names=["a", "b", "c"])


def test_every_place_of_a_recited_passage_with_its_count(index):
    # tokens 5 to 16 of A are recited: they stand at token 5 of a, and at token 10 of b
    made = sources(signals([A], [range(5, 17)], ["member"]), index=index)
    assert made.address.tolist() == ["a", "b"]
    assert made.columns["offset"].tolist() == [5, 10]
    assert made.columns["start"].tolist() == [5, 5]
    assert made.weight.tolist() == [12.0, 12.0]
    assert made.columns["count"].tolist() == [2, 2]
    assert made.columns["passage"].tolist() == [12, 12]


def test_a_passage_that_stands_there_only_in_parts_is_told_by_its_parts(index):
    # recited: 10 tokens of C, then 11 of A; nowhere in one piece
    made = sources(signals([[*C[:10], *A[:11]]], [range(21)], ["member"]), index=index)
    assert made.address.tolist() == ["c", "a"]
    assert made.columns["start"].tolist() == [0, 10]
    assert made.columns["length"].tolist() == [10, 11]
    assert made.columns["passage"].tolist() == [21, 21]


def test_short_runs_are_ordinary_text(index):
    made = sources(signals([A], [range(5, 14)], ["member"]), index=index)
    assert len(made.address) == 0
    assert made.params["passages"] == 0
    assert made.estimates == {}


def test_a_recited_secret_counts_at_any_length_if_it_is_recited_whole(index):
    kept = signals([A, A], [range(5, 8), range(5, 7)], ["canary"] * 2, secret=[range(5, 8), range(5, 8)])
    assert recited_passages(kept, 10).tolist() == [[0, 5, 3]]  # of the second only two of three tokens
    inside = signals([A], [range(0, 12)], ["canary"], secret=[range(5, 8)])
    assert recited_passages(inside, 10).tolist() == [[0, 0, 12]]  # part of a longer run, told once


def test_tokens_that_are_given_are_not_recited():
    made = signals([A], [range(30)], ["member"])
    given = made.ragged("gap").like(np.arange(30) >= 15)
    scored = Signals(made.ids, made.roles, made.groups, {**made.arrays, "scored": given})
    assert recited_passages(scored, 10).tolist() == [[0, 15, 15]]


def test_how_often_recited_passages_are_repeated_beside_random_ones(index):
    # recited: 5..16 of A (twice in the corpus) and 0..11 of C (once): 1 of 2 repeated
    made = sources(signals([A, C], [range(5, 17), range(12)], ["member"] * 2), index=index)
    assert made.estimates["repeated, recited"].value == 0.5
    assert made.estimates["repeated, recited"].n == 2
    assert made.estimates["repeated, random"].n > 0


def test_random_passages_are_drawn_from_all_places_of_the_members(index):
    # passages of 12 tokens: A has 19 places, of which those beginning at 5 to 8 are wholly repeated; C has 19 and none
    # is: 4 of 38 = 0.105. With 2000 draws the share is within 0.105 +- 4 sd of 0.007.
    many = [range(12)] * 1000
    made = sources(signals([A, C] * 500, many, ["member"] * 1000), index=index)
    assert made.estimates["repeated, random"].value == pytest.approx(4 / 38, abs=0.04)
    assert made.estimates["repeated, recited"].value == 0.0


def test_a_control_record_whose_passage_stands_in_the_training_data_is_told(index):
    made = sources(signals([A, OTHER, C], [(), range(5, 17), ()], ["member", "nonmember", "member"]), index=index)
    assert set(made.address) == {"a", "b"}
    assert made.columns["role"].tolist() == ["nonmember"] * 2
    assert made.estimates["found, control"].value == 1.0


def test_p_is_the_share_of_control_windows_with_a_match_as_long(index):
    # OTHER matches 12 tokens of the corpus. Recited: 12 tokens of A; windows of 12 tokens in OTHER (30 tokens): two.
    # The first, tokens 0 to 11, holds 7 tokens of the match, the second 5: none has 12, so p = (1 + 0) / (1 + 2).
    made = sources(signals([A, OTHER], [range(12), ()], ["member", "nonmember"]), index=index)
    assert made.columns["p"][0] == pytest.approx(1 / 3)


def test_without_control_no_p(index):
    made = sources(signals([A], [range(12)], ["member"]), index=index)
    assert np.isnan(made.columns["p"]).all()
    assert "found, control" not in made.estimates


def test_the_order_of_the_records_does_not_matter(index):
    made = signals([A, C, B], [range(5, 17), range(12), range(20)], ["member"] * 3)
    one, other = (sources(made.take(rows), index=index) for rows in ([0, 1, 2], [2, 0, 1]))
    assert one.table().equals(other.table())
    assert one.estimates == other.estimates
