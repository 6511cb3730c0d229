"""In which order do all the suffixes of a token array stand, when they are sorted?

The order is that of infini-gram's tables: by the little-endian bytes of the tokens, a suffix that ends before one that
goes on. Sorting is divsufsort's, O(n log n) for any input, so text that repeats itself does not slow it down.
Tokens are first renumbered in that order with as few bytes as their number needs: 100,000 different 4-byte tokens are
sorted as 3 bytes each, 200 of them as one.

Source: Mori, libdivsufsort (2006), through pydivsufsort; order of the tables: Liu et al. 2024, arXiv 2401.17377.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from byheart.core.errors import MissingExtra

try:
    import pydivsufsort
except ImportError:
    pydivsufsort = None


_TABLE = 1 << 24  # ids up to which a table of all of them is kept


def suffix_array(tokens: np.ndarray) -> np.ndarray:
    """Where each suffix starts, in sorted order.

    Args:
        tokens: little-endian uint8, uint16 or uint32 (tokens,).

    Returns:
        int32, or int64 from 2^31 bytes on, (tokens,): a permutation of the positions.

    Raises:
        MissingExtra: without pydivsufsort.

    >>> suffix_array(np.frombuffer(b"banana", np.uint8)).tolist()
    [5, 3, 1, 0, 4, 2]
    """
    sorter = suffix_sorter()
    if not tokens.size:
        return np.zeros(0, np.int32)
    packed = _packed(tokens)
    width = packed.size // tokens.size
    order: np.ndarray = sorter.divsufsort(packed)
    if width == 1:
        return order
    aligned: np.ndarray = order[order % width == 0]
    aligned //= width
    return aligned


def can_sort() -> bool:
    """Whether pydivsufsort is installed."""
    return pydivsufsort is not None


def suffix_sorter() -> Any:
    """The module pydivsufsort.

    Raises:
        MissingExtra: if it is not installed.
    """
    if pydivsufsort is None:
        raise MissingExtra("pydivsufsort", "index")
    return pydivsufsort


def _packed(tokens: np.ndarray) -> np.ndarray:
    """Big-endian bytes of the tokens' numbers in table order, uint8 (tokens x width,), writable."""
    if tokens.dtype.itemsize == 1:
        return np.array(tokens, dtype=np.uint8)
    numbers, n_kinds = _numbers(tokens)
    width = max(1, (int(n_kinds - 1).bit_length() + 7) // 8)
    big = numbers.astype(">u4").view(np.uint8).reshape(tokens.size, 4)
    return np.ascontiguousarray(big[:, -width:]).ravel()


def _numbers(tokens: np.ndarray) -> tuple[np.ndarray, int]:
    """Each token's place among the different ones in table order, and how many there are.

    The order is that of the reversed bytes as a number, as the first byte of a token weighs most.
    """
    everything = np.iinfo(tokens.dtype).max
    beyond = int(tokens.max(initial=0, where=tokens != everything)) + 1  # the separator is counted here
    if beyond > _TABLE:
        kinds, numbers = np.unique(tokens.byteswap(), return_inverse=True)
        return numbers, kinds.size
    slots = np.minimum(tokens, beyond)
    seen = np.zeros(beyond + 1, bool)
    seen[slots] = True
    ids = np.flatnonzero(seen)
    order = np.argsort(np.where(ids == beyond, everything, ids).astype(tokens.dtype).byteswap())
    place = np.zeros(beyond + 1, np.uint32)
    place[ids[order]] = np.arange(ids.size)
    return place[slots], ids.size
