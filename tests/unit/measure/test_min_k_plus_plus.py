import math

import numpy as np
import pytest

from byheart.core.errors import UsageError
from byheart.measure.min_k_plus_plus import min_k_plus_plus

LAW = np.array([0.7, 0.2, 0.1])
MU = float((LAW * np.log(LAW)).sum())  # -0.8018
VARIANCE = float((LAW * np.log(LAW) ** 2).sum()) - MU**2  # 0.4946, sd 0.7033


def test_moments_are_weighted_by_probability(written):
    """p = (.7, .2, .1): z = (0.633, -1.149, -2.134); the unweighted moments of a peer give (1.081, -0.189, -0.892)."""
    one_each = written(logprob=[[math.log(p)] for p in LAW], mean_logprob=[[MU]] * 3, var_logprob=[[VARIANCE]] * 3)
    np.testing.assert_allclose(min_k_plus_plus(one_each).values, [0.633, -1.149, -2.134], atol=1e-3)


def test_lowest_share_of_z(written):
    # z = (-1 + 2) / 2 = 0.5, (-3 + 1) / 1 = -2, (-4 + 4) / 1 = 0, (-1 + 1) / 1 = 0: lowest half (-2 + 0) / 2 = -1
    signals = written(logprob=[[-1, -3, -4, -1]], mean_logprob=[[-2, -1, -4, -1]], var_logprob=[[4, 1, 1, 1]])
    assert min_k_plus_plus(signals, k=0.5).values.tolist() == [-1.0]
    assert min_k_plus_plus(signals).values.tolist() == [-2.0]


def test_no_spread_is_zero_not_nan(written):
    """A law with one certain token has sigma = 0; rounding may even leave the variance a hair below 0."""
    signals = written(logprob=[[0.0, 0.0]], mean_logprob=[[0.0, -1e-8]], var_logprob=[[0.0, -1e-9]])
    assert min_k_plus_plus(signals, k=1.0).values.tolist() == [0.0]


def test_refuses_a_share_outside(written):
    with pytest.raises(UsageError):
        min_k_plus_plus(written(logprob=[[-1.0]], mean_logprob=[[-1.0]], var_logprob=[[1.0]]), k=0)
