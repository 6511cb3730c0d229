import numpy as np

from byheart.measure.extraction_strength import extraction_strength


def test_by_hand(written):
    # 1 0 1 1: the last 2 of 4; all of 3; nothing scored
    scores = extraction_strength(written(gap=[[1, -1, 1, 1], [1, 1, 1], []]))
    np.testing.assert_array_equal(scores.values, [0.5, 1.0, np.nan])


def test_zero_when_the_last_token_misses(written):
    """A loop that ends one step early leaves 1 / n: 0.1 for ten tokens. There is nothing to leave out: 0."""
    assert extraction_strength(written(gap=[[1.0] * 9 + [-1.0], [-1.0] * 10])).values.tolist() == [0.0, 0.0]
