import numpy as np
import pytest
from scipy.stats import norm

from byheart.localize._activation_probe.judging import sparse_curve

from .conftest import events, gaussians


def test_one_number_is_enough_where_one_carries_it():
    x, positive, document = gaussians(3, n=400, dim=16)
    curve = sparse_curve(x, events(positive, document), seed=0)
    assert [c["numbers"] for c in curve] == [1, 2, 4, 8, 16]
    assert curve[0]["auc"] == pytest.approx(norm.cdf(3 / 2**0.5), abs=0.025)
    spread = x @ np.linalg.qr(np.random.default_rng(0).normal(size=(16, 16)))[0]
    assert sparse_curve(spread, events(positive, document), seed=0)[0]["auc"] < 0.93
