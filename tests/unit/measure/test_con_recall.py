import pytest

from byheart.measure.con_recall import con_recall


def test_by_hand(written):
    # LL -2 alone, -3 after non-members, -1 after members: (-3 + 0.5) / -2 = 1.25; gamma 1: (-3 + 1) / -2 = 1
    alone, nonmembers, members = (written(logprob=[[x]], token_ids=[[1]]) for x in (-2.0, -3.0, -1.0))
    assert con_recall(alone, nonmembers, members).values.tolist() == [1.25]
    assert con_recall(alone, nonmembers, members, gamma=1.0).values.tolist() == [1.0]


def test_prefixes_that_change_nothing(written):
    alone = written(logprob=[[-2.0, -0.3]], token_ids=[[1, 2]])
    assert con_recall(alone, alone, alone, gamma=0.3).values == pytest.approx([0.7])
