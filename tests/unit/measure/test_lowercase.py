import numpy as np
import pytest

from byheart.core.errors import UsageError
from byheart.measure.lowercase import lowercase


def test_by_hand(written):
    # losses 1 and 4: -1/4; 2 and 2: -1; the lower-cased copy may have other tokens
    scores = lowercase(written(logprob=[[-1, -1], [-2]]), written(logprob=[[-4, -3, -5], [-2]]))
    np.testing.assert_allclose(scores.values, [-0.25, -1])


def test_refuses_other_records(written):
    with pytest.raises(UsageError, match="record 0"):
        lowercase(written(logprob=[[-1.0]]), written(logprob=[[-1.0]], ids=["other"]))
