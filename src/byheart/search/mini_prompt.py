"""How short can a prompt be that makes the target say a text, against the length of the text?

A text that comes back from fewer tokens than it has is stored in the model, or so the ratio says. Read it beside the
same texts with their words in another order, and beside what zlib makes of them. A search that fails shows nothing but
a bound: the ratio is then at most the one given.

Source: Schwarzschild et al. 2024, arXiv 2404.15146, algorithm 1 (MiniPrompt) and definition 1 (adversarial compression
ratio, ACR).
Departs from it: a text for which no prompt was found has no ratio but an upper bound; all lengths share one budget, and
the longest prompt tried is as long as the text, as longer ones do not compress.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.errors import DataError, UsageError
from byheart.core.progress import progress
from byheart.core.randomness import generator
from byheart.models.text.prompt_search import BACKWARD, white_box
from byheart.search.climb import Plan, climb
from byheart.search.meter import Meter, shares
from byheart.search.port import Pair, Port
from byheart.search.safe_prompts import drawn_place

FIRST, STEPS, PATIENCE = 5, 200, 1.2  # first length, its steps if the plan names none, their growth after a failure


@dataclass(frozen=True)
class Tried:
    """One length that was tried: tokens of the prompt, whether one was found, target tokens read."""

    n_tokens: int
    found: bool
    spent: int


@dataclass(frozen=True)
class MiniPrompt:
    """The shortest prompt that was found for a text.

    Args:
        id: of the text.
        prompt: the prompt; None if none was found.
        n_text: tokens of the text.
        n_prompt: tokens of the prompt; where none was found, one more than the longest that was tried in full.
        n_bytes, n_zlib: bytes of the text, and of the text compressed.
        tried: all lengths, in order.
        spent: target tokens read.
    """

    id: str
    prompt: str | None
    n_text: int
    n_prompt: int
    n_bytes: int
    n_zlib: int
    tried: tuple[Tried, ...]
    spent: int

    @property
    def ratio(self) -> float:
        """Tokens of the text per token of the prompt; an upper bound if `prompt` is None. Above 1 is compressed."""
        return self.n_text / self.n_prompt

    @property
    def compressed(self) -> bool:
        """Whether a prompt shorter than the text makes the model say it."""
        return self.prompt is not None and self.ratio > 1

    @property
    def beyond_zlib(self) -> bool:
        """Whether the prompt is a smaller part of the text in tokens than the zlib file is in bytes."""
        return self.prompt is not None and self.ratio > self.n_bytes / self.n_zlib


def mini_prompt(
    port: Port, texts: Sequence[Pair], *, budget: int, seed: int, plan: Plan | None = None
) -> list[MiniPrompt]:
    """The shortest prompt for each text, by a search along the gradient at one length after another.

    After a success the prompt is one token shorter, after a failure five longer and the search a fifth longer; it ends
    when nothing is left between the longest failure and the shortest success.

    Args:
        port: the target, open, which reads the prompt alone.
        texts: what is to be said; contexts are not used and must be empty.
        budget: target tokens over all texts, an equal share for each.
        seed: of starts and candidates.
        plan: candidates, and steps at the first length.

    Returns:
        One answer per text.

    Raises:
        UsageError: if the port composes prompts with contexts, or there is no text.
        TargetError: if the target gives no gradient.
    """
    white_box(port.target)
    if port.compose != "prompt_only" or any(pair.context for pair in texts):
        raise UsageError(f"the shortest prompt stands alone: give prompt_only and empty contexts; got {port.compose}")
    share, plan = shares(budget, texts), plan or Plan()
    return [_shortest(port, pair, share, seed, plan) for pair in progress(texts, "Shortening prompts")]


def _shortest(port: Port, pair: Pair, share: int, seed: int, plan: Plan) -> MiniPrompt:
    meter, n_text = Meter(port, share), port.ids(pair.continuation).size
    failed, solved, prompt, tried = 0, n_text + 1, None, list[Tried]()
    n, steps = min(FIRST, n_text), float(plan.steps or STEPS)
    while failed < n < solved:
        rng = generator(seed, "mini_prompt", pair.id, str(n))
        before = meter.spent
        try:
            where, start = drawn_place(port, [pair], n, rng)
        except DataError:
            break
        wanted = round(steps)
        found = climb(where, start, meter=meter, rng=rng, plan=Plan(plan.n_candidates, plan.top_k, True, wanted))
        tried.append(Tried(n, found.recited, meter.spent - before))
        if found.recited:
            solved, prompt, n = n, port.target.decode(found.prompt), n - 1
        elif found.steps < wanted and meter.left < (BACKWARD + 1) * where.size(n):
            break  # the budget was spent before the steps were made, so this length was not tried in full
        else:
            failed, n, steps = n, min(n + FIRST, solved - 1), steps * PATIENCE
    size, squeezed = len(pair.continuation.encode()), len(zlib.compress(pair.continuation.encode(), 9))
    n_prompt = solved if prompt is not None else failed + 1
    return MiniPrompt(pair.id, prompt, n_text, n_prompt, size, squeezed, tuple(tried), meter.spent)


def shuffled(texts: Sequence[Pair], *, seed: int) -> list[Pair]:
    """The control: the same words of each continuation in an order drawn at random."""
    made = []
    for pair in texts:
        words = pair.continuation.split(" ")
        order = generator(seed, "shuffled", pair.id).permutation(len(words))
        made.append(Pair(pair.id, pair.context, " ".join(np.array(words, dtype=object)[order])))
    return made
