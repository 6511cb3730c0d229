"""What may a search still read?

Every search is given a number of target tokens and reads no more: rows that do not fit are not read. Where a budget is
for many pairs, each has an equal share, so that what is found for one does not depend on the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from byheart.core.errors import UsageError
from byheart.search.port import Pair, Port


class Meter:
    """A budget in target tokens, from now on.

    Args:
        port: the target with its counter.
        budget: how many tokens may be read, 0 or more.

    Raises:
        UsageError: if the budget is negative.
    """

    def __init__(self, port: Port, budget: int) -> None:
        if budget < 0:
            raise UsageError(f"a budget is 0 tokens or more; got {budget}")
        self.port, self.budget, self._start = port, budget, port.tokens
        self.dearest = 0  # tokens of the longest row heard, so that it can still be read at the end

    @property
    def spent(self) -> int:
        """Tokens read so far."""
        return self.port.tokens - self._start

    @property
    def left(self) -> int:
        """Tokens that may still be read."""
        return self.budget - self.spent

    def charge(self, tokens: int) -> None:
        """Count tokens that are read past the port.

        Raises:
            RuntimeError: if there are not so many left; a search asks before it reads.
        """
        if tokens > self.left:
            raise RuntimeError(f"a search would read {tokens} tokens with {self.left} left")
        self.port.tokens += tokens

    def cost(self, pair: Pair, prompt: str) -> int:
        """Tokens that one reading of the continuation after a prompt takes."""
        n = self.port.ids(pair.continuation).size
        return self.port.prompt_ids(pair.context, prompt, n).size + n

    def read(self, pairs: Sequence[Pair], prompts: Sequence[str]) -> np.ndarray:
        """Mean surprise of each continuation after its prompt, float64 (rows,).

        Rows are read from the first as long as they fit; the others are NaN.
        """
        costs = np.cumsum([self.cost(pair, prompt) for pair, prompt in zip(pairs, prompts, strict=True)])
        n, found = int(np.searchsorted(costs, self.left, side="right")), np.full(len(prompts), np.nan)
        if n:
            some = pairs[:n]
            found[:n] = self.port.nll([p.context for p in some], list(prompts[:n]), [p.continuation for p in some])
        return found

    def hear(self, pair: Pair, prompts: Sequence[str]) -> list[np.ndarray]:
        """What the target says after each prompt, as many tokens as the continuation has, int32 (tokens,).

        Rows are heard from the first as long as they fit, and as long as the dearest of all heard so far could still be
        read once; the answer may be shorter than the question.
        """
        n, total = 0, 0
        for cost in (self.cost(pair, prompt) for prompt in prompts):
            if total + cost + max(self.dearest, cost) > self.left:
                break
            n, total, self.dearest = n + 1, total + cost, max(self.dearest, cost)
        if not n:
            return []
        length = self.port.ids(pair.continuation).size
        return self.port.generate([pair.context] * n, list(prompts[:n]), [length] * n)


def shares(budget: int, pairs: Sequence[Pair]) -> int:
    """What of a budget is there for each pair.

    Raises:
        UsageError: if there is no pair, or the budget is negative.
    """
    if not pairs or budget < 0:
        raise UsageError(f"a search needs a pair and a budget of 0 tokens or more; got {len(pairs)} and {budget}")
    return budget // len(pairs)


def first_prompts(starts: Sequence[str] | None, pairs: Sequence[Pair], port: Port) -> list[str]:
    """Where a search begins: the given prompts, or nothing but the context.

    Raises:
        UsageError: if there is not one start per pair.
    """
    if starts is None:
        return [bare(port, pair) for pair in pairs]
    if len(starts) != len(pairs):
        raise UsageError(f"starts are one prompt per pair; got {len(starts)} for {len(pairs)}")
    return list(starts)


def bare(port: Port, pair: Pair) -> str:
    """The prompt with which the target reads the context and nothing else."""
    return pair.context if port.compose == "prompt_only" else ""
