"""What does the target read when a prompt was written for a text: the prompt alone, before the text, or after it?

A prompt is text, as the hunter's tokens are not the target's; what is composed is text too, and is cut into tokens as a
whole. Two parts that would run into each other are kept apart by one space.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from byheart.core.errors import DataError, UsageError
from byheart.core.target import LanguageModel
from byheart.signals.text.token_logprobs import n_front

Compose = Literal["prompt_only", "prepend", "append"]


def composed(context: str, prompt: str, how: Compose) -> str:
    """The text that the target reads.

    Args:
        context: x, the beginning that the owner has.
        prompt: p, what was written for it.
        how: `prompt_only` reads p, `prepend` p and then x, `append` x and then p.

    Raises:
        UsageError: if there is no such way.

    >>> composed("In the beginning", "Genesis:", "prepend")
    'Genesis: In the beginning'
    """
    if how not in get_args(Compose):
        raise UsageError(f"a prompt is composed as one of {', '.join(get_args(Compose))}; got {how!r}")
    parts = {"prompt_only": (prompt, ""), "prepend": (prompt, context), "append": (context, prompt)}[how]
    first, second = parts
    apart = bool(first and second) and not first[-1].isspace() and not second[0].isspace()
    return f"{first} {second}" if apart else first + second


def text_ids(target: LanguageModel, text: str) -> np.ndarray:
    """Tokens of a text without the special ones in front, int32 (tokens,)."""
    encoded = target.encode(text)
    return encoded.ids[n_front(target, encoded) :]


def composed_ids(target: LanguageModel, context: str, prompt: str, how: Compose, *, room: int) -> np.ndarray:
    """Tokens of the composed text with the special ones in front, int32 (tokens,).

    Where they are more than `room`, the earliest tokens after the special ones are left out.

    Raises:
        DataError: if there is no room for one token.
    """
    if room < target.front.size + 1:
        raise DataError(f"a context of {target.context} tokens leaves room for {room} before the continuation")
    ids = text_ids(target, composed(context, prompt, how))
    return np.concatenate([target.front, ids[max(0, ids.size + target.front.size - room) :]]).astype(np.int32)
