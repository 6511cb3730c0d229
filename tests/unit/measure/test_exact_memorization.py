import numpy as np

from byheart.measure.exact_memorization import exact_memorization


def test_by_hand(written):
    # 3 of 4 tokens hit; a tie is no hit
    np.testing.assert_array_equal(
        exact_memorization(written(gap=[[1, -1, 2, 3], [0, 1], []])).values, [0.75, 0.5, np.nan]
    )
