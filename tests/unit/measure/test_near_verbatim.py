import numpy as np
import pytest

from byheart.core.corpus import Corpus
from byheart.measure.cdd import cdd
from byheart.measure.k_memorization import k_memorization
from byheart.measure.near_verbatim import near_verbatim
from byheart.models.toy.bigram import ToyBigram
from byheart.signals.text.continuations import continuations, samples


def test_by_hand(written):
    # one of 10 tokens replaced: 1 edit of 10 = 0.9, just within 10 %; longest stretch 5.
    # BLEU: 9/10, 7/9, 5/8, 3/7 (each n-gram over the changed token is lost): (.9 * .7778 * .625 * .4286)^(1/4) = .658
    expected = list(range(10))
    signals = written(generated=[[0, 1, 2, 3, 99, 5, 6, 7, 8, 9], expected, [50, 51]], expected=[expected] * 3)
    scores = near_verbatim(signals)
    np.testing.assert_allclose(scores.values, [0.9, 1.0, 0.0])
    np.testing.assert_allclose(scores.extra["edit_similarity"], [0.9, 1.0, 0.0])
    assert scores.extra["within_edits"].tolist() == [True, True, False]
    assert scores.extra["bleu"][0] == pytest.approx((9 / 10 * 7 / 9 * 5 / 8 * 3 / 7) ** 0.25)
    assert scores.extra["above_bleu"].tolist() == [False, True, False]
    assert scores.extra["longest_common"].tolist() == [5, 10, 0]


@pytest.mark.parametrize("shift", range(1, 9))
def test_a_shift_does_not_hide_a_copy(written, shift):
    expected = list(range(50))
    generated = [99] * shift + expected
    assert near_verbatim(written(generated=[generated], expected=[expected])).values.tolist() == [1.0]


def test_text_where_it_is_there(written):
    text = [list("Straße".encode()), list("die Straßen".encode())]
    signals = written(generated=[[1]], expected=[[2]], generated_text=text[:1], expected_text=text[1:])
    assert near_verbatim(signals).extra["longest_characters"].tolist() == [6]  # characters, not bytes


def test_on_what_a_model_really_says():
    """A bigram model that goes round in a circle recites the circle and not its reverse."""
    model = ToyBigram.fit(["abcdef" * 20])
    corpus = Corpus.of(["abcdef" * 4, "fedcba" * 4], ["member", "nonmember"])
    signals = continuations(model, corpus, prefix_tokens=4, new_tokens=20)
    scores = near_verbatim(signals)
    assert scores.values[0] == 1
    assert scores.extra["longest_characters"].tolist() == [20, 1]
    assert scores.values[1] < 0.5
    assert k_memorization(signals, n_tokens=20).values[0] == 1
    assert cdd(samples(model, corpus, n_samples=3, temperature=0.1, prefix_tokens=4, new_tokens=20)).values[0] == 1


def test_nothing_expected(written):
    assert np.isnan(near_verbatim(written(generated=[[1]], expected=[[]])).values).all()
