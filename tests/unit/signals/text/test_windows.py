"""Every token once, half a context before it, hardly any padding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.core.errors import TargetError
from byheart.signals.text.windows import batches, windows


def test_a_text_of_ten_in_a_room_of_four():
    # Windows 0-3, 2-5, 4-7, 6-9: the last token of each is predicted and not read; 0 is predicted by nothing.
    found = windows(0, np.arange(10, dtype=np.int32), 0, 4)
    assert [w.ids.tolist() for w in found] == [[0, 1, 2], [2, 3, 4], [4, 5, 6], [6, 7, 8]]
    assert [w.tokens.tolist() for w in found] == [[1, 2, 3], [4, 5], [6, 7], [8, 9]]
    assert [(w.skip, w.at) for w in found] == [(0, 1), (1, 4), (1, 6), (1, 8)]


def test_front_tokens_come_before_every_window():
    found = windows(0, np.array([9, 0, 1, 2, 3, 4], dtype=np.int32), 1, 4)
    assert [w.ids.tolist() for w in found] == [[9, 0, 1], [9, 1, 2], [9, 2, 3]]
    assert [w.tokens.tolist() for w in found] == [[0, 1, 2], [3], [4]]


@given(st.integers(0, 200), st.integers(4, 40), st.integers(0, 2))
def test_every_token_is_predicted_once_from_what_precedes_it(n, room, n_front):
    ids = np.arange(n + n_front, dtype=np.int32)
    found = windows(0, ids, n_front, room)
    first = n_front if n_front else 1
    predicted = np.concatenate([np.zeros(0, np.int32), *(np.arange(w.tokens.size) + w.at for w in found)])
    assert predicted.tolist() == list(range(first, n + n_front))
    for w in found:
        assert w.tokens.tolist() == ids[w.at : w.at + w.tokens.size].tolist()
        assert w.ids[w.skip] == w.tokens[0] - 1
        assert w.ids.size - w.skip == w.tokens.size
        assert w.ids.size < room
        if w.at - n_front >= room:  # at least half of what fits is context
            assert w.skip + 1 >= (room - n_front) // 2


def test_no_room_is_told():
    with pytest.raises(TargetError, match="leaves no room"):
        windows(0, np.arange(5, dtype=np.int32), 1, 2)


@given(st.lists(st.integers(2, 300), min_size=1, max_size=200), st.integers(1, 3000))
def test_padding_is_at_most_five_percent(lengths, max_tokens):
    pieces = [w for row, n in enumerate(lengths) for w in windows(row, np.arange(n, dtype=np.int32), 0, 1000)]
    groups = batches(pieces, max_tokens)
    assert sorted((w.row, w.at) for g in groups for w in g) == sorted((w.row, w.at) for w in pieces)
    padded = sum(g[0].ids.size * len(g) for g in groups)
    assert sum(w.ids.size for w in pieces) >= 0.95 * padded
    assert all(len(g) == 1 or g[0].ids.size * len(g) <= max_tokens for g in groups)


def test_few_batches_for_many_like_texts():
    pieces = [w for row in range(100) for w in windows(row, np.arange(100 + row % 4, dtype=np.int32), 0, 1000)]
    assert len(batches(pieces, 2048)) <= 6
