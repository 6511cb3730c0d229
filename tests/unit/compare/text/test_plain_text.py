from byheart.compare.text.plain_text import GONE, MASKED, normalise, word_ends, words
from byheart.compare.text.substring import longest_common_substring


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
