"""What is the longest stretch that two texts share, letter by letter?

Source: Karp, Miller & Rosenberg 1972 (doi 10.1145/800152.804905): windows are named by doubling, the name of a window
of 2k symbols being the pair of names of its halves. Names are equal exactly when windows are: no hash, no collision.
O(n log n) array operations for any input; stops doubling at the first length without a common window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from byheart.compare.symbols import Symbols, as_codes


@dataclass(frozen=True)
class Match:
    """A shared stretch: `a[start_a : start_a + length] == b[start_b : start_b + length]`."""

    length: int
    start_a: int
    start_b: int


def longest_common_substring(a: Symbols, b: Symbols) -> Match:
    """The longest contiguous stretch that occurs in both; the first one in `a` among equals.

    Args:
        a: characters of a string or token ids, any length.
        b: the same.

    Returns:
        Match; length 0 (at 0, 0) when no symbol is shared.

    >>> longest_common_substring("the old man", "an older cat")
    Match(length=4, start_a=3, start_b=2)
    """
    codes_a, codes_b = as_codes(a), as_codes(b)
    levels = [_rename(codes_a, codes_b)]  # levels[j]: names of the windows of 2**j symbols
    while _shared(*levels[-1]).any():
        a_k, b_k, k = *levels[-1], 1 << (len(levels) - 1)
        levels.append(_rename(_pair(a_k[:-k], a_k[k:]), _pair(b_k[:-k], b_k[k:])))
    if len(levels) == 1:
        return Match(0, 0, 0)
    names, length = levels[-2], 1 << (len(levels) - 2)
    for j in range(len(levels) - 3, -1, -1):  # add each smaller power of two that still leaves a common window
        longer = _rename(*(_pair(n[: -(1 << j)], p[length:]) for n, p in zip(names, levels[j], strict=True)))
        if _shared(*longer).any():
            names, length = longer, length + (1 << j)
    start_a = int(_shared(*names)[names[0]].argmax())
    return Match(length, start_a, int((names[1] == names[0][start_a]).argmax()))


def _pair(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    n = min(left.size, right.size)
    paired: np.ndarray = (left[:n] << 32) | right[:n]
    return paired


def _rename(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Small numbers in place of large ones, the same for the same, over both arrays."""
    both = np.concatenate([a, b])
    order = both.argsort()
    new = np.diff(both[order], prepend=both[order[:1]]) != 0
    names = np.empty(both.size, dtype=np.int64)
    names[order] = new.cumsum()
    return names[: a.size], names[a.size :]


def _shared(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Whether each name is in both arrays, bool (names,)."""
    seen = np.zeros((2, a.size + b.size), dtype=bool)
    seen[0, a] = True
    seen[1, b] = True
    shared: np.ndarray = seen[0] & seen[1]
    return shared
