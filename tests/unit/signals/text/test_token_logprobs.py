"""The one pass, worked out by hand on a bigram model and compared with plain softmax on small transformers."""

import zlib

import numpy as np
import pytest
import torch

from byheart.core.corpus import Corpus
from byheart.core.errors import TargetError
from byheart.core.signals import Signals
from byheart.models.text.causal_lm import CausalLM
from byheart.models.toy.bigram import ToyBigram
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.signals.text.token_logprobs import token_logprobs

# p(next | current): after a: a 0.7, b 0.2, c 0.1;  after b: 0.25, 0.25, 0.5;  after c: 0, 0, 1.
TABLE = [[0.7, 0.2, 0.1], [0.25, 0.25, 0.5], [0.0, 0.0, 1.0]]
TEXTS = ["The quick brown fox jumps over the lazy dog.", "a", "Ok.", "Pack my box with five dozen jugs; déjà vu, 你好."]


@pytest.fixture
def target():
    return CausalLM(tiny_gpt(272, width=32, context=64, seed=0), byte_tokenizer(), name="tiny")


def test_every_array_by_hand():
    found = token_logprobs(ToyBigram(TABLE, "abc"), Corpus.of(["abbcc"], "member"))
    row = {name: values[0] for name, values in found.arrays.items()}
    assert row["token_ids"].tolist() == [0, 1, 1, 2, 2]
    assert row["scored"].tolist() == [0, 1, 1, 1, 1]
    # a>b 0.2, b>b 0.25, b>c 0.5, c>c 1
    np.testing.assert_allclose(row["logprob"], [np.nan, *np.log([0.2, 0.25, 0.5, 1])], rtol=1e-6)
    # after a: .7 ln .7 + .2 ln .2 + .1 ln .1 = -0.24967 - 0.32189 - 0.23026 = -0.80182
    # after b: 2 x .25 ln .25 + .5 ln .5 = -0.69315 - 0.34657 = -1.03972; after c: 0
    np.testing.assert_allclose(row["mean_logprob"], [np.nan, -0.801819, -1.039721, -1.039721, 0], rtol=1e-5)
    # after a: .7 x .12722 + .2 x 2.59029 + .1 x 5.30190 - .64291 = .08905 + .51806 + .53019 - .64291 = .49439
    # after b: .5 x 1.92181 + .5 x .48045 - 1.08102 = .12011; after c: 0
    np.testing.assert_allclose(row["var_logprob"], [np.nan, 0.494390, 0.120113, 0.120113, 0], rtol=1e-4)
    # b after a is second to a; b after b is second to c (a ties with it); c is first
    assert row["rank"].tolist() == [-1, 1, 1, 0, 0]
    np.testing.assert_allclose(row["gap"], [np.nan, np.log(0.2 / 0.7), np.log(0.5), np.log(2), np.inf], rtol=1e-6)
    np.testing.assert_allclose(row["mass_above"], [np.nan, 0.7, 0.5, 0, 0], rtol=1e-6)
    assert row["n_bytes"] == 5
    assert row["n_zlib"] == len(zlib.compress(b"abbcc"))
    assert row["n_windows"] == 1


def test_an_opening_token_makes_the_first_character_count():
    found = token_logprobs(ToyBigram(TABLE, "abc", start=[0.5, 0.3, 0.2]), Corpus.of(["ba"], "member"))
    np.testing.assert_allclose(found["logprob"][0], [np.nan, np.log(0.3), np.log(0.25)], rtol=1e-6)
    # BOS itself can never come: its probability of 0 adds nothing to the mean, .5 ln .5 + .3 ln .3 + .2 ln .2
    np.testing.assert_allclose(found["mean_logprob"][0][1], -1.029653, rtol=1e-5)
    assert found["scored"][0].tolist() == [0, 1, 1]


def test_an_impossible_token_is_minus_infinity():
    found = token_logprobs(ToyBigram(TABLE, "abc"), Corpus.of(["ca"], "member"))
    assert found["logprob"][0][1] == -np.inf
    assert found["gap"][0][1] == -np.inf
    assert found["mass_above"][0][1] == 1


def test_a_tie_has_rank_and_gap_zero():
    found = token_logprobs(ToyBigram([[0.4, 0.4, 0.2]] * 3, "abc"), Corpus.of(["ab"], "member"))
    assert (found["rank"][0][1], found["gap"][0][1], found["mass_above"][0][1]) == (0, 0, 0)


def test_tokens_of_the_secret_are_marked():
    corpus = Corpus.of(["abcab", "abc"], "canary", columns={"secret": ["ab", None]})
    found = token_logprobs(ToyBigram(TABLE, "abc"), corpus)
    assert [row.tolist() for row in found["secret"]] == [[1, 1, 0, 1, 1], [0, 0, 0]]


def test_in_a_chat_only_the_assistants_words_count_as_text():
    chat = [{"role": "user", "content": "x" * 50}, {"role": "assistant", "content": "abc"}]
    target = CausalLM(tiny_gpt(272, width=32, context=256, seed=0), byte_tokenizer())
    found = token_logprobs(target, Corpus.of([chat], "member"))
    assert found["n_bytes"].tolist() == [3]
    assert found["scored"][0].sum() == 3
    assert np.isfinite(found["logprob"][0][1:]).all()


