"""A tiny model learns what it is shown, where the loss is, and the same way each time."""

import numpy as np
import pytest
import torch

from byheart.core.errors import UsageError
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.train import batch_loss, train
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt


@pytest.fixture
def target():
    return CausalLM(tiny_gpt(272, width=32, layers=1, context=64, seed=0), byte_tokenizer())


def test_the_loss_is_the_mean_over_scored_tokens_and_padding_does_not_count(target):
    batch = [target.encode({"prompt": "ab", "completion": "cd"}), target.encode("efghijk")]
    expected = []
    for e in batch:
        ids = torch.from_numpy(e.ids).long()
        logp = torch.log_softmax(target.module(input_ids=ids[None]).logits[0, :-1], -1)
        expected += logp.gather(1, ids[1:, None])[torch.from_numpy(e.scored[1:])].flatten().tolist()
    assert len(expected) == 2 + 6
    assert float(batch_loss(target.module, batch).detach()) == pytest.approx(-np.mean(expected), rel=1e-5)


def test_a_text_shown_often_is_learned_by_heart(target):
    text = "the secret number is 4711"
    seen = []
    state = torch.random.get_rng_state()
    losses = train(
        target.module,
        [target.encode(text)],
        steps=80,
        batch_size=2,
        lr=1e-2,
        seed=0,
        callback=lambda step, loss: seen.append((step, loss)),
    )
    assert losses[-1] < 0.1 < 4 < losses[0]
    assert [step for step, _ in seen] == list(range(80))
    assert not target.module.training
    assert torch.equal(torch.random.get_rng_state(), state)
    prompt = target.encode(text[:-4]).ids
    assert target.decode(target.generate([prompt], 4)[0]) == "4711"


def test_the_same_seed_gives_the_same_model():
    def trained(seed):
        target = CausalLM(tiny_gpt(272, width=32, layers=1, seed=0), byte_tokenizer())
        return train(target.module, [target.encode(f"text {i}") for i in range(8)], epochs=2, batch_size=4, seed=seed)

    assert trained(0).size == 4
    assert np.array_equal(trained(0), trained(0))
    assert not np.array_equal(trained(0), trained(1))


def test_nothing_to_learn_from_is_refused(target):
    with pytest.raises(UsageError, match="0 records with a scored token"):
        train(target.module, [target.encode("a")], seed=0)
