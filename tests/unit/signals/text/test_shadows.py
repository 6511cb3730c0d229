import numpy as np
import pytest

from byheart.core.errors import UsageError
from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.signals.text.paired import mean_logprobs
from byheart.signals.text.shadows import Shadows


def test_by_hand():
    # record 0: in models 0, 1 (values 1, 3), out of model 2 (value 10); record 1: never in (2, 4, 6)
    shadows = Shadows(np.array([[1.0, 2], [3, 4], [10, 6]]), np.array([[1, 0], [1, 0], [0, 0]], dtype=bool))
    np.testing.assert_array_equal(shadows.mean(True), [2, np.nan])
    np.testing.assert_array_equal(shadows.mean(False), [10, 4])
    np.testing.assert_array_equal(shadows.variance(True), [2, np.nan])  # ((1-2)^2 + (3-2)^2) / 1
    np.testing.assert_array_equal(shadows.variance(False), [np.nan, 4])  # (4 + 0 + 4) / 2
    assert shadows.residual_variance(True) == 2
    assert shadows.residual_variance(False) == 4  # squares 0 + 8 over 0 + 2 degrees of freedom


def test_refuses_a_table_of_another_shape():
    ids = np.array(["a"], dtype=object)
    one = Signals(ids, ids, ids, {"logprob": Ragged.of([[-1.0]])})
    with pytest.raises(UsageError, match="models, records"):
        Shadows.read([one], np.ones((2, 1), bool), mean_logprobs)
    with pytest.raises(UsageError, match="no shadow models"):
        Shadows.read([], np.ones((0, 1), bool), mean_logprobs)
