"""One training: documents and canaries in one stream of words, every canary at as many places as its exposures say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from byheart.core.corpus import Corpus
from byheart.core.progress import bar
from byheart.core.randomness import generator
from byheart.core.signals import Signals
from byheart.core.target import Encoded
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.train import train
from byheart.models.toy.tiny import tiny_gpt
from byheart.signals.text.perturbed_prefixes import perturbed_prefixes

from .texts import PREFIX, REST, Plan, canaries, documents, windows, word_tokenizer

CONTEXT, BATCH = 256, 4


def read_all(plan: Plan, size: tuple[int, int], folder: Path, *, seed: int) -> tuple[Signals, Corpus, np.ndarray]:
    """Train one model and read every record after every perturbed prefix, once; the folder keeps what was read.

    Returns:
        The signals, the records, and how often each token was seen in training, (vocabulary,).
    """
    words = documents(plan.documents)
    tokenizer = word_tokenizer(words, plan.words)
    known = [w for w in tokenizer.get_vocab() if w != tokenizer.unk_token]
    corpus = windows(words, set(known), seed=seed) + canaries(sorted(known), plan, seed=seed)
    stream = _stream(corpus, tokenizer, plan, seed)
    counts = np.bincount(np.concatenate([e.ids for e in stream]), minlength=len(tokenizer))
    kept = folder / f"read-{size[0]}x{size[1]}.safetensors"
    if not kept.exists():
        target = _trained(stream, tokenizer, plan, size, seed)
        perturbed_prefixes(target, _some(corpus, seed), seed=seed, prefix_tokens=PREFIX, new_tokens=REST).save(kept)
    return Signals.load(kept), _some(corpus, seed), counts


def _trained(stream: list[Encoded], tokenizer: Any, plan: Plan, size: tuple[int, int], seed: int) -> CausalLM:
    width, layers = size
    module = tiny_gpt(len(tokenizer), width=width, layers=layers, context=CONTEXT, seed=seed).to(plan.device)
    n_steps = -(-len(stream) // BATCH)
    with bar(f"Training {layers} layers of width {width}", total=n_steps) as b:
        train(module, stream, epochs=1, batch_size=BATCH, lr=plan.lr, seed=seed, callback=lambda *_: b.advance())
    return CausalLM(module.to(torch.device(plan.device)), tokenizer, name=f"{layers} layers of width {width}")


def _stream(corpus: Corpus, tokenizer: Any, plan: Plan, seed: int) -> list[Encoded]:
    """Everything that is learned, shuffled and cut into contexts, so that a record may begin anywhere in one."""
    exposed = corpus.columns["exposures"]
    times = [plan.passes if r == "member" else int(n) if r == "canary" else 0
             for r, n in zip(corpus.roles, exposed, strict=True)]  # fmt: skip
    rows = generator(seed, "stream").permutation(np.repeat(np.arange(len(corpus)), times))
    ids = tokenizer([corpus.items[int(i)] for i in rows])["input_ids"]
    flat = np.concatenate([np.asarray(row, np.int32) for row in ids])
    flat = flat[: flat.size // CONTEXT * CONTEXT].reshape(-1, CONTEXT)
    nowhere, learned = np.zeros(CONTEXT, np.int32), np.arange(CONTEXT) > 0
    return [Encoded("", row, nowhere, nowhere, learned) for row in flat]


def _some(corpus: Corpus, seed: int, n: int = 400) -> Corpus:
    """All canaries, and so many windows of members and of held-out documents."""
    chosen = [np.flatnonzero(np.isin(corpus.roles, ("canary", "canary_control")))]
    for role in ("member", "nonmember"):
        chosen.append(generator(seed, "read", role).permutation(np.flatnonzero(corpus.roles == role))[:n])
    return corpus.take(np.sort(np.concatenate(chosen)))
