import numpy as np

from byheart.core.card import Card
from byheart.core.scores import Scores
from byheart.stats.sides import Sides, number_groups


def test_groups_are_numbered_over_both_sides():
    sides = Sides.of([1, 2, 3], [4, 5], ["a", "a", "b"], ["b", "c"])
    assert sides.member_groups.tolist() == [0, 0, 1]
    assert sides.control_groups.tolist() == [1, 2]
    assert (sides.n_groups, sides.n_member_groups, sides.n_control_groups) == (3, 2, 2)
    assert sides.member_sizes.tolist() == [2, 1, 0]
    assert sides.control_sizes.tolist() == [0, 1, 1]
    assert not sides.singletons
    assert sides.counted() == "3 members in 2 groups and 2 controls in 2 groups"


def test_without_groups_every_record_stands_alone():
    sides = Sides.of([1, 2], [3])
    assert sides.singletons
    assert sides.n_groups == 3
    assert sides.counted() == "2 members and 1 controls"


def test_from_scores_takes_two_roles_and_leaves_out_nan():
    scores = Scores(
        np.array([1.0, np.nan, 2.0, 9.0]), np.array(list("wxyz"), object),
        np.array(["member", "member", "nonmember", "canary"], object), np.array(list("ppqr"), object),
        Card("m", "measure", "ours", "text"),
    )  # fmt: skip
    sides = Sides.from_scores(scores)
    assert (sides.members.tolist(), sides.controls.tolist(), sides.n_groups) == ([1.0], [2.0], 2)
    assert Sides.from_scores(scores, "canary", "member").members.tolist() == [9.0]


def test_numbers_of_mixed_labels():
    codes, n = number_groups(np.array(["x", 1, "x"], object))
    assert (codes.tolist(), n) == ([0, 1, 0], 2)