def reference(target, text):
    """What plain softmax in double precision gives for a text."""
    ids = torch.from_numpy(target.encode(text).ids).long()
    with torch.no_grad():
        logp = torch.log_softmax(target.module.double()(input_ids=ids[None]).logits[0, :-1], -1)
    target.module.float()
    own = logp.gather(1, ids[1:, None])
    p, mean = logp.exp(), (logp.exp() * logp).sum(1)
    likelier = logp > own
    others = logp.scatter(1, ids[1:, None], -np.inf).amax(1)
    return {
        "logprob": own[:, 0],
        "mean_logprob": mean,
        "var_logprob": (p * (logp - mean[:, None]) ** 2).sum(1),
        "rank": likelier.sum(1),
        "gap": own[:, 0] - others,
        "mass_above": (p * likelier).sum(1),
    }


@pytest.mark.parametrize("bos", [False, True])
def test_plain_softmax_says_the_same(bos):
    target = CausalLM(tiny_gpt(272, width=32, context=64, seed=0), byte_tokenizer(bos=bos))
    found = token_logprobs(target, Corpus.of(TEXTS, "member"))
    for i, text in enumerate(TEXTS):
        for name, values in reference(target, text).items():
            np.testing.assert_allclose(found[name][i][1:], values.numpy(), rtol=1e-5, atol=1e-5, err_msg=name)


def same(a: Signals, b: Signals):
    assert sorted(a.arrays) == sorted(b.arrays)
    for name, values in a.arrays.items():
        other = b.arrays[name]
        flat, expected = (getattr(v, "values", v) for v in (values, other))
        np.testing.assert_allclose(flat, expected, rtol=1e-5, atol=1e-5, err_msg=name)


def test_batch_size_and_order_change_nothing(target):
    corpus = Corpus.of(TEXTS * 3, "member")
    expected = token_logprobs(target, corpus)
    same(token_logprobs(target, corpus, max_tokens_per_batch=1), expected)
    order = np.random.default_rng(0).permutation(len(corpus))
    same(token_logprobs(target, corpus.take(order)), expected.take(order))
    same(Signals.join([token_logprobs(target, corpus.take([i])) for i in range(len(corpus))]), expected)


def test_memory_that_runs_out_halves_the_batch(target):
    class Small(CausalLM):
        largest = 0

        def hidden(self, ids, *, prefix=None):
            if ids.numel() > 100:
                raise torch.OutOfMemoryError("out of memory")
            self.largest = max(self.largest, ids.numel())
            return super().hidden(ids, prefix=prefix)

    corpus = Corpus.of(["some words of equal size"] * 20, "member")
    small = Small(target.module, target.tokenizer)
    same(token_logprobs(small, corpus), token_logprobs(target, corpus))
    assert small.largest == 46  # 20 x 23 tokens, halved until 100 are enough: 10, 5 (115), 2 texts


def test_one_record_that_does_not_fit_is_an_error(target):
    class Full(CausalLM):
        def hidden(self, ids, *, prefix=None):
            raise torch.OutOfMemoryError("out of memory")

    with pytest.raises(TargetError, match="a text of 51 tokens does not fit in memory, even alone"):
        token_logprobs(Full(target.module, target.tokenizer), Corpus.of(TEXTS, "member"))


def test_half_precision_that_overflows_is_told(target):
    half = CausalLM(tiny_gpt(272, width=32, seed=0).half(), byte_tokenizer(), name="half")
    with torch.no_grad():
        half.module.model.norm.weight.fill_(6e4)
        half.module.lm_head.weight.fill_(6e4)
    with pytest.raises(TargetError, match="half gives logits that are not numbers in float16; open it in float32"):
        token_logprobs(half, Corpus.of(TEXTS, "member"))


def test_a_long_text_is_read_in_windows_and_every_token_scored_once():
    # A bigram forgets all but one token, so windows must not change a number.
    text = "".join(np.random.default_rng(0).choice(list("ab"), 1000))
    for start in (None, [0.5, 0.3, 0.2]):
        table = [[0.7, 0.2, 0.1], [0.25, 0.25, 0.5], [0.1, 0.2, 0.7]]
        whole = token_logprobs(ToyBigram(table, "abc", start=start), Corpus.of([text], "member"))
        cut = token_logprobs(ToyBigram(table, "abc", start=start, context=16), Corpus.of([text], "member"))
        assert cut["n_windows"][0] > 100
        same(Signals(**{**vars(cut), "arrays": {**cut.arrays, "n_windows": whole["n_windows"]}}), whole)


def test_empty_and_one_token_texts_hold_no_score(target):
    found = token_logprobs(target, Corpus.of(["", "a"], "member"))
    assert found["logprob"].lengths.tolist() == [0, 1]
    assert np.isnan(found["logprob"].values).all()
    assert not found["scored"].values.any()


def test_signals_are_saved_and_read(target, tmp_path):
    found = token_logprobs(target, Corpus.of(TEXTS, "member"))
    found.save(tmp_path / "s.safetensors")
    same(Signals.load(tmp_path / "s.safetensors"), found)
    assert found["rank"].values.dtype == np.int32
    assert found["logprob"].values.dtype == np.float32
    assert found["scored"].values.dtype == np.uint8
