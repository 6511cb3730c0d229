import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.core.errors import UsageError
from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.measure.window import window


def test_by_hand(written):
    # windows of 2: -2.5, -1.5, -2.5; the middle one is the likeliest. A text of one token is one window
    signals = written(logprob=[[-4, -1, -2, -3], [-6]])
    assert window(signals, width=2).values.tolist() == [-1.5, -6.0]
    assert window(signals).values.tolist() == [-2.5, -6.0]  # shorter than 50: the whole


@given(st.lists(st.floats(-20, 0, width=16), min_size=1, max_size=12), st.integers(1, 14))
def test_agrees_with_trying_every_window(row, width):
    ids = np.array(["a"], dtype=object)
    signals = Signals(ids, ids, ids, {"logprob": Ragged.of([row], dtype=np.float32)})
    w = min(width, len(row))
    best = max(np.mean(row[i : i + w]) for i in range(len(row) - w + 1))
    assert window(signals, width=width).values == pytest.approx([best], abs=1e-6)


def test_refuses_no_width(written):
    with pytest.raises(UsageError, match="at least 1"):
        window(written(logprob=[[-1.0]]), width=0)
