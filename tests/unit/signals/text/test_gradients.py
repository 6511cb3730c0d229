"""The gradient's norm is that of plain backpropagation, and the model is left as it was."""

import numpy as np
import pytest
import torch

from byheart.core.corpus import Corpus
from byheart.core.errors import TargetError
from byheart.models.text.causal_lm import CausalLM
from byheart.models.toy.bigram import ToyBigram
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.signals.text.gradients import gradient_norm


@pytest.fixture
def target():
    return CausalLM(tiny_gpt(272, width=32, context=64, seed=0), byte_tokenizer())


def test_plain_backpropagation_says_the_same(target):
    found = gradient_norm(target, Corpus.of(["Some text.", "Other words", "a"], "member"))
    for i, text in enumerate(["Some text.", "Other words"]):
        ids = torch.from_numpy(target.encode(text).ids).long()[None]
        target.module.zero_grad()
        target.module(input_ids=ids, labels=ids).loss.backward()
        norms = [float(w.grad.norm()) for w in target.module.parameters()]
        target.module.zero_grad()
        assert found["gradient_norm"][i] == pytest.approx(np.linalg.norm(norms), rel=1e-5)
        assert found["gradient_norm_mean"][i] == pytest.approx(np.mean(norms), rel=1e-5)
    assert np.isnan(found["gradient_norm"][2])


def test_a_long_text_is_the_mean_over_its_tokens(target):
    # 100 equal letters, 64 at once: the sum of both windows' gradients over 99 tokens is finite and not tiny.
    found = gradient_norm(target, Corpus.of(["ab" * 50], "member"))
    assert 0.01 < found["gradient_norm"][0] < 100


def test_mode_flags_and_gradients_are_left_as_they_were(target):
    target.module.train()
    for w in target.module.parameters():
        w.requires_grad_(False)
    assert gradient_norm(target, Corpus.of(["Some text."], "member"))["gradient_norm"][0] > 0
    assert target.module.training
    assert not any(w.requires_grad for w in target.module.parameters())
    assert all(w.grad is None for w in target.module.parameters())


def test_a_model_without_weights_is_refused():
    with pytest.raises(TargetError, match="shows no weights"):
        gradient_norm(ToyBigram([[1.0]], "a"), Corpus.of(["aa"], "member"))
