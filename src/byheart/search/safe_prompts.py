"""Which token sequences are prompts at all: does the text that they make come back as the same tokens?

A search over tokens may find a sequence that no text gives. The target is asked in text, so a prompt counts only if the
composed text is cut into exactly the tokens that were searched over, next to what stands around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.errors import DataError
from byheart.models.text.prompt_search import Frame, plain_tokens
from byheart.search.port import Pair, Port

DRAWS = 64


@dataclass(frozen=True, eq=False)
class Place:
    """The prompt's place in what the target reads for some pairs, all with one prompt.

    Args:
        port: the target.
        pairs: contexts and continuations.
        frames: what stands around the prompt, one per pair.
        plain: tokens that a prompt may hold, bool (vocabulary,).
    """

    port: Port
    pairs: Sequence[Pair]
    frames: list[Frame]
    plain: np.ndarray

    def size(self, n_prompt: int) -> int:
        """Tokens that one reading of all pairs takes."""
        return sum(frame.size(n_prompt) for frame in self.frames)

    def holds(self, prompt: np.ndarray) -> bool:
        """Whether the prompt (tokens,), as text, is read as these very tokens with every pair."""
        if not self.plain[prompt].all():
            return False
        text = self.port.target.decode(prompt)
        if not np.array_equal(self.port.ids(text), prompt):
            return False
        return all(
            np.array_equal(
                self.port.prompt_ids(pair.context, text, frame.continuation.size),
                np.concatenate([frame.head, prompt, frame.tail]),
            )
            for pair, frame in zip(self.pairs, self.frames, strict=True)
        )


def place(port: Port, pairs: Sequence[Pair], start: str) -> tuple[Place, np.ndarray] | None:
    """Where a prompt stands and its tokens, int32 (tokens,); None if its text is not cut out as tokens of its own.

    A start is also tried without blanks at its ends, and with one before it, which is how it is composed after a text.
    """
    plain = plain_tokens(port.target)
    for text in dict.fromkeys([start, " " + start, start.strip(), " " + start.strip()]):
        prompt = port.ids(text)
        frames = [_frame(port, pair, text, prompt) for pair in pairs]
        found = Place(port, pairs, [f for f in frames if f is not None], plain)
        if prompt.size and len(found.frames) == len(frames) and found.holds(prompt):
            return found, prompt
    return None


def drawn_place(port: Port, pairs: Sequence[Pair], n_tokens: int, rng: np.random.Generator) -> tuple[Place, np.ndarray]:
    """A place with a prompt of n tokens drawn at random.

    Raises:
        DataError: if no such prompt is found.
    """
    for _ in range(DRAWS):
        prompt = drawn_prompt(port, n_tokens, rng)
        found = None if prompt is None else place(port, pairs, port.target.decode(prompt))
        if found is not None and found[1].size == n_tokens:
            return found
    raise DataError(f"{port.target.name} has no text of {n_tokens} tokens that comes back as the same tokens")


def drawn_prompt(port: Port, n_tokens: int, rng: np.random.Generator) -> np.ndarray | None:
    """Tokens drawn one after another, int32 (tokens,); words with a blank before them where there are such tokens."""
    plain, prompt = np.flatnonzero(plain_tokens(port.target)), np.zeros(0, np.int32)
    for _ in range(n_tokens):
        fitting = None
        for token in rng.choice(plain, DRAWS):
            longer = np.append(prompt, np.int32(token))
            text = port.target.decode(longer)
            if np.array_equal(port.ids(text), longer):
                fitting = longer
                if text[-2:].isalpha() or port.target.decode([token]).startswith(" "):
                    break
        if fitting is None:
            return None
        prompt = fitting
    return prompt


def _frame(port: Port, pair: Pair, text: str, prompt: np.ndarray) -> Frame | None:
    y = port.ids(pair.continuation)
    whole, front = port.prompt_ids(pair.context, text, y.size), port.target.front.size
    at = whole.size - prompt.size if port.compose == "append" else front
    if at < front or not np.array_equal(whole[at : at + prompt.size], prompt):
        return None
    return Frame(whole[:at], whole[at + prompt.size :], y)
