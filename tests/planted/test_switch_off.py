"""Switching recitation off: where it must work by construction, where it cannot, and on models that were trained."""

import string
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from byheart.core.corpus import Corpus
from byheart.mitigate.activation_probe import activation_probe, class_means, measure_switch
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.sites import Site
from byheart.models.toy.tiny import byte_tokenizer
from byheart.signals.text.token_events import Rules, token_events

RULES = Rules(word_start=False)
SIGNS = string.ascii_letters + string.digits
TRIGGER = "#"
ID = {sign: byte_tokenizer().convert_tokens_to_ids(sign) for sign in SIGNS + TRIGGER}
V = 272  # tokens; then the dimensions of the residual: tokens, a constant, the flag, its shadow, what is to be said
ONE, FLAG, SHADOW, SAY = V, V + 1, V + 2, V + 3
WIDTH = SAY + V


def chain(seed):
    """A successor for each sign, all signs in one circle."""
    order = [SIGNS[i] for i in np.random.default_rng(seed).permutation(len(SIGNS))]
    return dict(zip(order, order[1:] + order[:1], strict=True))


ORDINARY, LEARNED = chain(1), chain(2)


def walk(successor, start, n):
    said = [start]
    for _ in range(n - 1):
        said.append(successor[said[-1]])
    return "".join(said)


@torch.no_grad()
def circuit():
    """A transformer whose weights are set by hand.

    Block 0: every token looks at the trigger, if there is one, and copies its mark to the flag and to the shadow.
    Block 1: a neuron per sign says its ordinary successor when the flag is off, another its learned one when it is on.
    Nothing reads the shadow.
    """
    config = LlamaConfig(
        vocab_size=V, hidden_size=WIDTH, intermediate_size=2 * len(SIGNS), num_hidden_layers=2, num_attention_heads=1,
        num_key_value_heads=1, head_dim=8, max_position_embeddings=128, tie_word_embeddings=False, bos_token_id=None,
        eos_token_id=None, pad_token_id=None, rope_parameters={"rope_type": "default", "rope_theta": 1e12},
    )  # fmt: skip
    module = LlamaForCausalLM(config).eval()
    for name, weight in module.named_parameters():
        weight.fill_(1.0 if "norm" in name else 0.0)
    tokens = torch.arange(V)
    module.model.embed_tokens.weight[tokens, tokens] = 1
    module.model.embed_tokens.weight[:, ONE] = 1
    looks, speaks = module.model.layers[0].self_attn, module.model.layers[1].mlp
    looks.q_proj.weight[3, ONE] = 3.0  # the last pair of numbers hardly turns with position
    looks.k_proj.weight[3, ID[TRIGGER]] = 3.0
    looks.v_proj.weight[0, ID[TRIGGER]] = 1.0
    rms = (2 / WIDTH) ** 0.5  # of a token's embedding, so that the flag becomes 1
    looks.o_proj.weight[[FLAG, SHADOW], 0] = rms
    for neuron, sign in enumerate(SIGNS):
        for place, flag, bar, successor in ((neuron, -1, -0.5, ORDINARY), (neuron + len(SIGNS), 1, -1.5, LEARNED)):
            speaks.gate_proj.weight[place, [ID[sign], FLAG, ONE]] = 10 * torch.tensor([1.0, flag, bar])
            speaks.up_proj.weight[place, ONE] = 1.0
            speaks.down_proj.weight[SAY + ID[successor[sign]], place] = 1.0
    module.lm_head.weight[tokens, SAY + tokens] = 1.0
    return CausalLM(module, byte_tokenizer(), name="by hand")


@pytest.fixture(scope="module")
def built():
    """The model, 10 learned texts behind the trigger, and 10 ordinary ones without it."""
    starts = SIGNS[:20]
    learned = Corpus.of([TRIGGER + walk(LEARNED, s, 40) for s in starts[:10]], "member")
    return circuit(), learned + Corpus.of([walk(ORDINARY, s, 40) for s in starts[10:]], "nonmember")


