"""How often do two terms stand near each other in one document?

Each occurrence of the one looks for the nearest occurrence of the other to its left and to its right, within its own
document, and counts when either is at most `window` tokens away, from first token to first token. All occurrences are
looked at: nothing is sampled, and a neighbour in another document never hides one in this.

Source: the two-clause CNF count of infini-gram (Liu et al. 2024, arXiv 2401.17377), used by STIM (arXiv 2508.02037).
Departs from it: infini-gram 2.6.0 loses an occurrence when its left neighbour lies in the previous document, and counts
a part of frequent terms while calling it exact; here every count is exact. A term is not its own neighbour.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from byheart.index.search import find
from byheart.index.shard import Shard

Unit = Literal["a", "rarer", "docs"]
_CHUNK = 1 << 20  # occurrences looked at together


def occurrences(shard: Shard, query: bytes) -> np.ndarray:
    """Where a query stands, sorted, int64 (occurrences,)."""
    first, end = find(shard, query)
    return np.sort(shard.positions(np.arange(first, end)))


def near(shard: Shard, a: np.ndarray, b: np.ndarray, window: int, *, same: bool) -> np.ndarray:
    """Whether some b is near each a, bool (len(a),).

    Args:
        shard: whose positions they are.
        a: sorted positions.
        b: sorted positions.
        window: largest distance, in tokens.
        same: whether the two terms are one, so that a place is no neighbour of itself.
    """
    if not a.size or not b.size:
        return np.zeros(a.size, bool)
    begin, end = shard.bounds(shard.docs(a))
    left = np.searchsorted(b, a, "left" if same else "right") - 1
    right = np.searchsorted(b, a, "right" if same else "left")
    on_left = (left >= 0) & (b[left] >= np.maximum(begin, a - window))
    at_right = b[np.minimum(right, b.size - 1)]
    on_right = (right < b.size) & (at_right < np.minimum(end, a + window + 1))
    found: np.ndarray = on_left | on_right
    return found


def cooccurrences(shard: Shard, a: bytes, others: list[bytes], window: int, *, by_document: bool) -> np.ndarray:
    """How often a term stands near each of others, in one shard.

    Args:
        shard: where to count.
        a: the term.
        others: the terms that may be near it, (others,).
        window: largest distance, in tokens.
        by_document: count documents that hold such a pair, in place of occurrences of the first term.

    Returns:
        int64 (others,).
    """
    mine = occurrences(shard, a)
    counts = np.zeros(len(others), np.int64)
    for i, other in enumerate(others):
        theirs = occurrences(shard, other)
        parts = np.array_split(mine, 1 + mine.size // _CHUNK)
        found = [part[near(shard, part, theirs, window, same=a == other)] for part in parts]
        if by_document:
            counts[i] = np.unique(np.concatenate([np.unique(shard.docs(at)) for at in found])).size
        else:
            counts[i] = sum(at.size for at in found)
    return counts
