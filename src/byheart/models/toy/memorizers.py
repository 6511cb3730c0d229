"""What would a model say that knows its training texts by heart, and nothing else?

Two such models, without any training: one finds its place by the last k tokens, the other by the number of the current
token and the token. Whatever perturbs a prefix has an effect on them that can be worked out on paper. Where they are
lost they say a token that occurs nowhere, and go on saying it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Literal

import numpy as np
import torch

from byheart.core.errors import DataError
from byheart.core.target import Encoded, LanguageModel, Prefix
from byheart.models.toy.bigram import ToyPrefix

SURE = 20.0  # logit of what it says; all others are 0


class Memorizer:
    """A language model over characters that continues the texts it stores.

    Args:
        texts: what it knows.
        by: finds its place by the last `k` tokens (`grams`), or by position and token (`positions`).
        k: how many tokens it looks back, for `grams`.
        symbols: the characters; those of the texts, in order, if None.
        context: the longest input in tokens.

    Raises:
        DataError: on a text with a character that is none of the symbols.
    """

    def __init__(
        self,
        texts: Sequence[str],
        *,
        by: Literal["grams", "positions"] = "grams",
        k: int = 5,
        symbols: str | None = None,
        context: int = 1 << 16,
        name: str = "memorizer",
    ) -> None:
        self.symbols = "".join(sorted(set("".join(texts)))) if symbols is None else symbols
        self.code = {c: i for i, c in enumerate(self.symbols)}
        self.lost = len(self.symbols)
        self.vocabulary, self.context, self.name = self.lost + 1, context, name
        self.by, self.k = by, k
        self.front, self.device = np.zeros(0, np.int32), torch.device("cpu")
        self.next: dict[Hashable, int] = {}
        for text in texts:
            ids = self.encode(text).ids.tolist()
            self.next |= {self._place(ids, t): ids[t + 1] for t in range(len(ids) - 1)}
        told = "\x1f".join([by, str(k), self.symbols, *texts])
        self.digest = hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()
        self.opener: Callable[[], LanguageModel] = partial(
            Memorizer, texts, by=by, k=k, symbols=symbols, context=context, name=name
        )

    def _place(self, ids: Sequence[int], t: int) -> Hashable:
        """What it knows its place by when the token at position t was the last one."""
        return (t, ids[t]) if self.by == "positions" else tuple(ids[max(0, t + 1 - self.k) : t + 1])

    def encode(self, item: Any) -> Encoded:
        """One token per character.

        Raises:
            DataError: on a character that is none of the symbols.
        """
        text = str(item)
        missing = sorted(set(text) - set(self.code))
        if missing:
            raise DataError(f"the memorizer has no symbol {missing[0]!r}; give it all `symbols` when it is made")
        n = len(text)
        ids, start = np.array([self.code[c] for c in text], np.int32), np.arange(n, dtype=np.int32)
        return Encoded(text, ids, start, start + 1, start > 0)

    def decode(self, ids: np.ndarray | Sequence[int]) -> str:
        """Tokens as text; where it was lost there is nothing."""
        return "".join(self.symbols[int(i)] for i in ids if int(i) < self.lost)

    def hidden(self, ids: torch.Tensor, *, prefix: Prefix | None = None) -> torch.Tensor:
        """What it will say next is all the state there is: (texts, tokens, 1)."""
        before = [] if prefix is None else np.asarray(prefix.ids).tolist()
        rows = [before + row for row in ids.tolist()]
        said = [[self.next.get(self._place(row, t), self.lost) for t in range(len(before), len(row))] for row in rows]
        return torch.tensor(said, dtype=torch.float32).reshape(*ids.shape, 1)

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """`SURE` for what it says, 0 for the rest, (positions, vocabulary)."""
        return SURE * torch.nn.functional.one_hot(hidden[:, 0].long(), self.vocabulary).float()

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
        """Continue each prompt by n_new tokens; it never doubts, so the decoding scheme makes no difference."""
        made = []
        for prompt in prompts:
            ids = np.asarray(prompt).tolist()
            for _ in range(n_new):
                ids.append(self.next.get(self._place(ids, len(ids) - 1), self.lost))
            made.append(np.array(ids[len(prompt) :], np.int32))
        return made

    def base(self) -> AbstractContextManager[LanguageModel] | None:
        """It wears no adapter."""
        return None
