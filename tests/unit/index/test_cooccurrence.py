import numpy as np
import pytest

from byheart.core.errors import UsageError
from byheart.index import build_index


def test_by_hand(tmp_path):
    """1 at 0 and 5, 2 at 2 and 9 of one document: within 2 the first 1 has a 2, within 3 also the second (at 2)."""
    index = build_index([[1, 0, 2, 0, 0, 1, 0, 0, 0, 2]], tmp_path / "i")
    assert [index.cooccur([1], [[2]], w)[0] for w in (1, 2, 3, 4)] == [0, 1, 2, 2]
    assert index.cooccur([1], [[2]], 4, unit="docs")[0] == 1


def test_agrees_with_the_double_loop(pair):
    index, brute = pair
    rng = np.random.default_rng(2)
    flat = [t for d in brute.docs for t in d]
    terms = [[flat[rng.integers(len(flat))]] for _ in range(6)] + [brute.docs[-1][:2], brute.docs[-2][:3]]
    terms = [t for t in terms if t]
    for window in (0, 1, 3, 1000):
        for a in terms:
            true = [brute.cooccur(a, b, window) for b in terms]
            assert index.cooccur(a, terms, window).tolist() == [n for n, _ in true]
            assert index.cooccur(a, terms, window, unit="docs").tolist() == [n for _, n in true]


@pytest.mark.parametrize("shard_tokens", [100, 5])
def test_the_rarer_term_is_counted(tmp_path, shard_tokens):
    """1 thrice, 2 once near it; the second shard, where 2 is alone, does not turn the question around."""
    index = build_index([[1, 1, 1, 2], [2]], tmp_path / "i", shard_tokens=shard_tokens)
    assert index.cooccur([1], [[2]], 3, unit="a")[0] == 3
    assert index.cooccur([1], [[2]], 3, unit="rarer")[0] == 1


def test_a_term_is_not_its_own_neighbour(tmp_path):
    index = build_index([[1, 2, 1], [1]], tmp_path / "i")
    assert index.cooccur([1], [[1]], 1)[0] == 0
    assert index.cooccur([1], [[1]], 2)[0] == 2  # both of the first document, not the lone one


@pytest.mark.parametrize("wrong", [{"window": -1}, {"unit": "pairs"}, {"a": []}, {"b": [[]]}])
def test_questions_without_meaning(tmp_path, wrong):
    index = build_index([[1, 2]], tmp_path / "i")
    asked = {"a": [1], "b": [[2]], "window": 2, "unit": "a", **wrong}
    with pytest.raises(UsageError, match="a window is at least 0"):
        index.cooccur(asked["a"], asked["b"], asked["window"], unit=asked["unit"])
