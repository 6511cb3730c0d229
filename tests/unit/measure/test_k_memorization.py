import numpy as np
import pytest

from byheart.core.errors import UsageError
from byheart.measure.k_memorization import k_memorization


def test_by_hand(written):
    # 3 of 4 positions; one word dropped puts the rest out of place: 1 of 4; stops after 2 of 4; nothing expected
    signals = written(
        generated=[[1, 2, 9, 4], [1, 3, 4, 5], [1, 2], [1]], expected=[[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4], []]
    )
    np.testing.assert_array_equal(k_memorization(signals).values, [0.75, 0.25, 0.5, np.nan])
    np.testing.assert_array_equal(k_memorization(signals, n_tokens=2).values, [1.0, 0.5, 1.0, np.nan])


def test_refuses_no_tokens(written):
    with pytest.raises(UsageError, match="at least 1"):
        k_memorization(written(generated=[[1]], expected=[[1]]), n_tokens=0)
