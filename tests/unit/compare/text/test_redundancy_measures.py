"""Each reading of redundancy by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.compare.text.redundancy_measures import (
    MEASURES,
    compressed,
    copies,
    counting,
    equal_swap,
    free_order,
    guessable,
    huffman_length,
    lempel_ziv,
    n_phrases,
    redundancy_table,
    repeated_ngrams,
    repeated_tokens,
    repeating,
    smallest_period,
    uneven,
)

AAAA, ABAB, ABCD = (np.array([ord(c) for c in w]) for w in ("aaaa", "abab", "abcd"))


def period(q, n=32):
    return np.resize(np.arange(q), n)


def test_tokens_ngrams_and_entropy_by_hand():
    assert [repeated_tokens(w) for w in (AAAA, ABAB, ABCD)] == [0.75, 0.5, 0.0]
    assert [repeated_ngrams(w, 2) for w in (AAAA, ABAB, ABCD)] == pytest.approx([2 / 3, 1 / 3, 0.0])  # aa; ab ba ab
    assert [repeated_ngrams(w, 3) for w in (AAAA, ABAB, ABCD)] == [0.5, 0.0, 0.0]
    assert [uneven(w) for w in (AAAA, ABAB, ABCD)] == pytest.approx([1.0, 0.5, 0.0])  # 0, 1 and 2 of 2 bits


def test_a_period_is_as_redundant_as_it_is_short():
    assert [repeated_tokens(period(q)) for q in (4, 8, 16, 32)] == [1 - q / 32 for q in (4, 8, 16, 32)]


def test_order_values():
    """ln(m!)^q / ln(32!): period 4 has m = 8, so 4 ln 40320 / ln 32! = 42.4184 / 81.5580."""
    found = [free_order(period(q)) for q in (16, 8, 4, 2)]
    assert found == pytest.approx([0.1360, 0.3117, 0.5201, 0.7521], abs=1e-4)
    assert (free_order(period(32)), free_order(np.zeros(32, int))) == (0.0, 1.0)
    assert equal_swap(period(4)) == pytest.approx(4 * 8 * 7 / (32 * 31))


def test_zip_falls_with_the_period_and_forgets_its_header():
    found = [compressed(bytes(period(q, 256).astype(np.uint8) + 97)) for q in (1, 2, 4, 8)]
    assert found == sorted(found, reverse=True)
    assert found[0] > 0.95
    assert compressed(bytes(range(64))) <= 0.0  # nothing to compress: not negative by more than the block's overhead
    assert math.isnan(compressed(b""))


def test_phrases():
    assert n_phrases(np.zeros(9, int)) == 2  # 0 . 00000000
    assert n_phrases(np.arange(5)) == 5
    assert n_phrases(np.array([11, 1, 1, 11])) == 3  # 11 . 1 . 1 11: numbers are not cut into digits
    assert lempel_ziv(np.arange(32)) == pytest.approx(0.0)  # n phrases, log_n(n) = 1
    assert lempel_ziv(np.zeros(32, int)) == pytest.approx(1 - 2 * 5 / 32)
    assert lempel_ziv(period(4)) > lempel_ziv(period(16)) > 0


def test_copies_counts_in_doublings():
    assert [copies(k) for k in (0, 1, 3, 7)] == [0, 1, 2, 3]


def test_templates():
    assert smallest_period(np.array([1, 2, 1, 2, 1])) == 2
    assert smallest_period(np.array([1, 2, 3])) == 3
    assert repeating(period(16))
    assert not repeating(period(17))
    assert counting("item 3, item 6, item 9")
    assert not counting("in 1999 and 2001, or 2002")
    assert not counting("7 7 7")
    assert not counting("1 2")


def test_guess_or_recall():
    prefix = np.arange(8)
    assert guessable(prefix, np.array([0, 50, 3, 51, 4, 52, 5, 53]), "")  # 0 3 4 5 in order: 4 of 8
    assert not guessable(prefix, np.array([5, 50, 4, 51, 3, 52, 0, 53]), "")
    assert not guessable(prefix, np.arange(50, 58), "")
    assert guessable(prefix, np.arange(50, 58), "line 1 line 2 line 3")
    assert guessable(np.array([1, 2, 3, 9, 7, 8, 3, 4, 5]), np.array([3, 4, 5, 1, 2, 3]), "")  # runs of 3: 2 of 4
    assert not guessable(prefix, np.array([], int), "")


def test_huffman_length():
    assert huffman_length("aabb") == 1.0
    assert huffman_length("aab") == pytest.approx(2 / 3 * 1 + 1 / 3 * 2)  # ceil(0.585), ceil(1.585)
    assert huffman_length("") == 0


@given(st.lists(st.integers(0, 5), min_size=2, max_size=20))
def test_none_for_different_tokens_and_names_do_not_matter(tokens):
    ids = np.array(tokens)
    for name in ("rep", "ngram2", "entropy", "order", "swap", "phrases"):
        value = MEASURES[name](ids, b"")
        assert value == pytest.approx(MEASURES[name](100 - ids, b""), nan_ok=True)
        assert math.isnan(value) or value <= 1 + 1e-12
        if len(set(tokens)) == len(tokens):
            assert value == pytest.approx(0, abs=1e-12)


def test_too_short_is_no_number():
    table = redundancy_table([np.array([], int), np.array([1])], [b"", b"x"])
    assert set(table) == set(MEASURES)
    assert math.isnan(table["rep"][0])
    assert table["rep"][1] == 0
    for name in ("ngram2", "ngram3", "entropy", "order", "swap", "phrases"):
        assert np.isnan(table[name]).all()
