"""One training: documents, strings and repetitions, record by record."""

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
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.train import train
from byheart.models.toy.tiny import tiny_gpt

from .texts import Plan, canaries, documents, repetition, windows, word_tokenizer

CONTEXT, BATCHES = 128, (8, 4)


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
        for part, texts in enumerate(_parts(corpus, repetition(listed, plan, seed=seed), plan)):
            records = [_encoded(np.asarray(ids, np.int32)) for ids in tokenizer(texts)["input_ids"]]
            n_steps = -(-len(records) // BATCHES[part])
            with bar(f"Training {plan.layers} layers, part {part + 1} of 2", total=n_steps) as b:
                train(module, records, epochs=1, batch_size=BATCHES[part], lr=plan.lr, seed=seed + part,
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


def _parts(corpus: Corpus, repeated: list[str], plan: Plan) -> tuple[list[str], list[str]]:
    """First documents and repetition; then the strings, each as often as its count says, among some more of both."""
    documents_ = [corpus.items[i] for i in np.flatnonzero(corpus.roles == "member")] * plan.passes
    times = [int(n) if r == "canary" else 0 for r, n in zip(corpus.roles, corpus.columns["count"], strict=True)]
    planted = [corpus.items[i] for i in np.repeat(np.arange(len(corpus)), times)]
    cut = len(repeated) * 3 // 4
    return documents_ + repeated[:cut], documents_ + planted + repeated[cut:]


def _encoded(ids: np.ndarray) -> Encoded:
    nowhere = np.zeros(ids.size, np.int32)
    return Encoded("", ids, nowhere, nowhere, np.arange(ids.size) > 0)
