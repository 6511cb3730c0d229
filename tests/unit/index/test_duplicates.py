import numpy as np
import pytest

from byheart.core.errors import UsageError
from byheart.index import build_index


def tokens_in(ranges):
    return {(int(d), j) for d, a, b in ranges for j in range(a, b)}


def test_by_hand(tmp_path):
    """1 2 3 stands in both documents; cut from the second, it is 3 of 9 tokens."""
    report = build_index([[1, 2, 3, 4], [5, 1, 2, 3, 6]], tmp_path / "i").duplicates(3)
    assert report.ranges.tolist() == [[0, 0, 3], [1, 1, 4]]
    assert report.copies.tolist() == [2, 2]
    assert report.removable.tolist() == [[1, 1, 4]]
    assert (report.n_duplicated, report.n_removable) == (6, 3)
    assert report.share == pytest.approx(6 / 9)
    assert report.removable_share == pytest.approx(3 / 9)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 9, 13])
def test_agrees_with_looking_everywhere(pair, n):
    index, brute = pair
    report = index.duplicates(n)
    assert tokens_in(report.ranges) == brute.duplicated(n)
    assert tokens_in(report.removable) == brute.duplicated(n, earlier=True)
    assert report.n_duplicated == len(brute.duplicated(n))
    for (d, a, b), copies in zip(report.ranges, report.copies, strict=True):
        assert copies == brute.count(brute.docs[d][a:b])


@pytest.mark.parametrize("shard_tokens", [1 << 20, 5000])
@pytest.mark.parametrize("adjacent", [True, False])
def test_planted_canaries_and_nothing_else(tmp_path, adjacent, shard_tokens):
    """120 tokens planted in 64 of 100 documents of 30,000 kinds of tokens: 7680 tokens, and no other."""
    rng = np.random.default_rng(0)
    canary = rng.integers(0, 30_000, 120)
    docs = [rng.integers(0, 30_000, 200) for _ in range(100)]
    holders = np.arange(64) if adjacent else rng.choice(100, 64, replace=False)
    for d in holders:
        docs[d] = np.concatenate([docs[d][:79], [30_000 + d], canary, [30_000 + d], docs[d][80:]])  # own neighbours
    index = build_index(docs, tmp_path / "i", vocab_size=30_100, shard_tokens=shard_tokens)
    report = index.duplicates(50)
    assert tokens_in(report.ranges) == {(int(d), 80 + j) for d in holders for j in range(120)}
    assert report.n_duplicated == 7680
    assert report.n_removable == 63 * 120
    assert set(report.copies) == {64}
    assert index.count(canary) == 64


def test_removal_leaves_the_first_of_each(tmp_path):
    """Cutting the removable tokens leaves nothing that repeats with 5 tokens, and every canary once."""
    rng = np.random.default_rng(3)
    canary = rng.integers(0, 9000, 12).tolist()
    docs = [[*rng.integers(0, 9000, 30).tolist(), *canary] for _ in range(5)]
    report = build_index(docs, tmp_path / "a", vocab_size=9000).duplicates(5)
    for d, a, b in report.removable[::-1]:
        del docs[d][a:b]
    again = build_index(docs, tmp_path / "b", vocab_size=9000)
    assert again.count(canary) == 1
    assert again.duplicates(5).n_duplicated == 0


def test_a_window_has_tokens(tmp_path):
    with pytest.raises(UsageError, match="at least 1 token; got 0"):
        build_index([[1]], tmp_path / "i").duplicates(0)
