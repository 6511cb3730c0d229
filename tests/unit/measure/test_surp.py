import numpy as np
import pytest

from byheart.core.errors import UsageError
from byheart.measure.surp import surp


def test_by_hand(written):
    # lowest 40 % of 5 tokens: -5 and -4. Entropies 1, 3: only -5 is a surprise in a narrow law
    signals = written(logprob=[[-5, -4, -1, -1, -1]], mean_logprob=[[-1, -3, -1, -1, -1]])
    assert surp(signals).values.tolist() == [-5.0]
    assert surp(signals, max_entropy=4.0).values.tolist() == [-4.5]


def test_no_surprise_is_no_score(written):
    assert np.isnan(surp(written(logprob=[[-5.0]], mean_logprob=[[-2.0]])).values).all()  # 2 nats is not below 2


def test_refuses_a_share_outside(written):
    with pytest.raises(UsageError):
        surp(written(logprob=[[-1.0]], mean_logprob=[[-1.0]]), k=2)
