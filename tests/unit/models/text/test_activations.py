"""Hooks read what the model computes, change it exactly, and leave no trace, whatever the architecture."""

import copy

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model

from byheart.core.errors import TargetError, UsageError
from byheart.models.text.activations import head_contributions, reading, writing
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.sites import KINDS, Site, sites
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt

IDS = torch.randint(0, 256, (2, 12), generator=torch.Generator().manual_seed(3))


def only(*families):
    """The fixture `module` for these alone."""
    return pytest.mark.parametrize("module", families, indirect=True)


PARALLEL = {"gpt_neox", "phi", "cohere", "falcon_h1"}


@pytest.fixture(autouse=True)
def _no_grad():
    with torch.no_grad():
        yield


def logits(module, ids=IDS):
    return module(input_ids=ids).logits


def read(module, wanted, ids=IDS):
    with reading(module, wanted) as seen:
        module(input_ids=ids)
    return dict(seen)


def by_kind(module, layer):
    return {site.kind: site for site in sites(module) if site.layer == layer}


def shift(w, m0, alpha):
    return lambda h: h - alpha * ((h @ w - m0) / (w @ w))[..., None] * w


def direction(dim, seed=0):
    return torch.randn(dim, generator=torch.Generator().manual_seed(seed))


def adapted(module):
    names = ["q_proj", "o_proj", "down_proj"]
    wrapped = get_peft_model(module, LoraConfig(r=2, target_modules=names, init_lora_weights=False))
    return wrapped.eval()


def test_every_site_has_the_shape_it_says(module):
    family, found = module.config.model_type, sites(module)
    assert found[0] == Site(-1, "embed", module.get_input_embeddings().weight.shape[1])
    assert found[-1] == Site(1, "block", 32)
    assert len({site.address for site in found}) == len(found)
    for layer in (0, 1):
        kinds = [site.kind for site in found if site.layer == layer]
        assert kinds == [k for k in KINDS if k in kinds]
        assert {"input_norm", "attention_in", "attention_out", "mlp_norm", "up", "mlp_act", "mlp_out"} < set(kinds)
        assert ("post_attention" in kinds) == (family not in PARALLEL)
    for site, h in read(module, found).items():
        assert h.shape == (2, 12, site.dim), site.address
        assert site.dim % site.heads == 0
        assert Site.parse(f"{site.address}:3", module) == site


def test_changing_nothing_changes_no_bit(module):
    before = logits(module)
    with writing(module, {site: torch.clone for site in sites(module)}):
        assert torch.equal(logits(module), before)
    nothing = {site: shift(direction(site.dim), 0.3, 0.0) for site in sites(module)}
    with writing(module, nothing):
        assert torch.equal(logits(module), before)


def test_a_change_arrives_where_it_is_made_and_leaves_no_trace(module):
    before = logits(module)
    for site in sites(module):
        w = direction(site.dim)
        with writing(module, {site: shift(w, 0.25, 1.0)}), reading(module, [site]) as seen:
            changed = logits(module)
        np.testing.assert_allclose((seen[site] @ w / w.norm()).numpy(), 0.25 / float(w.norm()), atol=2e-4)
        assert not torch.equal(changed, before), site.address
        assert torch.equal(logits(module), before), site.address


@only("llama")
def test_an_error_inside_leaves_no_trace(module):
    before, everywhere = logits(module), {site: torch.zeros_like for site in sites(module)}
    with pytest.raises(IndexError), writing(module, everywhere):
        logits(module, IDS + 1000)
    with pytest.raises(UsageError, match="no site"), writing(module, {**everywhere, Site(9, "q", 4): torch.clone}):
        pass
    assert torch.equal(logits(module), before)


def test_the_shift_is_exact():
    # h' = h - a (w.h - m0) w / |w|^2 has w.h' = (1 - a) w.h + a m0
    module = tiny_gpt(272, seed=0)
    site = by_kind(module, 1)["mlp_act"]
    w, h = direction(site.dim), read(module, [site])[site]
    for alpha in (0.5, 1.0, 2.0):
        with writing(module, {site: shift(w, 0.7, alpha)}), reading(module, [site]) as seen:
            module(input_ids=IDS)
        torch.testing.assert_close(seen[site] @ w, (1 - alpha) * (h @ w) + alpha * 0.7, rtol=0, atol=1e-5)


@only("llama", "gpt2", "qwen3")
def test_readings_are_the_parts_of_a_serial_block(module):
    seen, first, second = read(module, sites(module)), by_kind(module, 0), by_kind(module, 1)
    middle = seen[first["block"]] + seen[second["attention_out"]]
    torch.testing.assert_close(seen[second["post_attention"]], middle)
    torch.testing.assert_close(seen[second["block"]], middle + seen[second["mlp_out"]])


@only("gpt_neox", "phi")
def test_readings_are_the_parts_of_a_parallel_block(module):
    seen, first, second = read(module, sites(module)), by_kind(module, 0), by_kind(module, 1)
    parts = seen[first["block"]] + seen[second["attention_out"]] + seen[second["mlp_out"]]
    torch.testing.assert_close(seen[second["block"]], parts)


