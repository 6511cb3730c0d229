"""How a copy of a model is taught: at which rate, what, and who cannot be."""

import numpy as np
import pytest
import torch

from byheart.mitigate._proof.lessons import Relearning
from byheart.mitigate._proof.relearning import rate, relearned, why_not
from byheart.models.text.causal_lm import CausalLM
from byheart.models.toy.memorizers import Memorizer
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt


@pytest.fixture(scope="module")
def model():
    return CausalLM(tiny_gpt(272, width=32, layers=1, context=64, seed=0), byte_tokenizer(), name="tiny")


def taught(model, prompts, **how):
    with relearned(model, model, None, prompts, Relearning(**how), seed=0) as student:
        return torch.cat([w.detach().flatten() for w in student.module.parameters()])


PROMPTS = [np.arange(20, 40, dtype=np.int32), np.array([7], np.int32)]  # the second teaches nothing


def test_small_models_are_taught_faster():
    assert (rate(10_000_000), rate(10_000_001)) == (3e-4, 5e-5)
    assert Relearning() == Relearning(steps=20, lr=None, batch_size=8)


def test_without_a_rate_it_is_that_of_its_size(model):
    plain = taught(model, PROMPTS, steps=2)
    assert torch.equal(plain, taught(model, PROMPTS, steps=2, lr=3e-4))
    assert not torch.equal(plain, taught(model, PROMPTS, steps=2, lr=5e-5))
    assert torch.equal(plain, taught(model, PROMPTS[:1], steps=2))


def test_lessons_are_learned(model):
    ids = torch.from_numpy(PROMPTS[0][None].astype(np.int64))
    with relearned(model, model, None, PROMPTS, Relearning(steps=20, lr=3e-3), seed=0) as student:
        before, after = (m.module(input_ids=ids, labels=ids).loss.item() for m in (model, student))
    assert after < before - 1


def test_who_cannot_be_taught_is_told(model):
    assert why_not(model) == ""
    assert "cannot be reached" in why_not(Memorizer(["abc"]))
    rounded = CausalLM(tiny_gpt(272, width=32, layers=1, context=64, seed=0), byte_tokenizer())
    rounded.module.extra = torch.nn.Parameter(torch.zeros(3, dtype=torch.int8), requires_grad=False)
    assert why_not(rounded) == "Not measured: quantised weights cannot be trained."
