"""ROUGE-L and what is told in the question, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.compare.text.alignment import longest_common_subsequence
from byheart.compare.text.recited import recited, rouge_l, told, without_told
from byheart.compare.text.substring import longest_common_substring
from byheart.core.errors import UsageError

TOKENS = st.lists(st.integers(0, 4), min_size=1, max_size=30).map(np.array)


def test_rouge_by_hand():
    found = rouge_l("axc", "abcd")  # a and c in order: LCS 2; of 3 said, of 4 hunted; F1 = 2*2/(3+4)
    assert (found.precision, found.recall) == (2 / 3, 2 / 4)
    assert found.f1 == pytest.approx(4 / 7)
    assert rouge_l("", "abc").f1 == 0 == rouge_l("abc", "").precision


def test_the_kinds_of_score():
    said, hunted = np.array([1, 2, 9, 4]), np.array([1, 2, 3, 4])
    assert recited(said, hunted) == 3 / 4  # 1 2 4
    assert recited(said[:1], hunted) == 1.0  # the exploit of precision: one lucky token
    assert recited(said[:1], hunted, "rougeL_r") == 1 / 4
    assert recited(said, hunted, "lccs") == 2 / 4  # 1 2
    assert recited(said, hunted, "edit") == 3 / 4  # one replacement
    with pytest.raises(UsageError, match="rougeL_p, rougeL_r, lccs, edit"):
        recited(said, hunted, "bleu")


@given(a=TOKENS, b=TOKENS)
@settings(max_examples=60, deadline=None)
def test_properties(a, b):
    common = longest_common_subsequence(a, b)
    assert common >= longest_common_substring(a, b).length
    assert common == longest_common_subsequence(b, a)
    assert longest_common_subsequence(a, a) == a.size
    if a.size == b.size:
        found = rouge_l(a, b)
        assert found.precision == found.recall == pytest.approx(found.f1)


@pytest.mark.parametrize(("letters", "share"), [(2, 0.8118), (4, 0.654)])
def test_random_strings_have_the_common_subsequence_of_chvatal_and_sankoff(letters, share):
    """gamma_2 ~ 0.8118, gamma_4 ~ 0.654; at n = 5000 the mean is some 0.003 lower and its sd under 0.002."""
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, letters, (2, 5000))
    assert longest_common_subsequence(a, b) / 5000 == pytest.approx(share, abs=0.01)


def test_what_was_told_is_not_recited():
    hunted = np.arange(10)
    prompt = np.array([50, 2, 3, 4, 5, 6, 51])  # 2..6, five in a row
    mask = told(hunted, [prompt, np.array([7, 8, 9])])  # three in a row are an accident
    assert np.flatnonzero(mask).tolist() == [2, 3, 4, 5, 6]
    assert recited(hunted, hunted) == 1.0
    assert recited(hunted, without_told(hunted, mask)) == 0.5
    assert recited(hunted, without_told(hunted, mask), "lccs") == 0.3  # 7 8 9
    assert not told(hunted, [prompt[1:5]]).any()  # four in a row
    assert not told(hunted[:4], [hunted]).any()  # too short to hold five
