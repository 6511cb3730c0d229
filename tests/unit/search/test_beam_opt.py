"""BeamOpt against brute force, against a plain beam search, and its bookkeeping against the formula."""

import itertools

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from byheart.core.errors import UsageError
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.hunter import PromptHunter
from byheart.models.toy.tiny import tiny_gpt
from byheart.search.beam_opt import Beam, BeamOpt, _drawn
from byheart.search.port import Pair, Port

WORDS = [f"w{i}" for i in range(16)]
PAIR = Pair("a", "w1 w2", "w3 w4 w5")
FREE = {"n_tokens": 2, "temperature": 0.0, "repetition": 1.0}


def words():
    vocabulary = {w: i for i, w in enumerate([*WORDS, "<unk>"])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>")


@pytest.fixture(scope="module")
def port():
    return Port(CausalLM(tiny_gpt(17, width=32, layers=2, context=64, seed=3), words()))


@pytest.fixture(scope="module")
def hunter():
    return PromptHunter(tiny_gpt(17, width=32, layers=1, context=64, seed=4), words(), seed=0)


def test_with_all_beams_it_is_brute_force(port, hunter):
    """|V| = 16 and length 2: 256 prompts; the weight is so large that readability breaks ties only."""
    prompts = [f"{a} {b}" for a, b in itertools.product(WORDS, WORDS)]
    nll = port.nll([PAIR.context] * 256, prompts, [PAIR.continuation] * 256)
    found = BeamOpt(hunter, weight=1e9, beams=16, top_k=256, **FREE)(port, [PAIR], budget=10**9, seed=0)
    assert found.prompts == [prompts[int(np.argmin(nll))]]
    assert found.nll[0] == pytest.approx(nll.min(), abs=1e-6)


def test_without_weight_it_is_the_beam_search_of_the_frozen_hunter(port, hunter):
    log_p = {(): 0.0}
    for _ in range(3):  # a plain beam search, 4 wide
        wide = {}
        for ids, score in log_p.items():
            for v, s in enumerate(hunter.next_token(PAIR.context, [ids])[1][0].tolist()):
                wide[(*ids, v)] = score + s
        log_p = dict(sorted(wide.items(), key=lambda item: -item[1])[:4])
    best = max(log_p, key=log_p.get)
    search = BeamOpt(hunter, weight=0.0, beams=4, top_k=64, n_tokens=3, temperature=0.0, repetition=1.0)
    assert search(port, [PAIR], budget=10**9, seed=0).prompts == [hunter.text(best)]


def test_scores_add_up_to_the_formula(port, hunter):
    """S = log P_0(p | x) - weight * (L(p) - L(empty)), to 1e-5, though it was made of three steps."""
    rng, search = np.random.default_rng(0), BeamOpt(hunter, weight=20.0, beams=3, top_k=9, repetition=1.0)
    empty = float(port.nll([PAIR.context], [""], [PAIR.continuation])[0])
    beams = [Beam((), 0.0, empty)]
    for _ in range(3):
        beams = search._extended(beams, [PAIR], port, PAIR.context, rng)[:3]
    for beam in beams:
        log_p = sum(float(hunter.next_token(PAIR.context, [beam.ids[:i]])[1][0, beam.ids[i]]) for i in range(3))
        nll = float(port.nll([PAIR.context], [hunter.text(beam.ids)], [PAIR.continuation])[0])
        assert beam.nll == pytest.approx(nll, abs=1e-6)
        assert beam.score == pytest.approx(log_p - 20 * (nll - empty), abs=1e-5)


def test_one_prompt_for_all_lowers_the_mean(port, hunter):
    pairs = [PAIR, Pair("b", "w7", "w9 w10 w11")]
    prompts = [f"{a} {b}" for a, b in itertools.product(WORDS, WORDS)]
    nll = [port.nll([p.context for p in pairs], [q] * 2, [p.continuation for p in pairs]).mean() for q in prompts]
    text, mean = BeamOpt(hunter, weight=1e9, beams=16, top_k=256, **FREE).universal(port, pairs, budget=10**9, seed=0)
    assert text == prompts[int(np.argmin(nll))]
    assert mean == pytest.approx(min(nll), abs=1e-6)


def test_it_stays_near_its_budget_and_keeps_a_better_start(port, hunter):
    search = BeamOpt(hunter, n_tokens=8)
    before = port.tokens
    found = search(port, [PAIR], budget=300, seed=0)
    assert found.spent == port.tokens - before < 600  # a step that has begun is finished
    best = search(port, [PAIR], budget=10**6, seed=0)
    again = BeamOpt(hunter, n_tokens=1, top_k=1)(port, [PAIR], budget=10**6, seed=0, starts=best.prompts)
    assert again.prompts == best.prompts
    assert again.nll[0] == pytest.approx(best.nll[0], abs=1e-6)


def test_draws_without_replacement_follow_the_softmax():
    values = np.log(np.array([0.7, 0.2, 0.1]))
    rng = np.random.default_rng(0)
    second = [_drawn(values, 2, 1.0, rng)[1] for _ in range(6000)]
    # the likeliest comes first; the second is drawn 2:1 from the rest: 4000, sd 37
    assert abs(second.count(1) - 4000) < 150
    assert _drawn(values, 3, 0.0, rng) == [0, 1, 2]


def test_what_cannot_be_searched_is_refused(hunter):
    with pytest.raises(UsageError, match="at least 1"):
        BeamOpt(hunter, beams=0)


def test_the_global_chance_is_not_touched(port, hunter):
    torch.manual_seed(0)
    state = torch.get_rng_state()
    BeamOpt(hunter, n_tokens=2)(port, [PAIR], budget=10**5, seed=0)
    assert torch.equal(state, torch.get_rng_state())
