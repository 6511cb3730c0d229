"""After a prefix: the same tokens, the law of the concatenated text, nothing from nothing."""

import numpy as np
import pytest
import torch

from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.models.text.causal_lm import CausalLM
from byheart.models.toy.bigram import ToyBigram
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.signals.text.conditional import conditional_logprobs, prefix_tokens
from byheart.signals.text.token_logprobs import token_logprobs

CORPUS = Corpus.of(["The quick brown fox.", "b", "jumps over the lazy dog", ""], "member")
SHOTS = ["Some other text.", "And another, déjà vu."]


@pytest.fixture(params=[False, True], ids=["plain", "bos"])
def target(request):
    return CausalLM(tiny_gpt(272, width=32, context=256, seed=0), byte_tokenizer(bos=request.param))


def test_an_empty_prefix_changes_nothing(target):
    alone, after = token_logprobs(target, CORPUS), conditional_logprobs(target, CORPUS, [])
    for name in alone.arrays:
        np.testing.assert_array_equal(*(getattr(s[name], "values", s[name]) for s in (alone, after)))


def test_concatenation_says_the_same(target):
    found = conditional_logprobs(target, CORPUS, SHOTS)
    context = prefix_tokens(target, SHOTS)
    n_front = target.front.size
    assert (context == 260).sum() == n_front
    for i, item in enumerate(CORPUS.items):
        body = target.encode(item).ids[n_front:]
        ids = torch.from_numpy(np.concatenate([context, body])).long()
        with torch.no_grad():
            logp = torch.log_softmax(target.module(input_ids=ids[None]).logits[0, :-1].double(), -1)
        expected = logp.gather(1, ids[1:, None])[context.size - 1 :, 0]
        np.testing.assert_allclose(found["logprob"][i][n_front:], expected.numpy(), atol=1e-5)


def test_the_same_tokens_are_scored_with_and_without(target):
    alone, after = token_logprobs(target, CORPUS), conditional_logprobs(target, CORPUS, SHOTS)
    for name in ("token_ids", "start", "end", "scored"):
        np.testing.assert_array_equal(alone[name].values, after[name].values)


def test_a_bigram_forgets_the_prefix_but_for_the_first_token():
    toy = ToyBigram([[0.7, 0.3], [0.4, 0.6]], "ab")
    corpus = Corpus.of(["ab"], "member")
    after = conditional_logprobs(toy, corpus, ["b"], separator="")
    # the a after the prefix b has 0.4, and is not scored, as nothing predicts it without the prefix
    np.testing.assert_allclose(after["logprob"][0], np.log([0.4, 0.3]), rtol=1e-6)
    assert after["scored"][0].tolist() == [0, 1]


def test_texts_that_do_not_fit_in_half_the_context_are_left_out(target):
    n = target.front.size
    long = [*SHOTS, "x" * 200]
    np.testing.assert_array_equal(prefix_tokens(target, long), prefix_tokens(target, SHOTS))
    assert prefix_tokens(target, SHOTS).size == n + len((SHOTS[0] + SHOTS[1] + "\n\n\n\n").encode())
    with pytest.raises(UsageError, match="has 202 tokens, and half the context is 128"):
        prefix_tokens(target, ["x" * 200])


def test_a_long_record_after_a_prefix_is_read_in_windows(target):
    """Each window is read after the whole prefix; the second starts half a window on, the last ends with the text."""
    text = "".join(f"long {i} " for i in range(60))
    found = conditional_logprobs(target, Corpus.of([text], "member"), SHOTS)
    context, body = prefix_tokens(target, SHOTS), target.encode(text).ids[target.front.size :]
    size, done, expected = 256 - context.size, 0, []
    starts = [*range(0, body.size - size, size // 2), body.size - size]
    for start in starts:
        ids = torch.from_numpy(np.concatenate([context, body[start : start + size]])).long()
        with torch.no_grad():
            logp = torch.log_softmax(target.module(input_ids=ids[None]).logits[0, :-1].double(), -1)
        window = logp.gather(1, ids[1:, None])[context.size - 1 :, 0]
        expected.append(window[done - start :])
        done = start + size
    assert found["n_windows"][0] == len(starts) > 2
    np.testing.assert_allclose(found["logprob"][0][target.front.size :], torch.cat(expected), atol=1e-5)