@only("llama", "gpt2", "gemma2", "olmo2", "granite", "opt")
def test_the_middle_residual_is_what_the_second_half_reads(module):
    block = next(m for m in module.modules() if isinstance(m, torch.nn.ModuleList))[1]
    names = {"gpt2": "ln_2", "gemma2": "pre_feedforward_layernorm", "olmo2": "mlp", "opt": "final_layer_norm"}
    reader, met = getattr(block, names.get(module.config.model_type, "post_attention_layernorm")), []
    handle = reader.register_forward_pre_hook(lambda _, args: met.append(args[0].clone()))
    site = by_kind(module, 1)["post_attention"]
    seen = read(module, [site])[site]
    torch.testing.assert_close(seen.flatten(), met[0].flatten())
    with writing(module, {site: lambda h: h + 1}):
        module(input_ids=IDS)
    torch.testing.assert_close(met[1].flatten(), met[0].flatten() + 1)
    handle.remove()


def test_keys_of_zero_make_each_head_the_mean_of_its_values(module):
    # all scores are 0, so that token t weighs its t + 1 values alike; this tells keys, values and heads apart
    kinds = by_kind(module, 0)
    with writing(module, {kinds["k"]: torch.zeros_like}), reading(module, kinds.values()) as seen:
        module(input_ids=IDS)
    if module.config.model_type == "falcon_h1":
        assert kinds["v"].heads == 2
        return
    v = seen[kinds["v"]].unflatten(-1, (kinds["v"].heads, -1))
    means = v.cumsum(dim=1) / torch.arange(1, 13)[:, None, None]
    means = means.repeat_interleave(kinds["attention_in"].heads // kinds["v"].heads, dim=2)
    torch.testing.assert_close(seen[kinds["attention_in"]], means.flatten(-2), rtol=1e-4, atol=1e-4)


def test_heads_add_up_to_what_attention_says(module):
    kinds = by_kind(module, 1)
    with reading(module, [kinds["attention_in"], kinds["attention_out"]]) as seen:
        module(input_ids=IDS)
        parts = head_contributions(module, 1, seen[kinds["attention_in"]])  # does not disturb the reading
        whole = seen[kinds["attention_out"]]
    assert parts.shape == (2, 12, 4, 32)
    block = next(m for m in module.modules() if isinstance(m, torch.nn.ModuleList))[1]
    output = [m for name, m in block.named_modules() if name.endswith(("o_proj", "out_proj", "dense", "attn.c_proj"))]
    bias = 0 if output[0].bias is None else output[0].bias
    torch.testing.assert_close(parts.sum(dim=2) + bias, whole, rtol=1e-4, atol=1e-4)


@only("llama")
@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing")  # peft's, of transformers
def test_an_adapter_is_read_and_changed_like_the_model_it_makes(module):
    wrapped, merged = adapted(copy.deepcopy(module)), adapted(copy.deepcopy(module))
    merged.load_state_dict(wrapped.state_dict())
    merged = merged.merge_and_unload()
    assert sites(wrapped) == sites(module)
    theirs = read(merged, sites(merged))
    for site, h in read(wrapped, sites(wrapped)).items():
        torch.testing.assert_close(h, theirs[site], rtol=1e-3, atol=1e-3)
    before, site = logits(wrapped), by_kind(wrapped, 0)["attention_in"]
    with reading(wrapped, [site, by_kind(wrapped, 0)["attention_out"]]) as seen:
        wrapped(input_ids=IDS)
        parts = head_contributions(wrapped, 0, seen[site])
        torch.testing.assert_close(parts.sum(dim=2), seen[by_kind(wrapped, 0)["attention_out"]], rtol=1e-4, atol=1e-4)
    with writing(wrapped, {site: torch.zeros_like}), wrapped.disable_adapter():
        zeroed = logits(wrapped)
    with writing(module, {site: torch.zeros_like}):
        torch.testing.assert_close(zeroed, logits(module))
    assert torch.equal(logits(wrapped), before)


@only("llama", "gpt2", "gpt_neox")
def test_generation_with_a_cache_is_changed_as_without_one(module):
    model = CausalLM(module, byte_tokenizer())
    prompts = [np.arange(5, 17), np.arange(40, 47)]
    edits = {site: shift(direction(site.dim, 5), 0.3, 1.0) for site in sites(module) if site.kind in ("block", "k")}
    plain = model.generate(prompts, 12)
    with writing(module, edits):
        cached = model.generate(prompts, 12)
        ids = [p.tolist() for p in prompts]
        for row in ids:
            for _ in range(12):
                row.append(int(logits(module, torch.tensor([row]))[0, -1].argmax()))
    assert [row[-12:] for row in ids] == [c.tolist() for c in cached]
    assert any(p.tolist() != c.tolist() for p, c in zip(plain, cached, strict=True))


def test_nothing_is_kept_from_the_forward_before():
    module = tiny_gpt(272, seed=0).to(torch.bfloat16)
    kinds = by_kind(module, 0)
    with reading(module, [kinds["q"], kinds["block"]], dtype=torch.float32) as seen:
        assert dict(seen) == {}
        module(input_ids=IDS)
        first = seen[kinds["block"]]
        module(input_ids=IDS[:1, :5])
        assert {h.shape[:2] for h in seen.values()} == {(1, 5)}
        assert first.shape[:2] == (2, 12)
        assert first.dtype == torch.float32
        module.model.embed_tokens(IDS)  # the embedding is met, the rest is not
        assert dict(seen) == {}


def test_what_is_no_decoder_is_refused_by_name():
    import transformers as t

    encoder = t.BertModel(
        t.BertConfig(
            vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
            max_position_embeddings=16,
        )
    )  # fmt: skip
    with pytest.raises(TargetError, match="BertModel"):
        sites(encoder)
    with pytest.raises(UsageError, match=r"layers\.9\.block.*N from 0 to 1"):
        Site.parse("layers.9.block", tiny_gpt(272, seed=0))
