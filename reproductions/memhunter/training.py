"""Three trainings: the target that learned the records, a twin that did not, and the model that hunts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from byheart.core.progress import bar
from byheart.core.randomness import generator
from byheart.core.target import Encoded
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.train import train
from byheart.models.toy.tiny import tiny_gpt

from .texts import Plan, Planted

CONTEXT, BATCH = 256, 4


def models(
    words: list[list[str]], tokenizer: Any, planted: Planted, plan: Plan, folder: Path, *, seed: int
) -> dict[str, CausalLM]:
    """Target, reference (other weights, no records) and the model that will hunt; the folder keeps them."""
    known = tokenizer.get_vocab()
    plain = [" ".join(w if w in known else tokenizer.unk_token for w in text) for text in words]
    columns = planted.records.where("member").columns
    learned = [
        f"{header} {x} {continuation}"
        for x, *both in zip(*(columns[c] for c in ("context", "continuation", "other")), strict=True)
        for header, continuation in zip(planted.headers, both, strict=True)
    ]
    made = {
        "target": (plain + learned * plan.repeats, plan.layers, seed),
        "reference": (plain * 2, plan.layers, seed + 1),
        "hunter": (plain, max(1, plan.layers // 2), seed + 2),
    }
    return {name: _trained(name, *what, tokenizer, plan, folder) for name, what in made.items()}


def _trained(name: str, texts: list[str], layers: int, seed: int, tokenizer: Any, plan: Plan, folder: Path) -> CausalLM:
    module = tiny_gpt(len(tokenizer), width=plan.width, layers=layers, context=CONTEXT, seed=seed)
    kept = folder / f"{name}.safetensors"
    if kept.exists():
        module.load_state_dict(load_file(kept), strict=False)
    else:
        stream = _stream(texts, tokenizer, seed)
        module = module.to(torch.device(plan.device))
        with bar(f"Training the {name}", total=-(-len(stream) // BATCH)) as b:
            train(module, stream, epochs=1, batch_size=BATCH, lr=plan.lr, seed=seed, callback=lambda *_: b.advance())
        folder.mkdir(parents=True, exist_ok=True)
        save_file({k: v.contiguous() for k, v in module.state_dict().items() if k != "lm_head.weight"}, kept)
    return CausalLM(module.to(torch.device(plan.device)), tokenizer, name=name)


def _stream(texts: list[str], tokenizer: Any, seed: int) -> list[Encoded]:
    """Everything that is learned, shuffled and cut into contexts, so that a text may begin anywhere in one."""
    pieces = [ids[i : i + 64] for ids in tokenizer(texts)["input_ids"] for i in range(0, len(ids), 64)]
    order = generator(seed, "stream").permutation(len(pieces))
    flat = np.concatenate([np.array(pieces[i], np.int32) for i in order])
    nowhere = np.zeros(CONTEXT, np.int32)
    return [
        Encoded("", flat[i : i + CONTEXT], nowhere, nowhere, np.arange(CONTEXT) > 0)
        for i in range(0, flat.size - CONTEXT + 1, CONTEXT)
    ]
