"""Changes of one activation by hand, the changed model from outside, and what is decided from which numbers."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model

from byheart.core.corpus import Corpus
from byheart.core.errors import TargetError, TooFewRecords, UsageError
from byheart.core.verdict import Estimate
from byheart.localize._activation_probe.probe import Probe
from byheart.mitigate._activation_probe.change import Astray, Clamp, Shift, drawn_direction, heaviest
from byheart.mitigate._proof.best_guesses import best_guesses
from byheart.mitigate._proof.estimates import mean_of, over_draws, percentile_of, share_of
from byheart.mitigate._proof.weighing import Bars, decide
from byheart.mitigate.activation_probe import activation_probe, measure_switch
from byheart.models.text.activations import reading
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.sites import sites
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.signals.text.forced import forced
from byheart.stats.permutation import permuted

W = torch.tensor([3.0, 4.0])


@pytest.fixture(autouse=True)
def _no_grad():
    with torch.no_grad():
        yield


@pytest.fixture
def model():
    module = tiny_gpt(261, width=32, layers=2, context=96, seed=3)
    for w in module.model.layers.parameters():  # far enough from zero for unlike logits
        if w.dim() > 1:
            w.mul_(8.0)
    return CausalLM(module, byte_tokenizer(), name="tiny")


def probe_at(site, seed=0, **changes):
    w = np.random.default_rng(seed).normal(size=site.dim)
    zero, one = np.zeros(site.dim), np.ones(site.dim)
    made = Probe(site.address, w, np.array(0.1), zero + 0.2, np.array(0.3), np.array(0.9), zero, one)
    return replace(made, **changes)


def at(model, address):
    return next(s for s in sites(model.module) if s.address == address)


def ids_of(n):
    return torch.randint(0, 250, (2, n), generator=torch.Generator().manual_seed(n))


def logits(model, ids):
    return model.logits(model.hidden(ids).flatten(0, 1))


# ---- one activation


def test_shift_by_hand():
    # h = (1, 2): w.h = 11, |w|^2 = 25, m0 = 1; h' = h - (10 / 25) (3, 4) = (-0.2, 0.4), and w.h' = 1
    # half of the way: h' = (0.4, 1.2), and w.h' = 6
    h = torch.tensor([[1.0, 2.0]])
    torch.testing.assert_close(Shift(W, 0.0, 1.0, 1.0)(h), torch.tensor([[-0.2, 0.4]]))
    torch.testing.assert_close(Shift(W, 0.0, 1.0, 0.5)(h), torch.tensor([[0.4, 1.2]]))
    assert torch.equal(Shift(W, 0.0, 1.0, 0.0)(h), h)


def test_a_gate_opens_where_the_probe_says_recited():
    # w.h + b of (1, 2) is 11 - 5 > 0; of (1, 0) it is 3 - 5 < 0, so that stays
    h = torch.tensor([[1.0, 2.0], [1.0, 0.0]])
    moved = Shift(W, -5.0, 1.0, 1.0, gated=True)(h)
    torch.testing.assert_close(moved, torch.tensor([[-0.2, 0.4], [1.0, 0.0]]))


def test_clamp_by_hand():
    # coordinates 0 and 2 go to 5 and 7, half of the way from 1 and 3: (3, 2, 5)
    h = torch.tensor([[1.0, 2.0, 3.0]])
    places, values = torch.tensor([0, 2]), torch.tensor([5.0, 7.0])
    assert Clamp(places, values, 1.0)(h).tolist() == [[5.0, 2.0, 7.0]]
    assert Clamp(places, values, 0.5)(h).tolist() == [[3.0, 2.0, 5.0]]
    assert h.tolist() == [[1.0, 2.0, 3.0]]


def test_the_heaviest_coordinates_are_so_in_units_of_their_spread():
    # |w| scale = 1 * 1, 3 * 0.1, 2 * 2, 0.5 * 4: places 2 and 3
    made = Probe("", np.array([1.0, -3.0, -2.0, 0.5]), *[np.zeros(4)] * 5, scale=np.array([1.0, 0.1, 2.0, 4.0]))
    assert heaviest(made, 2).tolist() == [2, 3]


@pytest.mark.parametrize("change", [Shift(W, 0.0, 1.0, 1.5), Clamp(torch.tensor([1]), torch.tensor([0.5]), 1.0)])
def test_the_control_goes_as_far_in_the_direction_that_was_drawn(change):
    drawn, h = drawn_direction(2, np.random.default_rng(0)), torch.randn(50, 2)
    assert drawn.norm() == pytest.approx(1)
    moved, control = change(h) - h, Astray(change, W, drawn)(h) - h
    torch.testing.assert_close(control.norm(dim=1), moved.norm(dim=1), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(control, (control @ drawn)[:, None] * drawn, rtol=1e-4, atol=1e-5)
    assert torch.equal(torch.sign(control @ drawn), torch.sign(moved @ W))


# ---- the changed model


@pytest.mark.parametrize("mode", ["shift", "gate", "clamp"])
def test_nothing_of_the_way_changes_no_bit(model, mode):
    ids = ids_of(9)
    before = logits(model, ids)
    edit = activation_probe([probe_at(s) for s in sites(model.module)], mode=mode, alpha=0.0)
    assert torch.equal(logits(edit.apply(model), ids), before)
    with edit.on(model) as during:
        assert torch.equal(logits(during, ids), before)


@pytest.mark.parametrize("mode", ["shift", "gate", "clamp"])
def test_the_changed_model_leaves_the_first_as_it_is(model, mode):
    ids = ids_of(9)
    before, edit = logits(model, ids), activation_probe([probe_at(at(model, "layers.0.block"))], mode=mode)
    changed = edit.apply(model)
    after = logits(changed, ids)
    assert not torch.equal(after, before)
    assert torch.equal(logits(model, ids), before)
    with edit.on(model) as during:
        assert torch.equal(logits(during, ids), after)
        assert during.digest == changed.digest != model.digest
    assert torch.equal(logits(model, ids), before)
    with edit.on(model.module) as bare:
        torch.testing.assert_close(bare(input_ids=ids).logits.flatten(0, 1), after)
    torch.testing.assert_close(model.module(input_ids=ids).logits.flatten(0, 1), before)


def test_after_the_shift_the_probe_reads_what_is_not_recited(model):
    probe = probe_at(at(model, "layers.1.mlp_act"))
    with activation_probe([probe]).on(model), reading(model.module, [at(model, "layers.1.mlp_act")]) as seen:
        model.hidden(ids_of(9))
        (h,) = seen.values()
    np.testing.assert_allclose(h.numpy() @ probe.w, 0.3, atol=1e-5)


def test_the_changed_model_generates_as_it_reads(model):
    changed = activation_probe([probe_at(s) for s in sites(model.module) if s.kind == "block"]).apply(model)
    prompt = np.arange(20, 32, dtype=np.int32)
    ids = prompt.tolist()
    for _ in range(10):
        ids.append(int(changed.logits(changed.hidden(torch.tensor([ids]))[0, -1:]).argmax()))
    assert changed.generate([prompt], 10)[0].tolist() == ids[12:]
    assert model.generate([prompt], 10)[0].tolist() != ids[12:]
    prefix = changed.read_prefix(prompt[:7])
    whole = changed.hidden(torch.tensor(prompt[None]))[:, 7:]
    torch.testing.assert_close(changed.hidden(torch.tensor(prompt[None, 7:]), prefix=prefix), whole)


def test_the_changed_model_travels_to_another_process(model):
    edit = activation_probe([probe_at(at(model, "layers.0.block"))], mode="clamp", coordinates=3)
    changed, ids = edit.apply(model), ids_of(6)
    there = pickle.loads(pickle.dumps(changed.opener))()
    assert there.digest == changed.digest
    assert torch.equal(logits(there, ids), logits(changed, ids))
    assert getattr(changed, "module", None) is None  # a gradient would be that of the unchanged model
    assert changed.base() is None
    other = activation_probe([probe_at(at(model, "layers.0.block"))], mode="clamp", coordinates=4).apply(model)
    assert other.digest != changed.digest


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing")  # peft's, of transformers
def test_an_adapter_is_switched_and_its_base_is_not():
    module = tiny_gpt(261, width=32, layers=2, context=96, seed=3)
    plain = CausalLM(tiny_gpt(261, width=32, layers=2, context=96, seed=3), byte_tokenizer())
    wrapped = get_peft_model(module, LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False))
    model, ids = CausalLM(wrapped, byte_tokenizer()), ids_of(7)
    changed = activation_probe([probe_at(at(model, "layers.0.block"))]).apply(model)
    assert not torch.equal(logits(changed, ids), logits(model, ids))
    with changed.base() as base:
        torch.testing.assert_close(logits(base, ids), logits(plain, ids))


def test_half_precision_is_changed_in_single(model):
    model.module.to(torch.bfloat16)
    probe = probe_at(at(model, "layers.0.block"))
    with activation_probe([probe]).on(model), reading(model.module, [at(model, "layers.0.block")]) as seen:
        model.hidden(ids_of(9))
        (h,) = seen.values()
    assert h.dtype == torch.bfloat16
    # bfloat16 keeps 8 bits: each number is off by at most 2^-9 of itself
    slack = (h.float().abs().numpy() @ np.abs(probe.w)) / 2**8
    assert (np.abs(h.float().numpy() @ probe.w - 0.3) <= slack + 1e-5).all()


def test_a_switch_without_meaning_is_refused(model):
    probe = probe_at(at(model, "layers.0.block"))
    for options in ({"mode": "erase"}, {"alpha": float("nan")}, {"coordinates": 0}):
        with pytest.raises(UsageError):
            activation_probe([probe], **options)
    for probes in ([], [probe, probe]):
        with pytest.raises(UsageError, match="one probe for each site"):
            activation_probe(probes)
    with pytest.raises(UsageError, match="another model"):
        activation_probe([replace(probe, w=np.ones(5))]).apply(model)
    with pytest.raises(UsageError, match="no site"):
        activation_probe([replace(probe, site="layers.7.block")]).apply(model)
    with pytest.raises(TargetError, match="open its weights"):
        activation_probe([probe]).apply(object())


# ---- numbers


def test_best_guesses_are_those_of_a_plain_pass(model):
    texts = ["once upon a time", "x", "a longer text " * 12]  # the last is longer than the context
    found = best_guesses(model, Corpus.of(texts, "member"))
    ids = torch.from_numpy(model.encode(texts[0]).ids[None].astype(np.int64))
    assert found[0][0] == -1
    assert found[0][1:].tolist() == model.module(input_ids=ids).logits[0, :-1].argmax(dim=1).tolist()
    assert found[1].tolist() == [-1]
    assert (found[2][1:] >= 0).all()


def test_percentile_by_hand():
    # of 1, ..., 100 the 99th percentile is 99: 99 of them are no larger
    values = np.random.default_rng(0).permutation(np.arange(1.0, 101))
    e = percentile_of(values, np.arange(100), 99, "nats", 0)
    assert (e.value, e.n) == (99.0, 100)
    assert 90 < e.low <= 99 <= e.high <= 100
    assert percentile_of(values, np.zeros(100), 50, "nats", 0).value == 50.0
    assert percentile_of(values, np.zeros(100), 50, "nats", 0).low is None
    # 20 groups of copies are worth 20 numbers, not 1000
    wide, narrow = (percentile_of(np.arange(1000.0) // k * k, np.arange(1000) // k, 50, "", 0) for k in (50, 1))
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)


def test_numbers_of_nothing_are_none():
    none = np.zeros(0)
    for e in (mean_of(none, none, "", 0), share_of(none, none, ""), percentile_of(none, none, 99, "", 0)):
        assert (e.value, e.low, e.n) == (None, None, 0)
    e = over_draws(np.array([1.0, 2.0, 6.0]), "")
    assert (e.value, e.low, e.high, e.n) == (3.0, 1.0, 6.0, 3)
    one = over_draws(np.array([2.0]), "")
    assert (one.value, one.low, one.high, one.n) == (2.0, None, None, 1), "one draw has no spread"


def told(value, low=None, high=None, n=30):
    return Estimate(value, value if low is None else low, value if high is None else high, n, "", "")


GOOD = {
    "recited before": told(0.8), "recited after": told(0.1), "recited, change": told(-0.7, -0.9, -0.5),
    "continuations, loss, beyond random": told(2.0, 1.5, 2.5), "still recited, random directions": told(1.0, n=20),
    "held-out text, loss": told(0.01, -0.01, 0.03), "repetition, change": told(-0.01, -0.02, 0.0),
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "p", "n_known", "decision"),
    [
        ({}, 1 / 21, 30, "controls"),
        ({"recited after": told(0.41)}, 1 / 21, 30, "detects but does not control"),  # half of 0.8 is 0.4
        ({"recited after": told(0.39)}, 1 / 21, 30, "controls"),
        ({"recited, change": told(-0.7, -0.9, 0.1)}, 1 / 21, 30, "detects but does not control"),
        ({"continuations, loss, beyond random": told(0.1, -0.1, 0.3)}, 1 / 21, 30, "detects but does not control"),
        ({}, 2 / 21, 30, "detects but does not control"),
        ({"held-out text, loss": told(0.06, 0.05, 0.07)}, 1 / 21, 30, "costs too much"),
        ({"repetition, change": told(-0.06, -0.07, -0.05)}, 1 / 21, 30, "costs too much"),
        ({"held-out text, loss": told(0.01, -0.06, 0.06)}, 1 / 21, 30, "inconclusive"),
        ({"repetition, change": told(-0.01, -0.06, 0.04)}, 1 / 21, 30, "inconclusive"),
        ({"repetition, change": told(-0.049, -0.05, 0.0)}, 1 / 21, 30, "controls"),  # no more than is allowed
        ({"held-out text, loss": told(None)}, 1 / 21, 30, "inconclusive"),
        ({}, 1 / 21, 4, "inconclusive"),
        ({}, None, 30, "inconclusive"),
    ],
)
def test_what_is_decided(changes, p, n_known, decision):
    found, sentence, caveats = decide({**GOOD, **changes}, p, n_known=n_known, name="layers.1.block", bars=Bars())
    assert found == decision
    assert "layers.1.block" in sentence
    assert bool(caveats) == (decision != "controls")


def test_too_few_directions_are_told():
    found, _, caveats = decide(
        {**GOOD, "still recited, random directions": told(1.0, n=9)}, 0.1, n_known=30, name="x", bars=Bars()
    )
    assert found == "detects but does not control"
    assert "9 random directions cannot give a p of 0.05; take more." in caveats


def test_p_is_uniform_when_the_direction_was_drawn_apart_from_the_distance(model):
    """The null it is made for: the switch is itself a drawn direction. p <= 0.2 in 20 % of 60 trials: 3 to 21 of them.

    Of a binomial law of 60 trials at 0.2 less than one in a thousand lies outside.
    """
    rng = np.random.default_rng(0)
    prompts = [rng.integers(0, 250, 10) for _ in range(6)]
    said = model.generate(prompts, 10)
    site = at(model, "layers.0.block")

    def rise(trial, draw):
        edit = activation_probe([probe_at(site, trial, m0=np.array(2.0))], astray=draw, seed=trial)
        with edit.on(model) as there:
            return -forced(there, prompts, said)["logprob"].values.mean()

    p = [permuted(rise(t, 99), np.array([rise(t, k) for k in range(4)]), exact=False).p for t in range(60)]
    assert set(np.round(p, 6)) == {0.2, 0.4, 0.6, 0.8, 1.0}
    assert 3 <= sum(x <= 0.2 for x in p) <= 21


def test_without_held_out_text_the_cost_is_not_known(model):
    texts = [f"{w} stood by the old {w} and said nothing of it" for w in ("river", "lamp", "stone")]
    probe = probe_at(at(model, "layers.0.block"))
    effect = measure_switch(
        model, lambda draw: activation_probe([probe], astray=draw), Corpus.of(texts, "member"), name="x", n_random=2
    )
    assert effect.decision == "inconclusive"
    assert not any("held-out" in name for name in effect.estimates)
    assert effect.p is None
    with pytest.raises(TooFewRecords, match="cut in two"):
        measure_switch(model, lambda draw: activation_probe([probe]), Corpus.of(["a"], "member"), name="x")
