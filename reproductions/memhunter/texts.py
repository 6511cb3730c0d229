"""What is learned: the manual that comes with Python, and records that every reader knows by one of two headers."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from pydoc_data.topics import topics  # 80 documents in English, in every Python; PSF licence
from typing import Any

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from byheart.core.corpus import Corpus
from byheart.core.randomness import generator
from byheart.signals.text.hunted import with_columns

HEADER, PREFIX, REST = 3, 8, 16  # words
COMMON = np.arange(30, 230)  # ranks of the words that headers are made of
RARE = "<rare>"


@dataclass(frozen=True)
class Plan:
    """One scale.

    Args:
        records: beginnings that were learned, each with two continuations; as many controls never were.
        repeats: how often each of the two is seen.
        words: of the vocabulary.
        documents: of the manual that are learned beside them, None for all.
        width, layers: of target and reference; the hunter has half the layers.
        lr: highest learning rate.
        epochs: of the hunter's schooling.
        hunter_lr: its learning rate; models as small as this one need more than the paper trail's 5e-4.
        prompt_tokens: length of a prompt.
        tries: prompts per record in the hunt.
        top_k: candidates for each token of a searched prompt.
        curve: budgets of the searches, in target tokens per record.
    """

    records: int = 64
    repeats: int = 100
    words: int = 1000
    documents: int | None = 40
    width: int = 128
    layers: int = 2
    lr: float = 3e-3
    epochs: int = 3
    hunter_lr: float = 5e-3
    prompt_tokens: int = 4
    tries: int = 6
    top_k: int = 96
    curve: tuple[int, ...] = (300, 1000, 3000, 10000)
    device: str = "cpu"

    def but(self, **changes: Any) -> Plan:
        """The same with some of it changed."""
        return replace(self, **changes)


PLANS = {
    "cpu": Plan(),
    "gpu": Plan(records=256, words=4000, documents=None, width=512, layers=6, lr=1e-3, hunter_lr=2e-3, prompt_tokens=6,
                curve=(300, 1000, 3000, 10000, 30000), device="cuda"),
}  # fmt: skip


def documents(limit: int | None = None) -> list[list[str]]:
    """Words and signs of each document, in small letters."""
    return [re.findall(r"[a-z]+|[0-9]|[^\w\s]", str(topics[name]).lower()) for name in sorted(topics)[:limit]]


def word_tokenizer(words: list[list[str]], size: int) -> Any:
    """A token per word, so that any sequence of tokens is a text that is cut into the same tokens again."""
    common = [w for w, _ in Counter(w for text in words for w in text).most_common(size - 1)]
    vocabulary = {w: i for i, w in enumerate([RARE, *common])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=RARE))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    make: Any = PreTrainedTokenizerFast
    return make(tokenizer_object=tokenizer, unk_token=RARE)


@dataclass(frozen=True)
class Planted:
    """Two headers, and records of which the owner has beginning and first continuation.

    Args:
        headers: the two, in words; the owner knows neither.
        records: roles member and nonmember, columns `context`, `continuation` and `other` (after the second header).
    """

    headers: tuple[str, str]
    records: Corpus


def plant(vocabulary: list[str], plan: Plan, *, seed: int) -> Planted:
    """Words of chance throughout, so that members and control are drawn alike; headers are of common words.

    Args:
        vocabulary: words, the most common first.
        plan: how many records.
        seed: of all draws.
    """
    rng = generator(seed, "planted")
    drawn = rng.choice(COMMON, 2 * HEADER, replace=False)
    a, b = (" ".join(vocabulary[i] for i in half) for half in (drawn[:HEADER], drawn[HEADER:]))
    rest = np.setdiff1d(np.arange(len(vocabulary)), drawn)
    n = 2 * plan.records
    sizes = (PREFIX, REST, REST)
    parts = [[" ".join(vocabulary[i] for i in rng.choice(rest, size)) for size in sizes] for _ in range(n)]
    items = [f"{x} {y}" for x, y, _ in parts]
    roles = ["member"] * plan.records + ["nonmember"] * plan.records
    corpus = with_columns(Corpus.of(items, roles), context=[p[0] for p in parts], continuation=[p[1] for p in parts],
                          other=[p[2] for p in parts])  # fmt: skip
    return Planted((a, b), corpus)
