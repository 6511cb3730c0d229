"""Losses and gradients of prompts against the plain model, finite differences, and one reading at a time."""

import numpy as np
import pytest
import torch

from byheart.core.errors import TargetError
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.prompt_search import (
    Frame,
    continue_vectors,
    embedding,
    plain_tokens,
    prompt_gradient,
    read_candidates,
    soft_loss,
)
from byheart.models.toy.bigram import ToyBigram
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt

from ..conftest import random_module


def frame(head=3, tail=4, continuation=5, seed=0):
    rng = np.random.default_rng(seed)
    return Frame(*(rng.integers(0, 256, n).astype(np.int32) for n in (head, tail, continuation)))


def plain_loss(module, around, prompt):
    """By the whole model on one row, nothing shared."""
    ids = torch.from_numpy(np.concatenate([around.head, prompt, around.tail, around.continuation])).long()[None]
    with torch.no_grad():
        logp = torch.log_softmax(module(input_ids=ids, use_cache=False).logits[0].float(), -1)
    n = around.continuation.size
    rows, wanted = logp[-n - 1 : -1], ids[0, -n:]
    return -float(rows.gather(1, wanted[:, None]).mean()), bool((rows.argmax(-1) == wanted).all())


@pytest.mark.parametrize(("head", "tail"), [(3, 4), (0, 4), (3, 0), (0, 0), (40, 1)])
def test_batched_is_one_by_one_whatever_stands_around(head, tail):
    model = CausalLM(tiny_gpt(272, width=32, layers=2, seed=0), byte_tokenizer())
    around = frame(head, tail)
    prompts = np.random.default_rng(1).integers(0, 256, (9, 3))
    together = read_candidates(model, around, prompts)
    alone = [read_candidates(model, around, p[None]).nll[0] for p in prompts]
    plain = [plain_loss(model.module, around, p)[0] for p in prompts]
    np.testing.assert_allclose(together.nll, alone, atol=1e-5)
    np.testing.assert_allclose(together.nll, plain, atol=1e-5)


def test_every_architecture_is_read_and_differentiated(module, tokenizer):
    """Also those that scale their embeddings, bend their logits or cannot share a context."""
    model, around = CausalLM(module, tokenizer), frame()
    prompts = np.random.default_rng(2).integers(0, 256, (4, 3))
    loss = read_candidates(model, around, prompts).nll
    np.testing.assert_allclose(loss, [plain_loss(module, around, p)[0] for p in prompts], rtol=1e-4, atol=1e-4)
    soft = [soft_loss(model, around, embedding(model, p)).item() for p in prompts]
    np.testing.assert_allclose(soft, loss, rtol=1e-4, atol=1e-4)
    assert prompt_gradient(model, around, prompts[0]).shape == (3, 272)


@pytest.mark.parametrize(("architecture", "step"), [("llama", 0.1), ("gemma2", 0.003)])
def test_the_gradient_is_the_finite_difference_of_the_one_hot_prompt(architecture, step):
    """Logits come in float32, so a difference of losses is known to about 2e-7: steps are large, and both ways."""
    module = tiny_gpt(272, width=32, layers=2, seed=0) if architecture == "llama" else random_module(architecture)
    model, around, prompt = CausalLM(module.double(), byte_tokenizer()), frame(), np.array([65, 200, 7])
    slopes = prompt_gradient(model, around, prompt)
    table = embedding(model, np.arange(272)).detach()
    hot = torch.nn.functional.one_hot(torch.from_numpy(prompt), 272).double()
    rng, differences, entries = np.random.default_rng(3), [], []
    for i, v in zip(rng.integers(0, 3, 30), rng.integers(0, 272, 30), strict=True):
        moved = torch.zeros_like(hot)
        moved[i, v] = step
        with torch.no_grad():
            ends = [soft_loss(model, around, (hot + way * moved).to(table) @ table).item() for way in (1, -1)]
        differences.append((ends[0] - ends[1]) / (2 * step))
        entries.append(slopes[i, v])
    np.testing.assert_allclose(entries, differences, atol=0.02 * np.std(differences))


def test_recited_is_what_greedy_decoding_says():
    model = CausalLM(tiny_gpt(272, width=32, layers=2, seed=4), byte_tokenizer())
    prompt = np.array([10, 20, 30], np.int32)
    said = model.generate([prompt], 6)[0]
    other = said.copy()
    other[3] = (other[3] + 1) % 256
    nothing = np.zeros(0, np.int32)
    assert read_candidates(model, Frame(nothing, nothing, said), prompt[None]).recited.tolist() == [True]
    assert read_candidates(model, Frame(nothing, nothing, other), prompt[None]).recited.tolist() == [False]
    # the same, the prompt being all in the head
    assert read_candidates(model, Frame(prompt, nothing, said), np.zeros((1, 0), np.int32)).recited.tolist() == [True]


def test_vectors_of_tokens_are_continued_as_the_tokens_are():
    model = CausalLM(tiny_gpt(272, width=32, layers=2, seed=4), byte_tokenizer())
    head, prompt, tail = (np.array(x, np.int32) for x in ([10], [20, 30], [40, 50]))
    said = model.generate([np.concatenate([head, prompt, tail])], 6)[0]
    made = continue_vectors(model, Frame(head, tail, said), embedding(model, prompt), 6)
    np.testing.assert_array_equal(made, said)


def test_the_logits_are_opened_in_portions(monkeypatch):
    from byheart.models.text import prompt_search

    model, around = CausalLM(tiny_gpt(272, width=32, layers=2, seed=0), byte_tokenizer()), frame()
    prompts = np.random.default_rng(1).integers(0, 256, (9, 3))
    whole = read_candidates(model, around, prompts)
    monkeypatch.setitem(prompt_search.LOGITS_PER_BATCH, "cpu", 2 * 5 * 272)  # 2 rows of 5 tokens
    monkeypatch.setitem(prompt_search.TOKENS_PER_BATCH, "cpu", 4 * 11)  # 4 rows of 3 + 4 + 4 tokens
    np.testing.assert_allclose(read_candidates(model, around, prompts).nll, whole.nll, atol=1e-6)


def test_a_bigram_forgets_the_prompt_and_gives_no_gradient():
    # p(b|a) = .8, p(a|b) = .5: after tail "a", "ba" costs -(ln .8 + ln .5) / 2 = 0.458145 whatever the prompt
    toy = ToyBigram([[0.2, 0.8], [0.5, 0.5]], "ab")
    around = Frame(np.zeros(0, np.int32), np.array([0]), np.array([1, 0]))
    np.testing.assert_allclose(read_candidates(toy, around, np.array([[0, 0], [1, 0]])).nll, [0.458145] * 2, atol=1e-6)
    with pytest.raises(TargetError, match="gives no gradient"):
        prompt_gradient(toy, around, np.array([0]))


def test_plain_tokens_are_those_of_ordinary_text():
    model = CausalLM(tiny_gpt(272, width=32, layers=1, seed=0), byte_tokenizer(bos=True))
    plain = plain_tokens(model)  # 256 bytes, 5 marks, 11 rows that no text uses
    assert plain[:256].all()
    assert not plain[256:].any()
