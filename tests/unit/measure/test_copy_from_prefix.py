import numpy as np

from byheart.measure.copy_from_prefix import copy_from_prefix


def test_by_hand(written):
    # a chorus sung twice: the second time the first word is a surprise (its context is new), the rest is not.
    # 1 2 3 4 1 2 3 4: guesses at 5, 6, 7 are right. Asked for 4: 3 of 4 right, run 3.
    # Six 7s: the first follows nothing and the second a 7 that is new; the last four are guessed, three are asked for
    scores = copy_from_prefix(written(token_ids=[[1, 2, 3, 4, 1, 2, 3, 4], [7] * 6, [1, 2, 3, 4], []]))
    np.testing.assert_array_equal(scores.values, [3, 4, 0, np.nan])
    np.testing.assert_array_equal(scores.extra["guessed"], [0.75, 1.0, 0.0, np.nan])
    assert scores.extra["explained"].tolist() == [False, True, False, False]


def test_reads_nothing_of_the_model(written):
    """The same tokens under any model get the same score."""
    ids = [[3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 3, 5]]
    plain, known = written(token_ids=ids), written(token_ids=ids, gap=[[9.0] * 13], logprob=[[0.0] * 13])
    assert copy_from_prefix(plain).values.tolist() == copy_from_prefix(known).values.tolist()


def test_unscored_tokens_are_context_only(written):
    # the prompt (unscored) already says 8 9; the answer 8 9 9 is scored: 9 after 8 is guessed, 9 after 9 is not
    scores = copy_from_prefix(written(token_ids=[[8, 9, 8, 9, 9]], scored=[[0, 0, 1, 1, 1]]))
    assert scores.values.tolist() == [0]
    assert scores.extra["guessed"].tolist() == [0.0]
