"""The law after a decoding scheme, by hand and against the warpers of transformers."""

import math

import numpy as np
import pytest
import torch
from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.models.text.sampling import narrow
from byheart.models.toy.bigram import ToyBigram
from byheart.signals.text.decoding import check_decoding, decoded_logprob
from byheart.signals.text.token_logprobs import token_logprobs


def test_by_hand():
    # p = 0.5, 0.3, 0.2 for every next token; the text says 0, 1, 2.
    schemes = {
        (1.0, None, None): [0.5, 0.3, 0.2],
        (1.0, 2, None): [0.5 / 0.8, 0.3 / 0.8, 0],
        (1.0, None, 0.79): [0.5 / 0.8, 0.3 / 0.8, 0],
        (1.0, None, 0.81): [0.5, 0.3, 0.2],
        (1.0, None, 0.1): [1, 0, 0],
        (0.0, None, None): [1, 0, 0],
        # temperature 1/2 squares: .25, .09, .04 over .38; the first two are kept of .9 of .34: .25 + .09
        (0.5, None, None): [0.25 / 0.38, 0.09 / 0.38, 0.04 / 0.38],
        (0.5, 2, 0.7): [1, 0, 0],  # .25 / .34 = .735 reaches .7 alone
        (0.5, 2, 0.74): [0.25 / 0.34, 0.09 / 0.34, 0],
    }
    toy = ToyBigram([[0.5, 0.3, 0.2]] * 3, "abc")
    found = token_logprobs(toy, Corpus.of(["aabc"], "member"), decodings=list(schemes))
    for i, expected in enumerate(schemes.values()):
        np.testing.assert_allclose(np.exp(found[f"decoded_{i}"][0][1:]), expected, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize(
    "scheme",
    [(0.7, None, None), (1.0, 40, None), (1.3, None, 0.9), (0.8, 50, 0.95), (1.0, 1, None), (2.0, None, 0.999)],
)
def test_transformers_warps_the_same_way(scheme):
    temperature, top_k, top_p = scheme
    z = torch.randn(200, 3000, generator=torch.Generator().manual_seed(0)) * 4
    x = torch.multinomial(torch.softmax(z, 1), 1, generator=torch.Generator().manual_seed(1))
    warpers = LogitsProcessorList([TemperatureLogitsWarper(temperature)])
    warpers += [TopKLogitsWarper(top_k)] if top_k else []
    warpers += [TopPLogitsWarper(top_p)] if top_p else []
    expected = torch.log_softmax(warpers(None, z.clone()).double(), 1).gather(1, x)[:, 0]
    got = decoded_logprob(z, x, torch.zeros(200), scheme)
    assert torch.isinf(expected).any() == bool(top_k or (top_p or 1) < 0.99)
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)


def test_ties_are_kept_as_the_sampler_keeps_them():
    # Four equals, 0.45 of the mass wanted: it keeps the two of smallest id. Two of k = 3 and its ties: all four.
    z = torch.zeros(4, 4)
    x = torch.arange(4)[:, None]
    for scheme, kept in (((1.0, None, 0.45), 2), ((1.0, 3, None), 4)):
        law = decoded_logprob(z, x, torch.zeros(4), scheme)
        assert law.exp().tolist() == pytest.approx([1 / kept] * kept + [0] * (4 - kept))
        sampler = torch.softmax(narrow(z, top_k=scheme[1], top_p=scheme[2])[0], 0)
        assert sampler.tolist() == pytest.approx(law.exp().tolist())


def test_probabilities_over_the_vocabulary_sum_to_one():
    z = torch.randn(1, 2000, generator=torch.Generator().manual_seed(2)).expand(2000, -1)
    law = decoded_logprob(z, torch.arange(2000)[:, None], torch.zeros(2000), (0.9, 700, 0.8))
    assert math.isclose(float(law.exp().sum()), 1, rel_tol=1e-5)


@pytest.mark.parametrize("scheme", [(-1.0, None, None), (1.0, 0, None), (1.0, None, 0.0), (1.0, None, 1.5)])
def test_schemes_without_meaning(scheme):
    with pytest.raises(UsageError, match="a decoding is"):
        check_decoding(scheme)
