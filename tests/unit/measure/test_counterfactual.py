import math

import numpy as np
import pytest

from byheart.measure.counterfactual import counterfactual


def test_by_hand(written):
    # record 0: accuracies in 1, 0.5 (mean .75), out 0.5, 0 (mean .25): 0.5; variances .125 each, two models each side:
    # se = sqrt(.0625 + .0625)
    # record 1: in every model: no score
    shadows = [
        written(gap=[[1, 1], [1]]),
        written(gap=[[1, -1], [1]]),
        written(gap=[[-1, 1], [1]]),
        written(gap=[[-1, 0], [1]]),
    ]
    included = np.array([[1, 1], [1, 1], [0, 1], [0, 1]], bool)
    scores = counterfactual(shadows, included=included)
    np.testing.assert_array_equal(scores.values, [0.5, np.nan])
    assert scores.extra["standard_error"][0] == pytest.approx(math.sqrt(0.125))
    assert np.isnan(scores.extra["standard_error"][1])
    assert scores.extra["n_in"].tolist() == [2, 4]
    assert scores.extra["n_out"].tolist() == [2, 0]
