import numpy as np

from byheart.measure.recall import recall


def test_by_hand(written):
    # alone the mean of the last two is -2, after the prefix -3: ratio 1.5; the first token, scored only after a
    # prefix, does not count
    alone = written(logprob=[[np.nan, -1, -3]], scored=[[0, 1, 1]], token_ids=[[1, 2, 3]])
    after = written(logprob=[[-9, -2, -4]], scored=[[1, 1, 1]], token_ids=[[1, 2, 3]])
    assert recall(alone, after).values.tolist() == [1.5]


def test_an_empty_prefix_changes_nothing(written):
    """T terms above and T - 1 below give a ratio that is not 1 even for an empty prefix; ours is exactly 1."""
    alone = written(logprob=[[np.nan, -1.7, -3.1]], scored=[[0, 1, 1]], token_ids=[[1, 2, 3]])
    assert recall(alone, alone).values.tolist() == [1.0]


def test_certain_texts(written):
    zero, worse = (written(logprob=[[x]], token_ids=[[1]]) for x in (0.0, -1.0))
    assert recall(zero, zero).values.tolist() == [1.0]
    assert recall(zero, worse).values.tolist() == [np.inf]
