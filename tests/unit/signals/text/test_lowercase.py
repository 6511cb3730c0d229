"""Small letters in every kind of record, secrets too."""

import numpy as np

from byheart.core.corpus import Corpus
from byheart.models.toy.bigram import ToyBigram
from byheart.signals.text.lowercase import lowercase_logprobs, lowered
from byheart.signals.text.token_logprobs import token_logprobs


def test_the_lower_cased_text_is_what_is_read():
    toy = ToyBigram([[0.2, 0.8, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]], "abA")
    corpus = Corpus.of(["Abba"], "canary", columns={"secret": ["Ab"]})
    found, expected = lowercase_logprobs(toy, corpus), token_logprobs(toy, Corpus.of(["abba"], "member"))
    np.testing.assert_array_equal(found["logprob"].values, expected["logprob"].values)
    assert found["secret"][0].tolist() == [1, 1, 0, 0]
    assert corpus.items == ["Abba"]


def test_chats_and_prompts():
    items = [[{"role": "Assistant", "content": "Hi"}], {"prompt": "A", "completion": "B"}]
    assert lowered(Corpus.of(items, "member")).items == [
        [{"role": "Assistant", "content": "hi"}],
        {"prompt": "a", "completion": "b"},
    ]
