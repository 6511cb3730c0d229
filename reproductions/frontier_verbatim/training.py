"""Training of one model, and its audit through the chat interface; both are kept, so that a killed run goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from byheart.audit.chat.audit_chat import audit_chat
from byheart.core.corpus import Corpus
from byheart.core.progress import bar
from byheart.core.randomness import generator
from byheart.core.run import RunFolder
from byheart.core.target import Encoded
from byheart.models.chat.opening import OpenChat
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.train import train
from byheart.models.toy.tiny import tiny_gpt

from .articles import Plan, dealt, trained_tokenizer

WINDOW, CONTEXT = 160, 640  # tokens learned at once; longest conversation
ATTACKS = ("plain",)  # base models: the beginning itself is the question


def audited(plan: Plan, size: tuple[int, int], folder: Path, *, seed: int) -> RunFolder:
    """Train one model and audit it as a chat model; the run folder of the audit."""
    members, control, background = dealt(plan, seed=seed)
    tokenizer = trained_tokenizer([*members.texts, *background], plan.vocabulary)
    name, weights = f"{size[1]} layers of width {size[0]}", folder / f"model-{size[0]}x{size[1]}.pt"
    module = tiny_gpt(len(tokenizer), width=size[0], layers=size[1], context=CONTEXT, seed=seed).to(plan.device)
    if weights.exists():
        module.load_state_dict(torch.load(weights, weights_only=True))
    else:
        _train(module, members, background, tokenizer, plan, name, seed)
        torch.save(module.state_dict(), weights)
    target = OpenChat(CausalLM(module, tokenizer, name=name), batch=64)
    return audit_chat(
        target, members, control, prefixes=plan.prefixes, offsets=plan.offsets, attacks=ATTACKS,
        max_tokens=plan.max_tokens, out=folder / f"audit-{size[0]}x{size[1]}", seed=seed,
    )  # fmt: skip


def parameters(size: tuple[int, int], vocabulary: int) -> int:
    """Weights of a model of this size."""
    module = tiny_gpt(vocabulary, width=size[0], layers=size[1], context=CONTEXT, seed=0)
    return sum(w.numel() for w in module.parameters())


def _train(
    module: Any, members: Corpus, background: list[str], tokenizer: Any, plan: Plan, name: str, seed: int
) -> None:
    """One pass over everything in an order of chance, each article at as many places as its repeats say."""
    times = [*members.columns["repeats"].tolist(), *[plan.background] * len(background)]
    ids = tokenizer([f"{t}{tokenizer.eos_token}" for t in (*members.texts, *background)])["input_ids"]
    rows = generator(seed, "stream").permutation(np.repeat(np.arange(len(ids)), times))
    flat = np.concatenate([np.asarray(ids[i], np.int32) for i in rows])
    flat = flat[: flat.size // WINDOW * WINDOW].reshape(-1, WINDOW)
    nowhere, learned = np.zeros(WINDOW, np.int32), np.arange(WINDOW) > 0
    stream = [Encoded("", row, nowhere, nowhere, learned) for row in flat]
    lr = plan.lr * plan.sizes[0][0] / module.config.hidden_size  # Adam's best rate falls with the width
    n_steps = -(-len(stream) // plan.batch_size)
    with bar(f"Training {name}", total=n_steps) as b:
        train(module, stream, steps=n_steps, batch_size=plan.batch_size, lr=lr, seed=seed,
              callback=lambda *_: b.advance())  # fmt: skip
