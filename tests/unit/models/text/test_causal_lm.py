"""The adapter gives what the model itself gives, for many architectures."""

import numpy as np
import pytest
import torch

from byheart.core.errors import TargetError
from byheart.models.text.causal_lm import CausalLM, load_text_model
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt


@pytest.fixture(autouse=True)
def _no_grad():
    with torch.no_grad():
        yield


@pytest.fixture
def target(module, tokenizer):
    return CausalLM(module, tokenizer)


def ids_of(rows, tokens):
    return torch.randint(0, 256, (rows, tokens), generator=torch.Generator().manual_seed(3))


def test_two_halves_make_the_whole(target):
    ids = ids_of(3, 20)
    expected = target.module(input_ids=ids).logits
    got = target.logits(target.hidden(ids).flatten(0, 1)).reshape(expected.shape)
    assert expected.std() > 0.1
    torch.testing.assert_close(got, expected.float(), rtol=1e-5, atol=1e-5)


def test_only_a_model_that_cannot_be_cut_is_used_whole(target):
    assert target.halves.whole == (target.module.config.model_type == "falcon_h1")


def test_a_shared_prefix_equals_concatenation_and_stays_as_it_was(target):
    # 30 tokens of prefix are more than the sliding window of 16 that two of the models have.
    ids, context = ids_of(3, 20), np.arange(40, 70)
    whole = torch.cat([torch.from_numpy(context).expand(3, -1), ids], dim=1)
    expected = target.module(input_ids=whole).logits[:, 30:]
    prefix = target.read_prefix(context)
    for _ in range(2):
        got = target.logits(target.hidden(ids, prefix=prefix).flatten(0, 1)).reshape(expected.shape)
        torch.testing.assert_close(got, expected.float(), rtol=1e-5, atol=1e-5)


def test_greedy_generation_takes_the_likeliest_token_one_by_one(target):
    prompt = np.arange(60, 72)
    ids = prompt.tolist()
    for _ in range(5):
        ids.append(int(target.module(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
    assert target.generate([prompt], 5)[0].tolist() == ids[12:]


def test_a_prompt_goes_on_in_a_batch_as_it_does_alone(target):
    prompts = [np.arange(60, 60 + n) for n in (5, 12, 3)]
    for options in ({}, {"temperature": 1.0, "top_k": 50, "top_p": 0.95, "seeds": [1, 2, 3]}):
        together = target.generate(prompts, 6, **options)
        for i, prompt in enumerate(prompts):
            alone = target.generate([prompt], 6, **{**options, **({"seeds": [i + 1]} if options else {})})
            assert alone[0].tolist() == together[i].tolist()


def llama(**options):
    return CausalLM(tiny_gpt(272, width=32, seed=0), byte_tokenizer(**options))


def test_sampling_follows_the_model():
    target, prompt = llama(), np.array([65, 66])
    p = torch.softmax(target.module(input_ids=torch.tensor([[65, 66]])).logits[0, -1] / 0.05, -1)
    drawn = np.array(target.generate([prompt] * 1000, 1, temperature=0.05, seeds=range(1000)))[:, 0]
    # 1,000 draws: the standard error is below 0.016; 4.5 of them are exceeded with a chance below 1e-5 per token.
    for token in p.topk(3).indices.tolist():
        assert abs((drawn == token).mean() - float(p[token])) < 0.07


def test_settings_saved_with_the_model_do_not_count():
    target, prompt = llama(), np.array([65, 66, 67])
    before = target.generate([prompt], 8)[0].tolist()
    settings = target.module.generation_config
    settings.repetition_penalty, settings.eos_token_id, settings.max_length = 5.0, before[2], 4
    assert target.generate([prompt], 8)[0].tolist() == before
    assert target.module.generation_config is settings


def test_the_digest_follows_weights_and_tokenizer():
    first, again, other = llama(), llama(), CausalLM(tiny_gpt(272, width=32, seed=1), byte_tokenizer())
    assert first.digest == again.digest
    assert len({first.digest, other.digest, llama(bos=True).digest}) == 3


def test_a_live_pair_is_taken_as_it_is_and_opens_again():
    module = tiny_gpt(272, width=32, seed=0).train()
    target = load_text_model((module, byte_tokenizer()))
    assert target.module is module
    assert not module.training
    assert target.opener().digest == target.digest


def test_a_tokenizer_with_more_ids_than_the_model_is_refused():
    with pytest.raises(TargetError, match=r"ids go up to 260, the model knows 0 to 99"):
        CausalLM(tiny_gpt(100, width=32, seed=0), byte_tokenizer())
