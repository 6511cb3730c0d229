"""In which pieces does a model read texts, and which of them go through it together?

A text longer than the context is read in windows that overlap by half of it: every token is predicted once, with at
least half a context before it where the text has that much. Pieces of like length share a batch, so that hardly any
of it is padding. The last token of a piece predicts nothing and is not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.errors import TargetError

PADDING = 0.05


@dataclass(frozen=True, eq=False)
class Window:
    """A piece of one text.

    Args:
        row: the number of the text.
        ids: what the model reads, int32 (tokens,).
        skip: how many of these predict nothing that is asked.
        at: number, within the text, of the token that the first position after `skip` predicts.
        tokens: the tokens to predict, int32 (tokens - skip,).
    """

    row: int
    ids: np.ndarray
    skip: int
    at: int
    tokens: np.ndarray


def windows(row: int, ids: np.ndarray, n_front: int, room: int, lead: np.ndarray | None = None) -> list[Window]:
    """Cut one text.

    Args:
        row: the number of the text.
        ids: its tokens (tokens,), special tokens in front included.
        n_front: how many of them are in front; they are repeated before every window.
        room: tokens that the model reads at once.
        lead: read in place of the front tokens, when the text follows something.

    Raises:
        TargetError: if there is no room for two tokens of text.
    """
    lead = ids[:n_front] if lead is None else lead
    body = ids[n_front:]
    size = room - lead.size
    if size < 2:
        raise TargetError(f"a context of {room} tokens leaves no room for the text; use a shorter prefix")
    starts = [0] if body.size <= size else [*range(0, body.size - size, size // 2), body.size - size]
    found, done = [], 0 if lead.size else 1
    for start in starts:
        stop = min(start + size, body.size)
        if stop > done:
            read = np.concatenate([lead, body[start : stop - 1]])
            found.append(Window(row, read, done - start + lead.size - 1, n_front + done, body[done:stop]))
            done = stop
    return found


def batches(pieces: Sequence[Window], max_tokens: int) -> list[list[Window]]:
    """Put pieces of like length together, longest first.

    Args:
        pieces: what is to be read.
        max_tokens: tokens in a batch, padding included; a longer piece goes alone.

    Returns:
        Batches of which at most `PADDING` is padding.
    """
    groups: list[list[Window]] = []
    real = 0
    for piece in sorted(pieces, key=lambda w: (-w.ids.size, w.row, w.at)):
        if groups:
            padded = groups[-1][0].ids.size * (len(groups[-1]) + 1)
            if padded <= max_tokens and real + piece.ids.size >= (1 - PADDING) * padded:
                groups[-1].append(piece)
                real += piece.ids.size
                continue
        groups.append([piece])
        real = piece.ids.size
    return groups
