"""What would one guess a text to say next by repeating what it said before, without any model?

At each position, the longest of the contexts of 1, 2, 4, 8 and 16 tokens that has occurred before in the same text is
looked up, and the token that followed its latest occurrence is the guess. Contexts get names by doubling, so that the
whole corpus is read with a few sorts.
"""

from __future__ import annotations

import numpy as np

from byheart.core.ragged import Ragged

ORDERS = (1, 2, 4, 8, 16)


def guess_by_repeating(token_ids: Ragged) -> Ragged:
    """The guess at every position, -1 where no context has occurred before in the row.

    Args:
        token_ids: int (rows, tokens).

    Returns:
        int64, in the same rows.

    >>> guess_by_repeating(Ragged.of([[5, 6, 5, 6, 5], [5, 7]]))[0].tolist()
    [-1, -1, -1, 6, 5]
    """
    tokens, row = token_ids.values.astype(np.int64), token_ids.row
    position = np.arange(tokens.size) - token_ids.offsets[:-1][row]
    guesses = np.full(tokens.size, -1, dtype=np.int64)
    names = _renamed(row, tokens)  # names of the context of `order` tokens that ends here, rows kept apart
    for order in ORDERS:
        ends = np.flatnonzero(position >= order - 1)
        earlier = _latest_before(names, ends)
        follows = (earlier >= 0) & (ends + 1 < tokens.size)
        at, source = ends[follows] + 1, earlier[follows] + 1
        inside = row[at] == row[at - 1]
        guesses[at[inside]] = tokens[source[inside]]
        ends = np.flatnonzero(position >= 2 * order - 1)
        longer = np.zeros_like(names)
        longer[ends] = _renamed(names[ends - order], names[ends])
        names = longer
    return token_ids.like(guesses)


def _latest_before(names: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """For each of the positions `ends`, the nearest earlier one of the same name, or -1."""
    order = np.argsort(names[ends], kind="stable")
    ordered = ends[order]
    same = names[ordered[1:]] == names[ordered[:-1]]
    before = np.full(ends.size, -1, dtype=np.int64)
    before[order[1:][same]] = ordered[:-1][same]
    return before


def _renamed(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """A small number for each distinct pair."""
    _, names = np.unique((left << 32) | right, return_inverse=True)
    return names.astype(np.int64)
