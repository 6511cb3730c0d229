import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU

from byheart.compare.text.ngrams import bleu, ngram_overlap, ngrams

words = st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), min_size=1, max_size=20)


def test_bleu_by_hand():
    # the cat sat on mat / the cat sat on the mat: 1-grams 5/5, 2-grams 3/4 (on-mat missing), 3-grams 2/3, 4-grams 1/2;
    # shorter by one: brevity exp(1 - 6/5)
    expected = math.exp(1 - 6 / 5) * (1 * 3 / 4 * 2 / 3 * 1 / 2) ** (1 / 4)
    assert bleu(["the", "cat", "sat", "on", "mat"], ["the", "cat", "sat", "on", "the", "mat"]) == pytest.approx(
        expected
    )


@given(words, words)
def test_bleu_agrees_with_sacrebleu(candidate, reference):
    judge = BLEU(tokenize="none", effective_order=True, smooth_method="exp")
    expected = judge.sentence_score(" ".join(candidate), [" ".join(reference)]).score / 100
    assert bleu(candidate, reference) == pytest.approx(expected, abs=1e-9)


def test_edges():
    assert bleu([], ["a"]) == 0.0
    assert bleu(["a"], []) == 0.0
    assert bleu([1, 2, 3, 4], [1, 2, 3, 4]) == 1.0
    assert bleu(["x"], ["y"]) == 0.0


def test_ngrams_and_overlap_by_hand():
    # bigrams of a b c b c: ab bc cb bc; ab is not in "b c b c", the other three are
    assert ngrams(list("abcbc"), 2) == {("a", "b"): 1, ("b", "c"): 2, ("c", "b"): 1}
    assert ngram_overlap(list("abcbc"), list("bcbc"), 2) == 3 / 4
    assert math.isnan(ngram_overlap(["a"], ["a"], 2))
