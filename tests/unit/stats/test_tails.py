import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.core.errors import UsageError
from byheart.stats.tails import check_share, kept, mean_of_lowest, tail_means

floats = st.lists(st.floats(-50, 0, width=32), min_size=1, max_size=40)


def test_by_hand():
    values = np.array([-0.1, -4.0, -0.2, -2.0])
    assert mean_of_lowest(values, 0.5) == -3.0  # (-4 - 2) / 2
    low, high = tail_means(values, (0.25, 0.75))
    assert low.tolist() == pytest.approx([-4.0, -6.2 / 3])  # (-4 - 2 - 0.2) / 3
    assert high.tolist() == pytest.approx([-0.1, -2.3 / 3])  # (-0.1 - 0.2 - 2) / 3
    assert math.isnan(mean_of_lowest(np.zeros(0), 0.2))


@given(floats, st.floats(0.01, 1))
def test_agrees_with_sorting(values, k):
    m = kept(len(values), k)
    assert 1 <= m <= len(values)
    assert mean_of_lowest(np.array(values), k) == pytest.approx(sum(sorted(values)[:m]) / m, abs=1e-9)


@given(floats)
def test_everything_is_the_mean(values):
    assert mean_of_lowest(np.array(values), 1.0) == pytest.approx(np.mean(values), abs=1e-9)
    for means in tail_means(np.array(values), (1.0,)):
        assert means == pytest.approx(np.mean(values), abs=1e-9)


@given(floats, st.floats(0.01, 1))
def test_both_tails_agree_with_one(values, k):
    low, high = tail_means(np.array(values), (k,))
    assert low[0] == pytest.approx(mean_of_lowest(np.array(values), k), abs=1e-9)
    assert high[0] == pytest.approx(-mean_of_lowest(-np.array(values), k), abs=1e-9)


@pytest.mark.parametrize("k", [0, -0.1, 1.1])
def test_refuses_other_shares(k):
    with pytest.raises(UsageError, match="share"):
        check_share(k)
