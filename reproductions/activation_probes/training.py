"""One training: documents, strings and repetitions in one stream of words, each record at random places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_model, save_model

from byheart.core.corpus import Corpus
from byheart.core.progress import bar
from byheart.core.randomness import generator
from byheart.core.target import Encoded
from byheart.models.causal_lm import CausalLM
from byheart.models.tiny import tiny_gpt
from byheart.models.train import train

from .texts import Plan, canaries, documents, repetition, windows, word_tokenizer

CONTEXT, BATCH = 128, 2


def trained(plan: Plan, folder: Path, *, seed: int) -> tuple[CausalLM, CausalLM, Corpus, list[str]]:
    """Train once; the folder keeps the weights.

    Returns:
        The trained model, its twin of the same start that learned nothing, all records, and the words strings are of.
    """
    words = documents(plan.documents)
    tokenizer = word_tokenizer(words, plan.vocabulary)
    known = sorted(w for w in tokenizer.get_vocab() if w != tokenizer.unk_token)
    listed = generator(seed, "listed").permutation(known)[: plan.listed].tolist()
    corpus = windows(words, set(known), seed=seed) + canaries(listed, plan, seed=seed)
    module = _new(plan, len(tokenizer), seed)
    weights = folder / "model.safetensors"
    if weights.exists():
        load_model(module, weights, device=plan.device)
    else:
        for half, stream in enumerate(_halves(corpus, repetition(listed, plan, seed=seed), tokenizer, plan, seed)):
            n_steps = -(-len(stream) // BATCH)
            with bar(f"Training {plan.layers} layers of width {plan.width}, part {half + 1} of 2", total=n_steps) as b:
                train(module, stream, epochs=1, batch_size=BATCH, lr=plan.lr, seed=seed + half,
                      callback=lambda *_: b.advance())  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        save_model(module, str(weights))
    return (
        CausalLM(module, tokenizer, name="trained"),
        CausalLM(_new(plan, len(tokenizer), seed), tokenizer, name="untrained twin"),
        corpus,
        listed,
    )


def _new(plan: Plan, vocabulary: int, seed: int) -> Any:
    made = tiny_gpt(vocabulary, width=plan.width, layers=plan.layers, context=CONTEXT, seed=seed)
    return made.to(torch.device(plan.device))


def _halves(
    corpus: Corpus, repeated: list[str], tokenizer: Any, plan: Plan, seed: int
) -> list[list[Encoded]]:
    """First documents and repetition, then the strings among more of both: by then a model can learn by heart."""
    members = [corpus.items[i] for i in np.flatnonzero(corpus.roles == "member")] * plan.passes
    planted = [corpus.items[i] for i in np.repeat(np.arange(len(corpus)), _times(corpus))]
    cut = len(repeated) * 3 // 4
    parts = (members + repeated[:cut], members + planted + repeated[cut:])
    return [_contexts(items, tokenizer, generator(seed, "stream", str(k))) for k, items in enumerate(parts)]


def _times(corpus: Corpus) -> list[int]:
    return [int(n) if r == "canary" else 0 for r, n in zip(corpus.roles, corpus.columns["count"], strict=True)]


def _contexts(items: list[str], tokenizer: Any, rng: np.random.Generator) -> list[Encoded]:
    """Everything shuffled, put behind each other and cut into contexts."""
    ids = tokenizer([items[i] for i in rng.permutation(len(items)).tolist()])["input_ids"]
    flat = np.concatenate([np.asarray(row, np.int32) for row in ids])
    flat = flat[: flat.size // CONTEXT * CONTEXT].reshape(-1, CONTEXT)
    nowhere, learned = np.zeros(CONTEXT, np.int32), np.arange(CONTEXT) > 0
    return [Encoded("", row, nowhere, nowhere, learned) for row in flat]
