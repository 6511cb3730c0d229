import math

import numpy as np
import pytest

from byheart.index import build_index
from byheart.index.chance import expected_longest, longest_in_windows
from byheart.index.spans import maximal


def test_a_text_spliced_from_two_documents(tmp_path):
    docs = [[1, 2, 3, 4, 5], [6, 7, 8, 9], [3, 4, 5]]
    index = build_index(docs, tmp_path / "i", vocab_size=12)
    first, second = index.maximal_spans([2, 3, 4, 5, 7, 8, 11], min_len=2)
    assert (first.start, first.end, first.count, first.sources.tolist()) == (0, 4, 1, [[0, 1]])
    assert (second.start, second.end, second.count, second.sources.tolist()) == (4, 6, 1, [[1, 1]])
    # 12 tokens: 3, 4, 5 twice and six once; p(2) = 1/12, p(3) = p(4) = p(5) = 2/12
    assert first.log_unigram == pytest.approx(math.log(1 / 12) + 3 * math.log(2 / 12))
    # sum p^2 = (3 x 4 + 6 x 1) / 144 = 1/8; log8(7 x 12) = 2.13
    assert first.expected == pytest.approx(math.log(84) / math.log(8))
    assert math.isnan(first.p)


def test_every_span_is_maximal(pair, queries):
    index, brute = pair
    text = [t for q in queries[:60] for t in q]
    for span in index.maximal_spans(text, sources=3):
        inside = text[span.start : span.end]
        assert span.count == brute.count(inside) > 0
        assert {tuple(p) for p in span.sources} <= set(brute.places(inside))
        assert len(span.sources) == min(3, span.count)
        assert span.start == 0 or brute.count(text[span.start - 1 : span.end]) == 0
        assert span.end == len(text) or brute.count(text[span.start : span.end + 1]) == 0


def test_whole_words_and_sentence_ends():
    lengths = np.array([4, 3, 2, 3, 2, 1])
    # spans 0-4 (and 3-6); words begin at 0, 3, 5: the first ends before the word at 3, as 4 is inside a word
    words = np.array([1, 0, 0, 1, 0, 1], bool)
    assert maximal(lengths, starts=words).tolist() == [[0, 3], [3, 6]]
    # a full stop at token 1: nothing goes on behind it
    stop = np.array([0, 1, 0, 0, 0, 0], bool)
    assert maximal(lengths, breaks=stop).tolist() == [[0, 2], [2, 4], [3, 6]]
    assert maximal(lengths, min_len=4).tolist() == [[0, 4]]


def test_frequent_spans_can_be_left_out(tmp_path):
    index = build_index([[1, 2], [1, 2], [3, 4]], tmp_path / "i")
    assert [(s.start, s.end) for s in index.maximal_spans([1, 2, 3, 4], max_count=1)] == [(2, 4)]


def test_expected_longest_match_is_what_random_text_has(tmp_path):
    """32 random texts against a random corpus: the mean of the longest match lies within one token of the law."""
    rng = np.random.default_rng(0)
    index = build_index([rng.integers(0, 4, 20_000)], tmp_path / "i", vocab_size=4)
    longest = [index.match_lengths(rng.integers(0, 4, 500)).max() for _ in range(32)]
    assert np.mean(longest) == pytest.approx(expected_longest(500, index.unigrams), abs=1)


def test_no_law_without_a_corpus_or_with_one_token():
    assert expected_longest(10, np.array([0, 0])) == 0
    assert expected_longest(0, np.array([5, 5])) == 0
    assert expected_longest(10, np.array([7])) == math.inf


def test_held_out_windows_give_a_p_value(tmp_path):
    """Held out: 9 windows of 4 with longest matches of 1 token; a copy of 4 has p = 1 / 10, one of 1 has 10 / 10."""
    index = build_index([[1, 2, 3, 4]], tmp_path / "i", vocab_size=6)
    held_out = [[4, 3, 2, 1] * 9]
    assert longest_in_windows(index.match_lengths(held_out[0]), 4).tolist() == [1] * 9
    chance = index.chance(4, held_out)
    (copied,) = index.maximal_spans([1, 2, 3, 4], chance=chance)
    assert copied.p == pytest.approx(0.1)
    assert {s.p for s in index.maximal_spans([4, 3, 2, 1], chance=chance)} == {1.0}
    assert math.isnan(index.maximal_spans([1] * 40, chance=index.chance(40, held_out))[0].p)  # no window is so long


def test_p_values_of_copies_never_made_are_uniform_or_larger(tmp_path):
    """200 random texts against 19 held-out windows each: p <= 0.2 in at most 0.2 of them, but for 4 sigma (0.113)."""
    rng = np.random.default_rng(5)
    index = build_index([rng.integers(0, 4, 3000)], tmp_path / "i", vocab_size=4)
    p = []
    for _ in range(200):
        text, held_out = rng.integers(0, 4, 60), rng.integers(0, 4, 19 * 60)
        chance = index.chance(60, [held_out])
        p.append(chance.p(index.match_lengths(text).max()))
    assert np.mean(np.array(p) <= 0.2) <= 0.2 + 0.113
