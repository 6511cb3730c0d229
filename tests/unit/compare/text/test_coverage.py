from byheart.compare.text.coverage import covered
from byheart.compare.text.plain_text import word_codes
from byheart.compare.text.substring import longest_common_substring


def test_blocks_cover_eighteen_words_and_the_longest_is_ten():
    """y = w1..w20; the answer has w1..w8, junk, w11..w20: blocks of 8 and 10, so 18 words are covered."""
    y = [f"w{i}" for i in range(1, 21)]
    r = [*y[:8], "junk", "more", *y[10:]]
    ours, theirs = word_codes(y, r)
    assert covered(ours, theirs, block=8) == 18
    assert covered(ours, theirs, block=9) == 10
    assert longest_common_substring(ours, theirs).length == 10


def test_a_passage_said_once_covers_a_refrain_once():
    """The text has the block twice, the answer once: it lends it to one of them."""
    assert covered([*range(8), 99, *range(8)], list(range(8)), block=8) == 8
