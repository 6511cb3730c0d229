"""The longest common stretch as verbatim audits use it: hand values, dynamic programming, and the law of chance."""

import numpy as np
import pytest

from byheart.compare.text.alignment import longest_common_subsequence
from byheart.compare.text.coverage import covered
from byheart.compare.text.echo import strip_echo
from byheart.compare.text.plain_text import GONE, MASKED, normalise, word_codes, word_ends, words
from byheart.compare.text.shared_text import mask_shared, shared_runs
from byheart.compare.text.substring import longest_common_substring


def by_table(a, b):
    """O(n m) dynamic programming: run[i][j] = 1 + run[i-1][j-1] where the symbols agree."""
    best, row = 0, [0] * (len(b) + 1)
    for x in a:
        row = [0] + [row[j] + 1 if x == y else 0 for j, y in enumerate(b)]
        best = max(best, *row)
    return best


@pytest.mark.parametrize(("a", "b", "n"), [("abcde", "zabcy", 3), ("same", "same", 4), ("abc", "xyz", 0), ("", "a", 0)])
def test_by_hand(a, b, n):
    assert longest_common_substring(a, b).length == longest_common_substring(b, a).length == n


def test_agrees_with_dynamic_programming_on_any_characters():
    alphabet = ["a", "b", "é", "e\u0301", "\U0001f600", "\ud800", "字", " "]  # combining marks, a lone surrogate
    rng = np.random.default_rng(0)
    for _ in range(500):
        a, b = ("".join(rng.choice(alphabet, rng.integers(0, 25))) for _ in range(2))
        found = longest_common_substring(a, b)
        assert found.length == by_table(a, b)
        assert found.length <= longest_common_subsequence(a, b) <= min(len(a), len(b))
        assert a[found.start_a : found.start_a + found.length] == b[found.start_b : found.start_b + found.length]


@pytest.mark.parametrize(("k", "n"), [(4, 1000), (4, 4000), (26, 1000), (26, 4000)])
def test_two_random_texts_share_about_log_k_of_nm(k, n):
    """E.g. K = 4, n = m = 1000: ln(1e6) / ln 4 = 9.97. 30 pairs; one standard error is near 0.25, tolerance 0.75."""
    rng = np.random.default_rng(k + n)
    found = [longest_common_substring(rng.integers(0, k, n), rng.integers(0, k, n)).length for _ in range(30)]
    assert abs(np.mean(found) - np.log(n * n) / np.log(k)) < 0.75


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


def test_typography_does_not_break_a_copy():
    plain = 'He said: "It\'s here - now", and the file was gone...'
    typeset = "He said:\u00a0“It’s here\u00a0– now”,\n and the\u200b ﬁle was gone…"
    assert normalise(typeset) == normalise(plain) == plain
    assert longest_common_substring(normalise(typeset), plain).length == len(plain)


def test_marks_never_survive_normalisation():
    assert normalise(f"a{MASKED}b{GONE}c") == "abc"


def test_words_of_languages_without_spaces_are_characters():
    assert words("日本語 and 中文") == ["日", "本", "語", "and", "中", "文"]
    assert word_ends("a bc") == [1, 4]


def test_the_prompt_said_again_is_no_memory():
    prefix = "The quick brown fox jumps over the lazy dog and then"
    truth = "it slept under the old oak tree for an hour"
    said = strip_echo(f"Sure! {prefix} {truth}", prefix)
    assert longest_common_substring(said, prefix).length < 30
    assert longest_common_substring(said, truth).length == len(truth)


def test_the_end_of_the_prompt_said_again_goes_however_short():
    assert strip_echo("lazy dog it slept", "over the lazy dog") == " it slept"
    assert strip_echo("dog it slept", "over the lazy dog") == "dog it slept"  # one word may be the article's own
    assert strip_echo("azy dog", "over the lazy dog") == "azy dog"


def test_shared_text_is_masked_and_reprints_are_not():
    line = "this is a developing story and will be updated soon"  # 10 words
    a, b = f"alpha beta gamma. {line} delta", f"one two three. {line} four"
    masked = mask_shared([a, b], ["1", "2"])
    assert [len(m) for m in masked] == [len(a), len(b)]
    assert masked[0] == f"alpha beta gamma. {MASKED * len(line)} delta"
    assert mask_shared([a, b], ["1", "1"]) == [a, b]  # a reprint: one group
    assert mask_shared([a], ["1"], public=[line]) == [masked[0]]
    assert mask_shared(["short"], ["1"], public=["short"]) == ["short"]


def test_shared_runs_are_where_brute_force_finds_them():
    rng = np.random.default_rng(1)
    texts = [[str(w) for w in rng.integers(0, 3, 40)] for _ in range(4)]
    groups = ["a", "a", "b", "c"]
    found = shared_runs(texts, groups, run=4)
    for i, text in enumerate(texts):
        elsewhere = {
            tuple(t[k : k + 4]) for j, t in enumerate(texts) if groups[j] != groups[i] for k in range(len(t) - 3)
        }
        assert found[i] == [k for k in range(len(text) - 3) if tuple(text[k : k + 4]) in elsewhere]


def test_a_refrain_that_goes_on_as_the_article_does_is_recited_and_one_that_does_not_is_echo():
    """The prompt's 43 characters stand in the article again; 30 characters more of the article tell who recites."""
    refrain, more = "as the old rule of the harbour has it since", " the lamps are lit before anybody speaks"
    prompt, truth = f"They met, {refrain}", f" and they met again, {refrain}{more} of it."
    assert strip_echo(f"Then {refrain}{more} of it.", f"{prompt} 1900", truth) == f"Then {refrain}{more} of it."
    gone = strip_echo(f"Then {refrain} and so on and on and on and on.", f"{prompt} 1900", truth)
    assert refrain[5:-5] not in gone
    short = strip_echo(f"Then {refrain}{more[:20]}! Who knows.", f"{prompt} 1900", truth)
    assert refrain[5:-5] not in short
    whole = f" so they sat and they met again, {refrain}."
    before = strip_echo(f"and they met again, {refrain} there. Well", f"{prompt} 1900", whole)
    assert refrain not in before  # 20 characters more before it are too few
    assert strip_echo(f"so they sat and they met again, {refrain}.", f"{prompt} 1900", whole).count(refrain) == 1
