import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.compare.text.alignment import longest_common_subsequence
from byheart.compare.text.substring import by_doubling, by_sorting, longest_common_substring
from byheart.compare.text.symbols import as_codes

small = st.text(alphabet="abc", max_size=24)


def longest_by_table(a, b):
    best = 0
    table = np.zeros((len(a) + 1, len(b) + 1), dtype=int)
    for i, x in enumerate(a, 1):
        for j, y in enumerate(b, 1):
            if x == y:
                table[i, j] = table[i - 1, j - 1] + 1
                best = max(best, table[i, j])
    return int(best)


@pytest.mark.parametrize(
    ("a", "b", "length", "start_a", "start_b"),
    [
        ("banana", "ananas", 5, 1, 0),  # "anana"
        ("abc", "xyz", 0, 0, 0),
        ("", "abc", 0, 0, 0),
        ("same", "same", 4, 0, 0),
        ("aaaa", "aa", 2, 0, 0),
        ("é\U0001f600x", "\U0001f600x!", 2, 1, 0),  # one symbol per code point
    ],
)
def test_by_hand(a, b, length, start_a, start_b):
    match = longest_common_substring(a, b)
    assert (match.length, match.start_a, match.start_b) == (length, start_a, start_b)


@given(small, small)
def test_agrees_with_the_quadratic_table(a, b):
    match = longest_common_substring(a, b)
    assert match.length == longest_by_table(a, b)
    assert a[match.start_a :][: match.length] == b[match.start_b :][: match.length]


@given(small, small)
def test_symmetric_in_length(a, b):
    assert longest_common_substring(a, b).length == longest_common_substring(b, a).length


def test_token_ids_of_any_size():
    a, b = np.array([9, 2**31, 3, 4]), np.array([7, 2**31, 3, 8])  # 2**31, 3 is shared
    assert longest_common_substring(a, b).length == 2


def test_finds_417_characters_in_long_texts():
    """A known package finds 37 of 417 shared characters because of its junk heuristic; ours sees them all."""
    rng = np.random.default_rng(0)
    left, shared, right = ("".join(rng.choice(list("etaoin shrdlu"), n)) for n in (900, 415, 900))
    match = longest_common_substring(left + "#" + shared + "#", "#" + shared + "#" + right)
    assert match.length == 417
    assert match.start_a == 900


@given(small, small)
def test_sorting_and_doubling_give_the_same_match(a, b):
    codes_a, codes_b = as_codes(a), as_codes(b)
    assert by_sorting(codes_a, codes_b) == by_doubling(codes_a, codes_b)


def test_a_copy_between_two_million_letters():
    """1 M letters each; a copy of 5,000 stands at 300,000 and 700,000. Seconds, also when one text repeats itself."""
    rng = np.random.default_rng(0)
    letters = np.frombuffer(b"etaoin shrdlu", np.uint8)
    a, b = rng.choice(letters, 1_000_000), np.tile(rng.choice(letters, 1000), 1000)
    b[700_000:705_000] = a[300_000:305_000]
    b[[699_999, 705_000]] = ord("#")
    start = time.process_time()
    match = longest_common_substring(a, b)
    assert time.process_time() - start < 10
    assert (match.length, match.start_a, match.start_b) == (5000, 300_000, 700_000)


@pytest.mark.parametrize(("a", "b", "n"), [("abcde", "zabcy", 3), ("same", "same", 4), ("abc", "xyz", 0), ("", "a", 0)])
def test_lengths_by_hand_either_way(a, b, n):
    assert longest_common_substring(a, b).length == longest_common_substring(b, a).length == n


def test_agrees_with_dynamic_programming_on_any_characters():
    alphabet = ["a", "b", "é", "e\u0301", "\U0001f600", "\ud800", "字", " "]  # combining marks, a lone surrogate
    rng = np.random.default_rng(0)
    for _ in range(500):
        a, b = ("".join(rng.choice(alphabet, rng.integers(0, 25))) for _ in range(2))
        found = longest_common_substring(a, b)
        assert found.length == longest_by_table(a, b)
        assert found.length <= longest_common_subsequence(a, b) <= min(len(a), len(b))
        assert a[found.start_a : found.start_a + found.length] == b[found.start_b : found.start_b + found.length]


@pytest.mark.parametrize(("k", "n"), [(4, 1000), (4, 4000), (26, 1000), (26, 4000)])
def test_two_random_texts_share_about_log_k_of_nm(k, n):
    """E.g. K = 4, n = m = 1000: ln(1e6) / ln 4 = 9.97. 30 pairs; one standard error is near 0.25, tolerance 0.75."""
    rng = np.random.default_rng(k + n)
    found = [longest_common_substring(rng.integers(0, k, n), rng.integers(0, k, n)).length for _ in range(30)]
    assert abs(np.mean(found) - np.log(n * n) / np.log(k)) < 0.75
