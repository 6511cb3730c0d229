import numpy as np
import pytest

from byheart.measure.zlib import zlib


def test_by_hand(written):
    # mean -2 over 50 bytes = -0.04; mean -4 over 25 bytes = -0.16
    scores = zlib(written(logprob=[[-1, -3], [-4], []], n_zlib=[50, 25, 8]))
    assert scores.values[:2] == pytest.approx([-0.04, -0.16])
    assert np.isnan(scores.values[2])
