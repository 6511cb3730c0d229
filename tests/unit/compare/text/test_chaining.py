import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.compare.text.alignment import edit_distance
from byheart.compare.text.chaining import COMMON, near_blocks
from byheart.compare.text.substring import longest_common_substring

symbols = st.lists(st.integers(0, 4), max_size=40)


@given(symbols, symbols, st.integers(1, 4))
def test_without_gaps_it_is_the_longest_common_stretch(a, b, seed):
    longest = longest_common_substring(a, b).length
    assert near_blocks(a, b, seed=seed, gap=0).length == (longest if longest >= seed else 0)


@given(symbols, symbols, st.sampled_from([0.5, 0.8, 0.9]))
def test_every_block_is_as_similar_as_it_says_and_none_share_a_word(a, b, similar):
    found = near_blocks(a, b, seed=2, gap=5, similar=similar)
    words = []
    for block in found.blocks:
        ours, theirs = a[block.start_a : block.end_a], b[block.start_b : block.end_b]
        assert edit_distance(ours, theirs) <= block.edits <= (1 - similar) * max(len(ours), len(theirs)) + 1e-6
        words += range(block.start_a, block.end_a)
    assert len(words) == len(set(words))
    assert found.length == max((block.length for block in found.blocks), default=0)


def test_by_hand():
    """120 words; the answer changes word 50, leaves out words 80 and 81, then says something else after word 110.

    Runs 0-50 (50 words), 51-80 (29), 82-110 (28). Edits 1 + 2 = 3 of 110 words: one block of 110 words, and 110 of 120
    words stand in a block of 100 or more. With at most 1 edit in 100 the cheapest part that fits is the first two runs
    (1 edit in 80 is too many), so the longest is 50.
    """
    text = np.arange(120)
    said = np.concatenate([text[:50], [900], text[51:80], text[82:110], np.arange(700, 740)])
    found = near_blocks(text, said)
    assert (found.length, found.blocks[0].edits, len(found.blocks)) == (110, 3, 1)
    assert found.recall == pytest.approx(110 / 120)
    assert near_blocks(text, said, similar=0.99).length == 50
    assert near_blocks(text, said, gap=1).length == 80  # the two words left out are too wide a gap
    assert near_blocks(text, said, gap=0).length == 50
    assert near_blocks(text, said, long=111).recall == 0


def test_a_stretch_of_seven_words_is_no_seed_and_one_of_eight_is():
    text = np.arange(30)
    assert near_blocks(text, np.r_[text[5:12], 99]).length == 0
    assert near_blocks(text, np.r_[text[5:13], 99]).length == 8


def test_the_order_must_be_the_same_in_both():
    text = np.arange(40)
    found = near_blocks(text, np.r_[text[20:], text[:20]])
    assert (found.length, len(found.blocks)) == (20, 2)


def test_said_twice_counts_once():
    text = np.arange(120)
    assert near_blocks(text, np.r_[text, 900, text]).recall == 1.0


def test_a_book_in_linear_time_and_a_refrain_seeds_nothing():
    rng = np.random.default_rng(0)
    book = rng.integers(0, 5000, 50_000)
    said = book.copy()
    changed = rng.random(book.size) < 0.01
    said[changed] = 9999
    assert near_blocks(book, said).recall > 0.99
    refrain = np.tile(np.arange(3), 20_000)  # 60,000 words; all pairs of equal runs would be 10^9
    assert near_blocks(refrain, refrain).length == 0
    assert near_blocks(np.arange(3), np.tile(np.arange(3), COMMON), seed=3).length == 3


@pytest.mark.parametrize(("a", "b"), [([], []), ([1], []), ([], [1, 2]), ([1, 2], [3])])
def test_nothing_in_common(a, b):
    found = near_blocks(a, b, seed=1)
    assert (found.length, found.recall, found.blocks) == (0, 0.0, ())


def test_of_two_ways_the_one_with_like_gaps_is_taken():
    """The text: run A, 4 words, run B. In the answer A stands twice: 14 words before B (gaps differ by 10), and 4."""
    a, b = np.arange(8), np.arange(20, 28)
    found = near_blocks(np.r_[a, [90, 91, 92, 93], b], np.r_[a, [70, 71], a, [80, 81, 82, 83], b], similar=0.5)
    assert (found.length, found.blocks[0].edits, found.blocks[0].start_b) == (20, 4, 10)


def test_similarity_is_measured_on_the_longer_side():
    """10 words put into 95: 10 edits are more than a tenth of 95 and less than a tenth of 105."""
    text = np.arange(95)
    assert near_blocks(text, np.r_[text[:50], np.arange(900, 910), text[50:]]).length == 95
    assert near_blocks(text, np.r_[text[:50], np.arange(900, 911), text[50:]]).length == 50  # 11 of 106 are too many
