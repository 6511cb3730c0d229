"""What is learned: the reference manual that comes with Python, strings of random words by heart, and repetition."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from pydoc_data.topics import topics  # 80 documents in English, in every Python; PSF licence
from typing import Any

from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from byheart.core.corpus import Corpus
from byheart.core.randomness import generator

RARE = "<rare>"
WINDOW = 40


@dataclass(frozen=True)
class Plan:
    """One scale.

    Args:
        canaries: strings for each count.
        counts: how often a string is seen; those seen 0 times are the exact negatives.
        words: in a string; repetition is of half as many.
        width: of the model.
        layers: of the model.
        repeated: further strings of random words, each seen once, but twice in a row: what repetition is learned from.
        passes: how often the documents are seen in each part of the training.
        vocabulary: words in all.
        listed: words that strings are drawn from.
        documents: how many, None for all.
        lr: highest learning rate.
        p_min: least probability of a token that counts as recited or repeated.
        device: cpu or cuda.
    """

    canaries: int = 40
    counts: tuple[int, ...] = (0, 1, 4, 16, 64)
    words: int = 40
    width: int = 128
    layers: int = 4
    repeated: int = 12000
    passes: int = 1
    vocabulary: int = 600
    listed: int = 128
    documents: int | None = 40
    lr: float = 4e-3
    p_min: float = 0.8
    device: str = "cpu"

    def but(self, **changes: Any) -> Plan:
        """The same with some of it changed."""
        return replace(self, **changes)


PLANS = {
    "cpu": Plan(),
    "gpu": Plan(canaries=200, counts=(0, 1, 4, 16, 64, 256), width=512, layers=8, repeated=20000, passes=8,
                vocabulary=4000, documents=None, lr=1e-3, device="cuda"),
}  # fmt: skip


SMALL = Plan(canaries=32, repeated=8000, documents=20, width=96, layers=3)
"""What tests try: some minutes."""


def documents(limit: int | None = None) -> dict[str, list[str]]:
    """Words and signs of each document, in small letters."""
    names = sorted(topics)[:limit]
    return {name: re.findall(r"[a-z]+|[0-9]|[^\w\s]", str(topics[name]).lower()) for name in names}


def word_tokenizer(words: dict[str, list[str]], size: int) -> Any:
    """A token per word, so that every token begins one and any sequence of tokens is a text."""
    common = [w for w, _ in Counter(w for text in words.values() for w in text).most_common(size - 1)]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate([RARE, *common])}, unk_token=RARE))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    make: Any = PreTrainedTokenizerFast
    return make(tokenizer_object=tokenizer, unk_token=RARE)


def windows(words: dict[str, list[str]], known: set[str], *, seed: int) -> Corpus:
    """Windows of each document, one after the other; every fifth document is held out."""
    items, roles, groups = [], [], []
    held = set(generator(seed, "held out").permutation(sorted(words))[: len(words) // 5].tolist())
    for name, text in words.items():
        plain = [w if w in known else RARE for w in text]
        cuts = [plain[i : i + WINDOW] for i in range(0, len(plain) - WINDOW + 1, WINDOW)]
        items += [" ".join(cut) for cut in cuts]
        roles += ["nonmember" if name in held else "member"] * len(cuts)
        groups += [name] * len(cuts)
    return Corpus.of(items, roles, ids=[f"window-{i:05d}" for i in range(len(items))], groups=groups)


def string(words: list[str], n: int, seed: int, purpose: str, number: int) -> str:
    """So many words of chance, none twice: nothing but memory tells the next."""
    rng = generator(seed, purpose, str(number))
    return " ".join(words[i] for i in rng.choice(len(words), n, replace=False))


def canaries(words: list[str], plan: Plan, *, seed: int) -> Corpus:
    """Strings to be learned by heart, column `count`; those of count 0 are never seen."""
    counts = [plan.counts[i % len(plan.counts)] for i in range(plan.canaries * len(plan.counts))]
    items = [string(words, plan.words, seed, "canary", i) for i in range(len(counts))]
    roles = ["canary" if n else "canary_control" for n in counts]
    ids = [f"canary-{i:05d}" for i in range(len(items))]
    return Corpus.of(items, roles, ids=ids, columns={"count": counts})


def repetition(words: list[str], plan: Plan, *, seed: int) -> list[str]:
    """Strings half as long as the canaries, each twice in a row and once only: copying is learned, and no string."""
    halves = [string(words, plan.words // 2, seed, "repeated", i) for i in range(plan.repeated)]
    return [f"{half} {half}" for half in halves]
