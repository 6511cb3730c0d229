import numpy as np
import pytest
import torch

from byheart.core.errors import DataError
from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.integrations.watching import recited, watch
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.train import train


def test_a_secret_is_recited_when_every_token_of_it_is_the_likeliest():
    """Row 0: secret tokens 1, 2 with gaps 0.5, 0.1: recited. Row 1: a gap of 0 is a tie, not recited. Row 2: the miss
    is outside the secret: recited. Row 3: no secret. Row 4: the secret's miss is where no loss is, and is not asked.
    """
    gap = [[-1.0, 0.5, 0.1], [1.0, 1.0, 0.0], [-2.0, 3.0, -4.0], [1.0, 1.0, 1.0], [1.0, -1.0, 2.0]]
    secret = [[0, 1, 1], [0, 1, 1], [0, 1, 0], [0, 0, 0], [0, 1, 1]]
    scored = [[0, 1, 1], [0, 1, 1], [0, 1, 1], [0, 1, 1], [0, 0, 1]]
    names = np.array([str(i) for i in range(5)], dtype=object)
    arrays = {"gap": Ragged.of(gap), "secret": Ragged.of(secret, np.uint8), "scored": Ragged.of(scored, np.uint8)}
    assert recited(Signals(names, names, names, arrays)).tolist() == [True, False, True, False, True]


def test_an_untrained_model_knows_nothing_and_a_trained_one_all(model, tokenizer, planted):
    """With 63 twins exposure is at most log2(64) = 6. Untrained, 2^-exposure is uniform on k/64, so that the mean of 4
    exposures is above 4.5 in fewer than 1 of 500 seeds (a sum of 4 exponentials of mean 1.44 above 18 bits).
    """
    before = watch(model, tokenizer, planted.manifest, seed=0)
    assert set(before) == {"byheart_exposure_mean", "byheart_exposure_x1", "byheart_exposure_x16", "byheart_extracted"}
    assert before["byheart_exposure_mean"] < 4.5
    assert before["byheart_extracted"] == 0
    target = CausalLM(model, tokenizer)
    train(model, [target.encode(c.text) for c in planted.manifest.planted], steps=150, batch_size=4, lr=3e-3, seed=0)
    after = watch(model, tokenizer, planted.manifest, seed=0)
    assert after["byheart_exposure_mean"] == 6
    assert after["byheart_extracted"] == 1


def test_the_model_comes_back_as_it_was(model, tokenizer, planted):
    model.train()
    model.model.layers[0].eval()  # a part that somebody froze
    modes = [m.training for m in model.modules()]
    weights = {k: v.clone() for k, v in model.state_dict().items()}
    chance = torch.get_rng_state()
    watch(model, tokenizer, planted.manifest, seed=0)
    assert [m.training for m in model.modules()] == modes
    assert torch.equal(torch.get_rng_state(), chance)
    assert all(torch.equal(v, weights[k]) for k, v in model.state_dict().items())
    assert all(w.grad is None for w in model.parameters())
    assert all(w.requires_grad for w in model.parameters())


def test_every_layout_is_scored(model, tokenizer, planted):
    told = [watch(model, tokenizer, planted.manifest, seed=0, layout=name) for name in ("text", "chat", "prompt")]
    assert len({t["byheart_exposure_mean"] for t in told}) > 1  # other words before the secret, other ranks


def test_secrets_without_loss_are_refused(model, tokenizer, planted):
    from dataclasses import replace

    turned = tuple(replace(c, text=c.question, question=c.text) for c in planted.manifest.canaries)
    with pytest.raises(DataError, match=r"4 canaries cannot be ranked \(first: canary-random-.*layout"):
        watch(model, tokenizer, replace(planted.manifest, canaries=turned), seed=0, layout="chat")
