import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.compare.text.alignment import (
    align,
    best_window,
    edit_distance,
    edit_similarity,
    longest_common_subsequence,
)

small = st.text(alphabet="abc", max_size=12)


def distance_by_table(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


def test_by_hand():
    # kitten -> sitten -> sittin -> sitting: 3 edits; the longer has 7 letters; shared in order: i t t n
    assert edit_distance("kitten", "sitting") == 3
    assert edit_similarity("kitten", "sitting") == pytest.approx(1 - 3 / 7)
    assert longest_common_subsequence("kitten", "sitting") == 4


def test_edges():
    assert edit_similarity("", "") == 1.0
    assert edit_similarity("", "abc") == 0.0
    assert edit_distance(np.array([1, 70000, 3]), [1, 3]) == 1  # token ids, one deleted


@given(small, small)
def test_distance_agrees_with_the_table(a, b):
    assert edit_distance(a, b) == distance_by_table(a, b)


@given(small, small)
def test_alignment_covers_both_and_costs_the_distance(a, b):
    blocks, cost, i, j = align(a, b), 0, 0, 0
    for s in blocks:
        assert (s.a_start, s.b_start) == (i, j)
        i, j = s.a_end, s.b_end
        if s.kind == "equal":
            assert a[s.a_start : s.a_end] == b[s.b_start : s.b_end]
        else:
            cost += max(s.a_end - s.a_start, s.b_end - s.b_start)
    assert (i, j) == (len(a), len(b))
    assert cost == distance_by_table(a, b)


@given(small, small)
def test_best_window_agrees_with_trying_every_window(pattern, text):
    window = best_window(pattern, text)
    ends = range(len(text) + 1)
    best = min(distance_by_table(pattern, text[i:j]) for i in ends for j in range(i, len(text) + 1))
    assert window.distance == best
    assert distance_by_table(pattern, text[window.start : window.end]) == best


@pytest.mark.parametrize("shift", range(12))
def test_a_shift_does_not_hide_a_copy(shift):
    """A one-edit copy of 80 characters, shifted by any few characters, is one edit away."""
    secret = "The quick brown fox jumps over the lazy dog while 12 wizards make toxic brew now"
    assert len(secret) == 80
    copy = secret[:40] + "_" + secret[41:]
    assert best_window(secret, "z" * shift + copy + "zzz").distance == 1


def test_patterns_longer_than_a_machine_word():
    rng = np.random.default_rng(1)
    pattern = rng.integers(0, 50_000, 300)
    changed = pattern.copy()
    changed[[10, 150, 299]] = 50_001  # three replacements; the last at the end
    text = np.concatenate([rng.integers(0, 50_000, 100), changed, rng.integers(0, 50_000, 100)])
    window = best_window(pattern, text)
    assert window.distance == 3
    assert (window.start, window.end) in {(100, 399), (100, 400)}
