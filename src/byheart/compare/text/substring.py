"""What is the longest stretch that two texts share, letter by letter?

With pydivsufsort, in linear time after sorting: the texts stand in one suffix array, a separator between them, and the
longest common prefix of neighbours from different texts is the answer. Without it, by prefix doubling: windows are
named, the name of a window of 2k symbols being the pair of names of its halves; names are equal exactly when the
windows are. O(n log n) array operations, stopping at the first length without a common window.

Source: Kasai et al. 2001 (doi 10.1007/3-540-48194-X_17) for the common prefixes of neighbours in a suffix array; Karp,
Miller & Rosenberg 1972 (doi 10.1145/800152.804905) for the names.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from byheart.compare.text.symbols import Symbols, as_codes
from byheart.index.suffix_array import can_sort, suffix_array, suffix_sorter

SHORT = 2_000  # symbols of both texts, up to which doubling is as fast as sorting


@dataclass(frozen=True)
class Match:
    """A shared stretch: `a[start_a : start_a + length] == b[start_b : start_b + length]`."""

    length: int
    start_a: int
    start_b: int


def longest_common_substring(a: Symbols, b: Symbols) -> Match:
    """The longest contiguous stretch that occurs in both; the first one in `a` among equals, then the first in `b`.

    Args:
        a: characters of a string or token ids, any length.
        b: the same.

    Returns:
        Match; length 0 (at 0, 0) when no symbol is shared.

    >>> longest_common_substring("the old man", "an older cat")
    Match(length=4, start_a=3, start_b=2)
    """
    codes_a, codes_b = as_codes(a), as_codes(b)
    if not can_sort() or codes_a.size + codes_b.size <= SHORT:
        return by_doubling(codes_a, codes_b)
    return by_sorting(codes_a, codes_b)


def by_sorting(a: np.ndarray, b: np.ndarray) -> Match:
    """The answer from a suffix array of both texts, int64 (n,) and (m,)."""
    _, numbers = np.unique(np.concatenate([a, b]), return_inverse=True)
    numbers = numbers.astype(np.int64) + 1
    joined = np.concatenate([numbers[: a.size], [0], numbers[a.size :]]).astype("<u4")  # the 0 stands once
    order = suffix_array(joined)
    common = suffix_sorter().kasai(joined, order)  # common[i]: of order[i] and order[i + 1]
    in_a = order < a.size
    across = np.where(in_a[:-1] != in_a[1:], common[:-1], 0)
    length = int(across.max(initial=0))
    if not length:
        return Match(0, 0, 0)
    # the rows between two shorter prefixes share the stretch; its first places in a and b are in one such group
    group = np.append(0, np.cumsum(common[:-1] < length))
    first = np.full((2, int(group[-1]) + 1), joined.size)
    np.minimum.at(first[0], group[in_a], order[in_a])
    np.minimum.at(first[1], group[~in_a], order[~in_a])
    shared = np.unique(group[np.flatnonzero(across == length)])
    best = shared[first[0, shared].argmin()]
    return Match(length, int(first[0, best]), int(first[1, best]) - a.size - 1)


def by_doubling(codes_a: np.ndarray, codes_b: np.ndarray) -> Match:
    """The answer from names of windows, int64 (n,) and (m,); needs nothing but numpy."""
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
