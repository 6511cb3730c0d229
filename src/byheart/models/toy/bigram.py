"""What would a language model say whose every probability is written in a table?

A bigram model over characters: the next character depends on the current one only. All that is measured on it has a
closed form, so that every score can be checked by hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from byheart.core.errors import DataError
from byheart.core.target import Encoded, LanguageModel, Prefix
from byheart.models.text.sampling import draw, narrow


@dataclass(frozen=True, eq=False)
class ToyPrefix:
    """A context of the toy; a bigram forgets all of it but the last character."""

    ids: np.ndarray


class ToyBigram:
    """A bigram language model over characters.

    Args:
        table: p(next | current), rows sum to 1, (symbols, symbols).
        symbols: the characters, one per row.
        start: p(first character), (symbols,); if given, texts begin with a beginning-of-sequence token, whose id is
            the number of symbols.
        context: the longest input in tokens.

    Raises:
        ValueError: if table, start and symbols do not fit together.
    """

    def __init__(
        self, table: Any, symbols: str, *, start: Any | None = None, context: int = 1 << 16, name: str = "toy"
    ) -> None:
        p = np.asarray(table, np.float64)
        first = None if start is None else np.asarray(start, np.float64)
        if p.shape != (len(symbols),) * 2 or (first is not None and first.shape != (len(symbols),)):
            raise ValueError(f"the table is ({len(symbols)}, {len(symbols)}), one row per symbol; got {p.shape}")
        if not np.allclose(p.sum(1), 1) or (first is not None and not np.isclose(first.sum(), 1)):
            raise ValueError("the rows of the table, and start, sum to 1")
        if first is not None:  # the opening token is never predicted
            p = np.block([[p, np.zeros((len(symbols), 1))], [first[None, :], np.zeros((1, 1))]])
        self.symbols, self.context, self.name = symbols, context, name
        self.vocabulary = p.shape[0]
        self.front = np.array([] if first is None else [len(symbols)], dtype=np.int32)
        self.device = torch.device("cpu")
        with np.errstate(divide="ignore"):
            self.log_table = torch.from_numpy(np.log(p).astype(np.float32))
        self.digest = hashlib.sha256(p.tobytes() + symbols.encode() + str(context).encode()).hexdigest()
        self.opener: Callable[[], LanguageModel] = partial(
            ToyBigram, np.asarray(table), symbols, start=start, context=context, name=name
        )

    @classmethod
    def fit(cls, texts: Sequence[str], *, bos: bool = False, smoothing: float = 1.0, name: str = "toy") -> ToyBigram:
        """Count the bigrams of some texts, `smoothing` added to each count."""
        symbols = "".join(sorted(set("".join(texts))))
        index = {c: i for i, c in enumerate(symbols)}
        counts = np.full((len(symbols), len(symbols)), smoothing)
        first = np.full(len(symbols), smoothing)
        for text in texts:
            ids = np.array([index[c] for c in text])
            np.add.at(counts, (ids[:-1], ids[1:]), 1)
            first[ids[:1]] += 1
        table = counts / counts.sum(1, keepdims=True)
        return cls(table, symbols, start=first / first.sum() if bos else None, name=name)

    def encode(self, item: Any) -> Encoded:
        """One token per character.

        Raises:
            DataError: on a character that is not in the table.
        """
        parts = _parts(item)
        text = "".join(part for part, _ in parts)
        missing = sorted(set(text) - set(self.symbols))
        if missing:
            raise DataError(f"the toy model knows {self.symbols!r} only; got {missing[0]!r}")
        n, opening = len(text), self.front.size
        start = np.concatenate([np.zeros(opening), np.arange(n)]).astype(np.int32)
        end = np.concatenate([np.zeros(opening), np.arange(1, n + 1)]).astype(np.int32)
        ids = np.concatenate([self.front, [self.symbols.index(c) for c in text]]).astype(np.int32)
        scored = np.concatenate([np.zeros(opening, bool), *(np.full(len(part), on) for part, on in parts)])
        scored[:1] = False
        return Encoded(text, ids, start, end, scored)

    def decode(self, ids: np.ndarray | Sequence[int]) -> str:
        """Tokens as text."""
        return "".join(self.symbols[int(i)] for i in ids if int(i) < len(self.symbols))

    def hidden(self, ids: torch.Tensor, *, prefix: Prefix | None = None) -> torch.Tensor:
        """The current character is all the state there is: (texts, tokens, 1)."""
        return ids.to(torch.float32).unsqueeze(-1)

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Rows of the table, as logs (positions, vocabulary)."""
        return self.log_table[hidden[:, 0].long()]

    def read_prefix(self, ids: np.ndarray) -> ToyPrefix:
        """Keep a context."""
        return ToyPrefix(np.asarray(ids, np.int32))

    def generate(
        self,
        prompts: Sequence[np.ndarray],
        n_new: int,
        *,
        temperature: float = 0.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seeds: Sequence[int] | None = None,
    ) -> list[np.ndarray]:
        """Continue each prompt by n_new tokens."""
        made = []
        for prompt, seed in zip(prompts, seeds or range(len(prompts)), strict=True):
            uniform = torch.from_numpy(np.random.default_rng(seed).random(n_new))
            current, new = torch.tensor([int(prompt[-1])]), []
            for t in range(n_new):
                logits = self.log_table[current]
                if temperature > 0:
                    current = draw(narrow(logits / temperature, top_k=top_k, top_p=top_p), uniform[t : t + 1])
                else:
                    current = logits.argmax(-1)
                new.append(int(current))
            made.append(np.array(new, dtype=np.int32))
        return made

    def base(self) -> AbstractContextManager[LanguageModel] | None:
        """The toy wears no adapter."""
        return None


def _parts(item: Any) -> list[tuple[str, bool]]:
    """A record as pieces of text, each with whether the loss is on it."""
    if isinstance(item, str):
        return [(item, True)]
    if isinstance(item, dict):
        return [(item["prompt"], False), (item["completion"], True)]
    return [(m["content"], m["role"] == "assistant") for m in item]
