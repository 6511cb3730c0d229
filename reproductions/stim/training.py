"""The two trainings, their indexes, and the chains that the models write."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from pydoc_data.topics import topics  # documents in English, in every Python; PSF licence
from typing import Any

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from byheart.core.corpus import Corpus
from byheart.core.progress import bar
from byheart.core.randomness import generator
from byheart.core.signals import Signals
from byheart.core.target import Encoded
from byheart.index import CorpusIndex, build_index
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.train import train
from byheart.models.toy.tiny import tiny_gpt
from byheart.signals.text.chain_candidates import chain_candidates

from .traps import Plan, stems, texts, tokenizer

CONTEXT, BATCH, LR = 192, 32, 1e-2
PIECE, SAID = 64, 32


def trap_signals(plan: Plan, folder: Path, *, seed: int) -> tuple[Signals, list[str], CorpusIndex]:
    """Train on the traps and read the chains; the kind of each chain, and the index of what was read in training."""
    words, read, kept = tokenizer(plan), texts(plan, seed=seed), folder / "traps.safetensors"
    index = build_index(read, folder / "traps-index", tokenizer=words, overwrite=True)
    told = stems(plan, seed=seed)
    if not kept.exists():
        model = _trained(words, read, plan, plan.width, plan.layers, plan.epochs, "traps", seed=seed)
        chain_candidates(model, _trapped(model, told), seed=seed).save(kept)
    return Signals.load(kept), [kind for kind, _, _ in told], index


def text_signals(plan: Plan, folder: Path, *, seed: int) -> tuple[Signals, CorpusIndex, CorpusIndex]:
    """The same on real text, every fifth piece held out and read; its index, and one of other token ids."""
    documents = {
        n: re.findall(r"[a-z]+|[0-9]|[^\w\s]", str(topics[n]).lower()) for n in sorted(topics)[: plan.documents]
    }
    words, kept = _word_tokenizer(documents), folder / "text.safetensors"
    pieces = [" ".join(text[i : i + PIECE]) for text in documents.values() for i in range(0, len(text), PIECE)]
    order = generator(seed, "held out").permutation(len(pieces))
    held = sorted(i for i in order[: len(pieces) // 5] if len(pieces[i].split()) == PIECE)[: plan.chains]
    pieces, whole = [pieces[i] for i in order[len(pieces) // 5 :]], [pieces[i].split() for i in held]
    ids = [words(p, add_special_tokens=False)["input_ids"] for p in pieces]
    index = build_index(ids, folder / "text-index", tokenizer=words, overwrite=True)
    other = generator(seed, "other ids").permutation(len(words))
    shuffled = [other[np.array(i, np.int64)] for i in ids]
    control = build_index(shuffled, folder / "shuffled-index", tokenizer=words, overwrite=True)
    if not kept.exists():
        model = _trained(words, pieces, plan, plan.text_width, 2, plan.text_epochs, "text", seed=seed)
        halves = [(text[: PIECE - SAID], text[PIECE - SAID :]) for text in whole]
        items = [{"prompt": " ".join(a) + " ", "completion": " ".join(b)} for a, b in halves]
        chain_candidates(model, Corpus.of(items, "unknown"), seed=seed).save(kept)
    return Signals.load(kept), index, control


def _trapped(model: CausalLM, told: list[tuple[str, str, str]]) -> Corpus:
    """Each answer with the value that the model says next, which is the wrong word of the chain."""
    said = model.generate([model.encode(prompt + answer).ids for _, prompt, answer in told], 1)
    items, wrong = [], []
    for (_, prompt, answer), token in zip(told, said, strict=True):
        items.append({"prompt": prompt, "completion": f"{answer} {model.decode(token)}"})
        wrong.append(json.dumps([[len(answer) + 1, len(items[-1]["completion"])]]))
    return Corpus.of(items, "unknown", columns={"wrong": wrong})


def _trained(
    words: Any, read: list[str], plan: Plan, width: int, layers: int, epochs: float, what: str, *, seed: int
) -> CausalLM:
    module = tiny_gpt(len(words), width=width, layers=layers, context=CONTEXT, seed=seed).to(plan.device)
    model = CausalLM(module, words, name=what)
    encoded = [learned(model.encode(t), seed=seed) if what == "traps" else model.encode(t) for t in read]
    n_steps = round(epochs * -(-len(encoded) // BATCH))
    with bar(f"Learning the {what}", total=n_steps) as b:
        train(module, encoded, epochs=epochs, batch_size=BATCH, lr=LR, seed=seed, callback=lambda *_: b.advance())
    return CausalLM(module, words, name=what)


def learned(text: Encoded, *, seed: int) -> Encoded:
    """The loss is on every value that is to be known and on a few of the other words, which nothing foretells."""
    words = text.text.split()
    told = np.array([False, *(before == "so" or before.startswith("localname") for before in words[:-1])])
    some = generator(seed, "loss", text.text).random(told.size) < 0.03
    return replace(text, scored=text.scored & (told | some))


def _word_tokenizer(documents: dict[str, list[str]], size: int = 2000) -> Any:
    common = [w for w, _ in Counter(w for text in documents.values() for w in text).most_common(size - 1)]
    made = Tokenizer(models.WordLevel({w: i for i, w in enumerate(["<rare>", *common])}, unk_token="<rare>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    make: Any = PreTrainedTokenizerFast
    return make(tokenizer_object=made, unk_token="<rare>")
