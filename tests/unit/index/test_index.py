import numpy as np
import pytest

from byheart.core.errors import DataError, UsageError
from byheart.index import build_index, open_index


def test_banana(tmp_path):
    """In 255 b a n a n a: "ana" stands at 1 and 3; after "a" comes "n" twice, and the end once."""
    index = build_index(["banana"], tmp_path / "i")
    assert index.count(list(b"ana")) == 2
    assert index.count_next(list(b"a")) == {ord("n"): 2}
    assert index.count_at_end(list(b"a")) == 1
    assert index.locate(list(b"ana")).tolist() == [[0, 1], [0, 3]]
    assert index.longest_suffix(list(b"xxnan")).length == 3
    assert (index.n_tokens, index.n_docs, index.count([])) == (6, 1, 6)


def test_counts_are_those_of_looking_everywhere(pair, queries):
    index, brute = pair
    true = [brute.count(q) for q in queries]
    assert [index.count(q) for q in queries] == true
    assert index.count_batch(queries).tolist() == true
    assert index.count_batch([]).tolist() == []


def test_every_stretch_of_every_document_at_once(pair):
    index, brute = pair
    text = np.concatenate([np.array(d, np.int64) for d in brute.docs])
    for n in (1, 2, 3, 4, 5, 8, 9, 11):
        starts = np.arange(max(0, text.size - n + 1))
        counts = index.count_stretches(text, starts, np.full(starts.size, n))
        assert counts.tolist() == [brute.count(text[s : s + n]) for s in starts]


def test_next_tokens(pair, queries):
    index, brute = pair
    for q in queries:
        if q:
            after, ends = brute.following(q)
            assert index.count_next(q) == after
            assert index.count_at_end(q) == ends
            assert sum(after.values()) + ends == index.count(q)
    assert sum(index.count_next([]).values()) == index.n_tokens


def test_unigrams_sum_to_the_tokens(pair):
    index, brute = pair
    assert int(index.unigrams.sum()) == index.n_tokens == sum(map(len, brute.docs))
    assert {t: int(n) for t, n in enumerate(index.unigrams) if n} == index.count_next([])


def test_places(pair, queries):
    index, brute = pair
    for q in queries:
        if q:
            assert [tuple(p) for p in index.locate(q)] == brute.places(q)


def test_a_draw_of_places_is_without_repeats_and_seeded(tmp_path):
    index = build_index([[1, 2]] * 40, tmp_path / "i", vocab_size=3, shard_tokens=30)
    drawn = index.locate([1, 2], limit=25, seed=3)
    assert len({tuple(p) for p in drawn}) == 25
    assert (drawn == index.locate([1, 2], limit=25, seed=3)).all()
    assert (drawn != index.locate([1, 2], limit=25, seed=4)).any()


def test_documents_and_names(tmp_path):
    docs = [[3, 4], [], [5]]
    index = build_index(docs, tmp_path / "i", names=["one", "zwei", "trois"], shard_tokens=4)
    assert [index.document(d).tolist() for d in range(3)] == docs
    assert [index.document_name(d) for d in range(3)] == ["one", "zwei", "trois"]
    with pytest.raises(UsageError, match="0 to 2; got 3"):
        index.document(3)


def test_longest_suffix_is_that_of_a_leftward_scan(pair, queries):
    index, brute = pair
    for q in queries:
        n = max((n for n in range(len(q) + 1) if n == 0 or brute.count(q[-n:])), default=0)
        found = index.longest_suffix(q)
        assert (found.length, found.count) == (n, brute.count(q[-n:] if n else []))


@pytest.mark.parametrize("bad", [[-1], [7], [0.5], [[1, 2]], ["a"]])
def test_ids_outside_the_vocabulary_are_refused(tmp_path, bad):
    index = build_index([[1, 2, 6]], tmp_path / "i", vocab_size=7)
    with pytest.raises(DataError, match="token ids"):
        index.count(bad)


@pytest.mark.parametrize("tokens", [[0] * 300, [0, 1] * 150, [0, 0, 1] * 100, [5]])
def test_repeated_text(tmp_path, tokens):
    """All equal, periodic, and one token: the i-th longest suffix of 0...0 is counted n - i + 1 times."""
    index = build_index([tokens], tmp_path / "i", vocab_size=6)
    for n in (1, 2, 7, 8, 9, 64, len(tokens)):
        query = tokens[:n]
        true = sum(tokens[i : i + len(query)] == query for i in range(len(tokens) - len(query) + 1))
        assert index.count(query) == index.count_batch([query])[0] == true
    index.check()


def test_fibonacci_word(tmp_path):
    a, b = [0], [0, 1]
    while len(b) < 400:
        a, b = b, b + a
    index = build_index([b], tmp_path / "i", vocab_size=2)
    index.check()
    assert index.count(a) == sum(b[i : i + len(a)] == a for i in range(len(b) - len(a) + 1))


def test_opened_again_without_the_sample_file(pair, queries):
    """What infini-gram's builder leaves: no samples, no facts."""
    index, brute = pair
    for extra in ("index.json", "unigram.npy", *(f"sample.{s}" for s in range(len(index.shards)))):
        (index.path / extra).unlink()
    bare = open_index(index.path, dtype=f"u{8 * index.dtype.itemsize}", vocab_size=index.vocab_size)
    assert (bare.n_tokens, bare.n_docs) == (index.n_tokens, index.n_docs)
    assert bare.count_batch(queries).tolist() == [brute.count(q) for q in queries]
    assert (bare.unigrams == index.unigrams).all()
