import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.measure.probabilistic_extraction import log_trials_needed, probabilistic_extraction
from byheart.models.toy.bigram import ToyBigram
from byheart.signals.text.token_logprobs import token_logprobs


@pytest.mark.parametrize(
    ("p_z", "needed"),
    [(0.1, (7, 22, 44)), (0.01, (69, 230, 459)), (0.001, (693, 2302, 4603)), (0.5, (1, 4, 7)), (1.0, (1, 1, 1))],
)
def test_trials_by_hand(p_z, needed):
    # n >= ln(1 - p) / ln(1 - p_z), for instance ln(.5) / ln(.99) = 68.97 -> 69
    log_n = [log_trials_needed(np.log(p_z), p) for p in (0.5, 0.9, 0.99)]
    assert [round(math.exp(x)) for x in log_n] == list(needed)


def test_trials_far_below_the_smallest_float():
    # n = ln 2 / p_z: 1e-300 -> 6.93e299; e^-2000, which no float holds; 0 -> never
    log_p = np.array([math.log(1e-300), -2000.0, -np.inf])
    expected = [math.log(math.log(2)) - math.log(1e-300), math.log(math.log(2)) + 2000, np.inf]
    np.testing.assert_allclose(log_trials_needed(log_p, 0.5), expected, rtol=1e-14)


@given(st.floats(-200, -1e-6))
def test_more_probable_needs_no_more_trials(log_p):
    assert log_trials_needed(np.float64(log_p / 2), 0.5) <= log_trials_needed(np.float64(log_p), 0.5) + 1e-12


def test_by_hand(written):
    # asked for the last 2 of 4 tokens: log .5 + log .2 = log .1 -> 7 samples for p = .5
    signals = written(logprob=[[-9, -9, math.log(0.5), math.log(0.2)], []])
    scores = probabilistic_extraction(signals, n=7)
    assert scores.values[0] == pytest.approx(math.log(0.1), abs=1e-6)
    assert np.isnan(scores.values[1])
    assert 10 ** scores.extra["log10_n"][0] == pytest.approx(7)
    assert scores.extra["extractable"].tolist() == [True, False]
    assert probabilistic_extraction(signals, n=6).extra["extractable"].tolist() == [False, False]


def test_other_decoding(written):
    # greedy, the limit of temperature 0, says a token surely or never
    signals = written(logprob=[[-1, -1], [-1, -1]], decoded_greedy=[[-np.inf, 0], [0, -np.inf]])
    scores = probabilistic_extraction(signals, decoding="decoded_greedy")
    assert scores.values.tolist() == [0, -np.inf]
    assert scores.extra["log10_n"].tolist() == [0, np.inf]


def test_many_samples_say_it_as_often_as_promised():
    """Of 10,000 samples (temperature 0.7, top 3), so many are the suffix, to 5 binomial sd: false alarm < 1e-6."""
    model = ToyBigram(np.random.default_rng(0).dirichlet(np.ones(5), 5), "abcde")
    corpus = Corpus.of(["bcadbe"], "member")  # the last two of the five scored characters are to be said
    signals = token_logprobs(model, corpus, seed=0, decodings=[(0.7, 3, None)])
    p_z = math.exp(probabilistic_extraction(signals, decoding="decoded_0", suffix=2).values[0])
    ids = signals.ragged("token_ids")[0]
    options = {"temperature": 0.7, "top_k": 3, "seeds": list(range(10_000))}
    said = np.stack(model.generate([ids[:4]] * 10_000, 2, **options))
    share = (said == ids[4:]).all(axis=1).mean()
    assert p_z > 0.01
    assert abs(share - p_z) < 5 * math.sqrt(p_z * (1 - p_z) / 10_000)


def test_refuses(written):
    signals = written(logprob=[[-1.0]], decoded_cold=[[-1.0]])
    with pytest.raises(UsageError, match="logprob decoded_cold"):
        probabilistic_extraction(signals, decoding="decoded_hot")
    with pytest.raises(UsageError, match="p=1"):
        probabilistic_extraction(signals, p=1)
    with pytest.raises(UsageError, match="n=0"):
        probabilistic_extraction(signals, n=0)
