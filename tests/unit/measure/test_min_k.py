import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.core.errors import UsageError
from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.measure.loss import loss
from byheart.measure.min_k import min_k


def test_by_hand(written):
    # k = 0.5 of 4 tokens keeps -4 and -3: -3.5; k = 0.2 of 4 keeps ceil(0.8) = 1: -4; one token is its own tail
    signals = written(logprob=[[-1, -4, -2, -3], [-7]])
    assert min_k(signals, k=0.5).values.tolist() == [-3.5, -7]
    assert min_k(signals).values.tolist() == [-4, -7]
    assert min_k(signals).params == {"k": 0.2}


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_short_texts_have_a_score(written, n):
    """int(0.2 n) is 0 below 5 tokens, a mean of nothing; ours keeps one token."""
    assert min_k(written(logprob=[[-1.0] * n])).values.tolist() == [-1.0]


@given(st.lists(st.lists(st.floats(-20, 0, width=32), max_size=12), min_size=1, max_size=5))
def test_all_tokens_is_the_loss(rows):
    ids = np.array([str(i) for i in range(len(rows))], dtype=object)
    signals = Signals(ids, ids, ids, {"logprob": Ragged.of(rows, dtype=np.float32)})
    np.testing.assert_allclose(min_k(signals, k=1.0).values, loss(signals).values, atol=1e-12)


@pytest.mark.parametrize("k", [0, 1.5, -1])
def test_refuses_a_share_outside(written, k):
    with pytest.raises(UsageError, match=r"in \(0, 1\]"):
        min_k(written(logprob=[[-1.0]]), k=k)
