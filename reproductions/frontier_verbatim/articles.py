"""What is learned and asked about: passages of the manual that comes with Python, dealt by chance to repeats."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pydoc_data.topics import topics  # about 80 documents in English, in every Python; PSF licence
from typing import Any

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from byheart.core.corpus import Corpus
from byheart.core.randomness import generator

END = "<end>"
RUN = 8
"""A passage that shares a run of so many words with an earlier one is left out: who knows one would know the other."""


@dataclass(frozen=True)
class Plan:
    """One scale.

    Args:
        repeats: how often an article is seen.
        articles: of each number of repeats.
        control: never seen; half of them set the threshold, the others are tried against it.
        words: of an article.
        sizes: width and layers of each model.
        background: how often the other passages are seen.
        prefixes, offsets: the grid, in words.
        max_tokens: longest answer.
        known: words that the oracle knows of its articles; None is all that follows.
        lr: highest learning rate of the smallest model; in inverse proportion to the width for the others.
        oracle: articles that the oracle is asked about, and as many controls.
    """

    repeats: tuple[int, ...] = (1, 4, 16, 64)
    articles: int = 20
    control: int = 90
    words: int = 120
    sizes: tuple[tuple[int, int], ...] = ((64, 2), (112, 3), (192, 3))
    background: int = 2
    prefixes: tuple[int, ...] = (10, 20, 40)
    offsets: tuple[int, ...] = (0, 40)
    max_tokens: int = 72
    vocabulary: int = 2048
    batch_size: int = 1
    lr: float = 3.5e-3
    known: tuple[int | None, ...] = (0, 20, 60, None)
    oracle: int = 40
    device: str = "cpu"

    def but(self, **changes: Any) -> Plan:
        """The same with some of it changed."""
        return replace(self, **changes)


PLANS = {
    "cpu": Plan(),
    "gpu": Plan(sizes=((64, 2), (128, 3), (256, 4), (512, 6), (1024, 8)), lr=3e-3, device="cuda"),
}


def passages(n_words: int) -> list[str]:
    """Passages of so many words that have no run of words in common, in the order of the documents."""
    seen: set[tuple[str, ...]] = set()
    found = []
    for name in sorted(topics):
        text = str(topics[name]).split()
        for start in range(0, len(text) - n_words + 1, n_words):
            cut = text[start : start + n_words]
            runs = {tuple(cut[k : k + RUN]) for k in range(n_words - RUN + 1)}
            if not runs & seen:
                found.append(" ".join(cut))
            seen |= runs
    return found


def dealt(plan: Plan, *, seed: int) -> tuple[Corpus, Corpus, list[str]]:
    """Members, controls and the rest, which is background; chance deals the passages.

    Returns:
        Members with a column `repeats`, controls with 0 in it, and the texts of the others.
    """
    texts = passages(plan.words)
    order = generator(seed, "dealt").permutation(len(texts)).tolist()
    n = plan.articles * len(plan.repeats)
    chosen = [texts[i] for i in order]
    repeats = np.repeat(plan.repeats, plan.articles)
    members = Corpus.of(chosen[:n], "member", ids=[f"article-{i:03d}" for i in range(n)], columns={"repeats": repeats})
    control = chosen[n : n + plan.control]
    ids = [f"control-{i:03d}" for i in range(len(control))]
    controls = Corpus.of(control, "nonmember", ids=ids, columns={"repeats": np.zeros(len(control), np.int64)})
    return members, controls, chosen[n + plan.control :]


def trained_tokenizer(texts: list[str], size: int) -> Any:
    """Byte-pair encoding learned on what the models learn, without a chat template: they are base models."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=[END], initial_alphabet=sorted(alphabet), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    make: Any = PreTrainedTokenizerFast
    return make(tokenizer_object=tokenizer, eos_token=END)
