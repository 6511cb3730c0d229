"""What does a search for prompts ask of the model under audit, and what has it cost so far?

Two questions only: how surprised is the target by the true continuation after a prompt, and what does it say after it.
Both are counted in tokens read, padding and caches aside, so that searches can be held against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from byheart.core.errors import DataError
from byheart.core.target import LanguageModel, Prefix
from byheart.signals.text.composed import Compose, composed_ids, text_ids

SHARED = 16  # tokens that a batch must have in common before they are read once for all
TOKENS_PER_BATCH = {"cpu": 4096, "cuda": 65536}


@dataclass(frozen=True)
class Pair:
    """A record cut in two: the context x that a prompt is written for, and the continuation y that is hunted."""

    id: str
    context: str
    continuation: str


@dataclass(frozen=True, eq=False)
class Searched:
    """What a search came to.

    Args:
        prompts: the best prompt for each pair, (pairs,).
        nll: mean surprise of the continuation after it, nats per token, float64 (pairs,).
        spent: target tokens read by the search, over all pairs.
    """

    prompts: list[str]
    nll: np.ndarray
    spent: int


class Search(Protocol):
    """Anything that looks for a prompt for each pair."""

    def __call__(
        self, port: Port, pairs: Sequence[Pair], *, budget: int, seed: int, starts: Sequence[str] | None = None
    ) -> Searched:
        """Search; `budget` is in target tokens over all pairs, `starts` one prompt per pair to begin from."""


class Port:
    """A target with a counter.

    Args:
        target: the model under audit.
        compose: how a prompt p and a context x make what it reads; `prepend` suits base models, `prompt_only`
            models that follow instructions.
    """

    def __init__(self, target: LanguageModel, compose: Compose = "prepend") -> None:
        self.target, self.compose, self.tokens = target, compose, 0

    def ids(self, text: str) -> np.ndarray:
        """A text as the target's tokens, without the special ones in front, int32 (tokens,)."""
        return text_ids(self.target, text)

    def prompt_ids(self, context: str, prompt: str, n_after: int) -> np.ndarray:
        """What the target reads before a continuation of n_after tokens, int32 (tokens,)."""
        return composed_ids(self.target, context, prompt, self.compose, room=self.target.context - n_after)

    def nll(self, contexts: Sequence[str], prompts: Sequence[str], continuations: Sequence[str]) -> np.ndarray:
        """Mean surprise of each continuation after its prompt, nats per token, float64 (rows,).

        Where nothing at all stands before a continuation, its first token is not counted.

        Raises:
            DataError: if a continuation has no token that could be predicted.
        """
        found: dict[str, np.ndarray] = {}
        rows = []
        for context, prompt, continuation in zip(contexts, prompts, continuations, strict=True):
            y = found.setdefault(continuation, self.ids(continuation))
            before = self.prompt_ids(context, prompt, y.size)
            if not before.size:
                before, y = y[:1], y[1:]
            if not y.size:
                raise DataError(f"a continuation of no tokens cannot be hunted; got {continuation!r}")
            rows.append((before, y))
        self.tokens += sum(before.size + y.size for before, y in rows)
        return self._read(rows)

    def generate(self, contexts: Sequence[str], prompts: Sequence[str], n_tokens: Sequence[int]) -> list[np.ndarray]:
        """The greedy continuation of each prompt by exactly n tokens, int32 (n,) each.

        Raises:
            DataError: if there is nothing to continue.
        """
        read = [self.prompt_ids(x, p, n) for x, p, n in zip(contexts, prompts, n_tokens, strict=True)]
        if any(not ids.size for ids in read):
            raise DataError("an empty prompt cannot be continued by a model without a token that opens every text")
        self.tokens += sum(ids.size + n for ids, n in zip(read, n_tokens, strict=True))
        made: list[np.ndarray] = [np.zeros(0, np.int32)] * len(read)
        for n in sorted(set(n_tokens)):
            which = [i for i, size in enumerate(n_tokens) if size == n]
            for i, row in zip(which, self.target.generate([read[i] for i in which], n), strict=True):
                made[i] = row
        return made

    def _read(self, rows: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
        """Mean surprise of y after its prompt, in batches; what all prompts begin with is read once."""
        n_shared = _in_common([before for before, _ in rows])
        shared = self.target.read_prefix(rows[0][0][:n_shared]) if n_shared >= SHARED and len(rows) > 1 else None
        skip = n_shared if shared is not None else 0
        limit = TOKENS_PER_BATCH["cuda" if self.target.device.type == "cuda" else "cpu"]
        sizes = np.array([before.size + y.size - skip for before, y in rows])
        order, found, start = np.argsort(-sizes, kind="stable"), np.empty(len(rows)), 0
        while start < len(rows):
            some = order[start : start + max(1, limit // int(sizes[order[start]]))]
            found[some] = self._batch([(rows[i][0][skip:], rows[i][1]) for i in some], shared)
            start += len(some)
        return found

    @torch.no_grad()
    def _batch(self, rows: Sequence[tuple[np.ndarray, np.ndarray]], shared: Prefix | None) -> np.ndarray:
        ids = torch.zeros(len(rows), max(p.size + y.size - 1 for p, y in rows), dtype=torch.long)
        asked = torch.zeros_like(ids, dtype=torch.bool)
        for i, (p, y) in enumerate(rows):
            ids[i, : p.size + y.size - 1] = torch.from_numpy(np.concatenate([p, y[:-1]]))
            asked[i, p.size - 1 : p.size + y.size - 1] = True
        states = self.target.hidden(ids.to(self.target.device), prefix=shared)
        tokens = torch.from_numpy(np.concatenate([y for _, y in rows])).long().to(states.device)
        logits = self.target.logits(states[asked.to(states.device)]).float()
        loss = torch.nn.functional.cross_entropy(logits, tokens, reduction="none").double().cpu().numpy()
        sizes = [y.size for _, y in rows]
        means: np.ndarray = np.add.reduceat(loss, np.cumsum([0, *sizes[:-1]])) / sizes
        return means


def _in_common(rows: Sequence[np.ndarray]) -> int:
    """How many tokens all rows begin with, leaving each at least one of its own."""
    n = max(0, min(row.size for row in rows) - 1)
    same = np.all([row[:n] == rows[0][:n] for row in rows], axis=0)
    return int(np.logical_and.accumulate(same).sum())
