import numpy as np
import pytest

from byheart.core.errors import UsageError
from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.signals.text.paired import mean_logprobs, paired_means, same_tokens, total_logprobs


def signals(logprobs, scored, ids=("a",), tokens=None):
    names = np.array(ids, dtype=object)
    arrays = {
        "logprob": Ragged.of(logprobs, dtype=np.float32),
        "scored": Ragged.of(scored, dtype=np.uint8),
        "token_ids": Ragged.of(tokens or [range(len(r)) for r in logprobs], dtype=np.int32),
    }
    return Signals(names, names, names, arrays)


def test_only_tokens_scored_in_both_count():
    # without a prefix the first token has no probability; with one it has. Common: -1, -3 (mean -2) and -2, -4 (-3)
    alone = signals([[np.nan, -1, -3]], [[0, 1, 1]])
    after = signals([[-50, -2, -4]], [[1, 1, 1]])
    assert [m.tolist() for m in paired_means(alone, after)] == [[-2.0], [-3.0]]


def test_means_and_totals_by_hand():
    s = signals([[np.nan, -1, -3], [np.nan]], [[0, 1, 1], [0]], ids=("a", "b"))
    np.testing.assert_array_equal(mean_logprobs(s), [-2.0, np.nan])
    np.testing.assert_array_equal(total_logprobs(s), [-4.0, np.nan])


def test_refuses_other_tokens_and_other_records():
    one = signals([[-1, -2]], [[1, 1]])
    other_tokens = signals([[-1, -2]], [[1, 1]], tokens=[[5, 6]])
    assert not same_tokens(one, other_tokens)
    with pytest.raises(UsageError, match="same tokenizer"):
        paired_means(one, other_tokens)
    with pytest.raises(UsageError, match="'a' in one signal and 'b'"):
        paired_means(one, signals([[-1, -2]], [[1, 1]], ids=("b",)))
    with pytest.raises(UsageError, match="1 and 2 records"):
        paired_means(one, signals([[-1], [-2]], [[1], [1]], ids=("a", "b")))
