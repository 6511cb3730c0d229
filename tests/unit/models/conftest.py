"""Tiny random models of many architectures, and a table with everything that goes wrong."""

import numpy as np
import pandas as pd
import pytest
import torch
import transformers as t

from byheart.core.schema import Column, Schema
from byheart.models.toy.tiny import byte_tokenizer

SIZE = {
    "vocab_size": 272,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 96,
    "pad_token_id": None,
    "bos_token_id": None,
    "eos_token_id": None,
}
NO_GROUPS = {k: v for k, v in SIZE.items() if k != "num_key_value_heads"}
GPT2 = {
    "vocab_size": 272,
    "n_embd": 32,
    "n_layer": 2,
    "n_head": 4,
    "n_positions": 96,
    "bos_token_id": None,
    "eos_token_id": None,
}
CONFIGS = {
    "llama": lambda: t.LlamaConfig(**SIZE),
    "gpt2": lambda: t.GPT2Config(**GPT2),
    "gemma2": lambda: t.Gemma2Config(**SIZE, head_dim=8, sliding_window=16, final_logit_softcapping=2.0),
    "qwen3": lambda: t.Qwen3Config(**SIZE, head_dim=8),
    "phi": lambda: t.PhiConfig(**SIZE),
    "mistral": lambda: t.MistralConfig(**SIZE, sliding_window=16),
    "olmo2": lambda: t.Olmo2Config(**SIZE),
    "gpt_neox": lambda: t.GPTNeoXConfig(**NO_GROUPS),
    "granite": lambda: t.GraniteConfig(**SIZE, logits_scaling=3.0),
    "cohere": lambda: t.CohereConfig(**SIZE, logit_scale=0.3),
    "falcon_h1": lambda: t.FalconH1Config(  # scales its logits in a way of its own, and has recurrent states
        **SIZE, mamba_d_ssm=64, mamba_n_heads=4, mamba_d_head=16, lm_head_multiplier=0.5
    ),
    "opt": lambda: t.OPTConfig(
        vocab_size=272,
        hidden_size=32,
        ffn_dim=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=96,
        word_embed_proj_dim=16,
        pad_token_id=None,
        bos_token_id=None,
        eos_token_id=None,
    ),
}


def random_module(architecture):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        module = t.AutoModelForCausalLM.from_config(CONFIGS[architecture]())
        with torch.no_grad():
            for w in module.parameters():  # far enough from zero for unlike logits
                if w.dim() > 1:
                    w.mul_(8.0)
    return module.eval()


@pytest.fixture(params=sorted(CONFIGS))
def module(request):
    return random_module(request.param)


@pytest.fixture
def tokenizer():
    return byte_tokenizer()


AWKWARD = Schema(
    (
        Column("age", "number", whole=True),
        Column("note", "text"),
        Column("gain", "number"),
        Column("city", "category"),
        Column("flat", "number"),
        Column("empty", "number"),
        Column("seen", "date"),
        Column("stamp", "date"),
        Column("income", "category"),
    ),
    target="income",
)


def awkward_table(n=200, seed=0):
    """A table with everything that goes wrong: mostly zeros, constant, all missing, dates, tiny and huge numbers."""
    rng = np.random.default_rng(seed)
    gain = np.where(rng.random(n) < 0.8, 0.0, rng.lognormal(8, 3, n))
    gain[rng.random(n) < 0.1] = np.nan
    seen = pd.Timestamp("2024-01-31") + pd.to_timedelta(rng.integers(0, 2000, n), unit="D")
    stamp = pd.Timestamp("2024-01-31 10:00:00.000001") + pd.to_timedelta(rng.integers(0, 10**14, n), unit="us")
    frame = AWKWARD.conform(
        pd.DataFrame(
            {
                "age": rng.integers(17, 90, n),
                "note": [f"row {i}" for i in range(n)],
                "gain": gain,
                "city": rng.choice(["Bern", "Zug", None], n),
                "flat": 0.1,
                "empty": np.nan,
                "seen": pd.Series(seen).where(rng.random(n) > 0.2),
                "stamp": stamp,
                "income": rng.choice(["<=50K", ">50K"], n),
            }
        )
    )
    return frame, AWKWARD


@pytest.fixture
def awkward():
    """(n, seed) -> frame, schema."""
    return awkward_table