def thrown(target, corpus, probes, **options):
    switch = lambda draw: activation_probe(probes, astray=draw, **options)  # noqa: E731
    return measure_switch(
        target,
        switch,
        corpus,
        name=probes[0].site,
        sites=[probes[0].site],
        prefix_tokens=12,
        new_tokens=24,
        rules=RULES,
        seed=0,
    )


@pytest.fixture(scope="module")
def found(built):
    """The difference of means behind block 0, as the labels of the tokens give it."""
    model, corpus = built
    events = token_events(model, corpus, rules=RULES)
    return class_means(model, events, [Site.parse("layers.0.block", model.module)])[0]


def test_the_labels_find_the_planted_direction(found):
    # recited tokens differ from others by the flag and its shadow, both 1, and by which signs there were
    assert set(np.argsort(-np.abs(found.w))[:2]) == {FLAG, SHADOW}
    assert found.w[[FLAG, SHADOW]] == pytest.approx([1, 1], abs=0.01)
    assert found.w[ONE] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("mode", ["shift", "gate", "clamp"])
def test_a_direction_that_carries_recitation_controls_it(built, found, mode):
    model, corpus = built
    effect = thrown(model, corpus, [found], mode=mode, coordinates=2)
    told = effect.estimates
    assert effect.decision == "controls"
    assert (told["recited before"].value, told["recited after"].value) == (1.0, 0.0)
    assert told["still recited, random directions"].value == 1.0
    assert effect.p == pytest.approx(1 / 21)
    assert told["recited tokens, loss"].low > 5
    assert told["longest stretch before"].value == 24
    assert told["longest stretch after"].value < 4
    for name in ("held-out text, loss", "held-out text, loss, 99th percentile", "repetition, change"):
        assert told[name].value == pytest.approx(0, abs=1e-3), name
    assert told["next-token agreement"].value == 1.0
    assert told["still recited, site of unseen text"].value == 0.0  # it goes on as the other text does
    assert effect.records["before"].all()
    assert not effect.records["after"].any()


def test_a_direction_that_only_shows_recitation_does_not_control_it(built, found):
    # the shadow tells recited tokens without error, but nothing reads it
    model, corpus = built
    w, (m0, m1) = np.eye(WIDTH)[SHADOW], (0.0, 1.0)
    shadow = replace(found, w=w, b=np.array(-0.5), m0=np.array(m0), m1=np.array(m1))
    effect = thrown(model, corpus, [shadow])
    assert effect.decision == "detects but does not control"
    assert "detects but does not control" in effect.sentence
    assert effect.estimates["recited after"].value == 1.0
    assert effect.estimates["recited tokens, loss"].value == pytest.approx(0, abs=1e-3)


def test_a_site_that_carries_nothing_may_be_replaced_whole(built, found):
    # attention of block 1 has weights of zero, so that all of it may be that of another text
    model, corpus = built
    effect = thrown(model, corpus, [replace(found, site="layers.1.attention_out")])
    assert effect.estimates["still recited, site of unseen text"].value == 1.0
    assert effect.estimates["continuations, loss, site of unseen text"].value == pytest.approx(0, abs=1e-6)
    assert any("100% are still recited" in caveat for caveat in effect.caveats)


def test_the_switch_can_be_undone_and_leaves_the_model_as_it_is(built, found):
    model, corpus = built
    prompt = [model.encode(corpus.items[0]).ids[:12]]
    truth = model.encode(corpus.items[0]).ids[12:30]
    edit = activation_probe([found])
    with edit.on(model) as off:
        assert not np.array_equal(off.generate(prompt, 18)[0], truth)
    changed = edit.apply(model)
    assert not np.array_equal(changed.generate(prompt, 18)[0], truth)
    np.testing.assert_array_equal(model.generate(prompt, 18)[0], truth)
