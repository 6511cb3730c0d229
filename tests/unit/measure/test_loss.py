import numpy as np

from byheart.measure.loss import loss


def test_by_hand(written):
    # (-1 - 3) / 2 = -2; the unscored first token does not count; nothing scored is no score
    signals = written(logprob=[[np.nan, -1, -3], [-4], [np.nan]], scored=[[0, 1, 1], [1], [0]])
    np.testing.assert_array_equal(loss(signals).values, [-2, -4, np.nan])


def test_a_perfectly_known_token_counts(written):
    """Tokens of loss exactly 0 are the best known ones; dropping them makes a member look worse: -2 instead of -1."""
    assert loss(written(logprob=[[0.0, -2.0]])).values.tolist() == [-1.0]
