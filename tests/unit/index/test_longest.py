import numpy as np
import pytest

from byheart.index import build_index
from byheart.index.longest import STEPS


def test_by_hand(tmp_path):
    """In "banana", "nab": "na" is there, "nab" is not; "ab" is not; "b" is."""
    index = build_index(["banana"], tmp_path / "i")
    assert index.match_lengths(list(b"nab")).tolist() == [2, 1, 1]


def test_agrees_with_looking_everywhere(pair, queries):
    index, brute = pair
    for q in [queries[i] + queries[i + 1] for i in range(0, 200, 5)]:
        assert index.match_lengths(q).tolist() == brute.match_lengths(q)


@pytest.mark.parametrize("dtype", ["u8", "u16", "u32"])
def test_copies_longer_than_the_vectorised_part(tmp_path, dtype):
    """Text = copy of 700 tokens, a stranger, copy of 300 from another document: ends are at 700 and at its end."""
    rng = np.random.default_rng(0)
    docs = [rng.integers(0, 20, 900), rng.integers(0, 20, 900)]
    index = build_index(docs, tmp_path / "i", dtype=dtype, vocab_size=22)
    assert STEPS * 8 < 300
    text = np.concatenate([docs[0][100:800], [21], docs[1][:300]])
    lengths = index.match_lengths(text)
    assert lengths[0] == 700
    assert lengths[700] == 0
    assert lengths[701] == 300
    ends = np.arange(text.size) + lengths
    assert (np.diff(ends[:700]) >= 0).all()
    for i in (1, 350, 650, 695, 960):  # no longer one by looking, and so long indeed
        n = lengths[i]
        assert index.count(text[i : i + n]) > 0
        assert i + n == text.size or index.count(text[i : i + n + 1]) == 0


def test_long_matches_in_periodic_text(tmp_path):
    """In 0 x 500, the text 0 x 700 matches 500 from each of the first 201 tokens, then what is left."""
    index = build_index([[0] * 500], tmp_path / "i", vocab_size=2)
    assert index.match_lengths([0] * 700).tolist() == [min(500, 700 - i) for i in range(700)]


def test_does_not_cross_documents(tmp_path):
    index = build_index([[1, 2, 3], [4, 5, 6]], tmp_path / "i", vocab_size=7)
    assert index.match_lengths([1, 2, 3, 4, 5, 6]).tolist() == [3, 2, 1, 3, 2, 1]


def test_empty_text(tmp_path):
    index = build_index([[1]], tmp_path / "i")
    assert index.match_lengths([]).tolist() == []
    assert index.maximal_spans([]) == []
