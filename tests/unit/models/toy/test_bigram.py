"""The toy's closed forms are what its table says."""

import pickle

import numpy as np
import pytest
import torch

from byheart.core.errors import DataError
from byheart.models.toy.bigram import ToyBigram

TABLE = [[0.1, 0.9], [0.5, 0.5]]


def test_logits_are_rows_of_the_table():
    toy = ToyBigram(TABLE, "ab")
    logits = toy.logits(toy.hidden(torch.tensor([[1, 0]]))[0])
    np.testing.assert_allclose(logits.exp().numpy(), [[0.5, 0.5], [0.1, 0.9]], rtol=1e-6)


def test_the_opening_token_is_read_and_never_said():
    toy = ToyBigram(TABLE, "ab", start=[0.25, 0.75])
    assert toy.encode("ab").ids.tolist() == [2, 0, 1]
    assert toy.encode("ab").scored.tolist() == [False, True, True]
    logits = toy.logits(toy.hidden(torch.tensor([[2]]))[0])
    np.testing.assert_allclose(logits.exp().numpy(), [[0.25, 0.75, 0.0]], rtol=1e-6)


def test_without_an_opening_token_the_first_character_is_not_scored():
    encoded = ToyBigram(TABLE, "ab").encode("aab")
    assert encoded.scored.tolist() == [False, True, True]
    assert encoded.start.tolist() == [0, 1, 2]
    assert encoded.end.tolist() == [1, 2, 3]


def test_only_what_the_assistant_says_is_scored():
    chat = [{"role": "user", "content": "ab"}, {"role": "assistant", "content": "ba"}]
    toy = ToyBigram(TABLE, "ab")
    assert toy.encode(chat).scored.tolist() == [False, False, True, True]
    assert toy.encode({"prompt": "a", "completion": "b"}).scored.tolist() == [False, True]


def test_greedy_follows_the_larger_probability():
    # From a, b has 0.9; from b, both have 0.5 and the first of the equals, a, is taken.
    new = ToyBigram(TABLE, "ab").generate([np.array([0]), np.array([1])], 3)
    assert [row.tolist() for row in new] == [[1, 0, 1], [0, 1, 0]]


def test_samples_follow_the_table_and_belong_to_their_prompt():
    toy = ToyBigram(TABLE, "ab")
    together = toy.generate([np.array([0])] * 2000, 1, temperature=1.0, seeds=range(2000))
    # 2,000 draws at 0.9: standard error 0.0067, so a false alarm at 4 errors has a chance below 1e-4.
    assert abs(np.mean([row[0] for row in together]) - 0.9) < 0.027
    alone = toy.generate([np.array([0])], 1, temperature=1.0, seeds=[7])
    assert alone[0].tolist() == together[7].tolist()


def test_an_unknown_character_is_named():
    with pytest.raises(DataError, match="'c'"):
        ToyBigram(TABLE, "ab").encode("abc")


def test_rows_that_do_not_sum_to_one_are_refused():
    with pytest.raises(ValueError, match="sum to 1"):
        ToyBigram([[0.1, 0.8], [0.5, 0.5]], "ab")


def test_fit_counts_bigrams():
    # "aab": a->a once, a->b once; with 1 added to each of 2 counts, p(b|a) = 2/4; b is never left: 1/2.
    toy = ToyBigram.fit(["aab"])
    np.testing.assert_allclose(toy.log_table.exp().numpy(), [[0.5, 0.5], [0.5, 0.5]])


def test_pickling_and_opening_give_the_same_model():
    toy = ToyBigram(TABLE, "ab", start=[0.25, 0.75], context=9)
    for copy in (pickle.loads(pickle.dumps(toy)), toy.opener()):
        assert (copy.digest, copy.context, copy.name) == (toy.digest, 9, "toy")
    assert toy.digest != ToyBigram(TABLE, "ab").digest
