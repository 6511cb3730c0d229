"""Where in the sorted suffixes do those stand that begin with given tokens?

One query: two bisections over rows, comparing bytes. Many queries: all at once in numpy, eight bytes per comparison.
Both begin at the samples, every 32nd suffix's first eight bytes.

Source: binary search in a suffix array, Manber & Myers 1993 (doi 10.1137/0222058).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable

import numpy as np

from byheart.index.packed import WORD, Packed, low_bits
from byheart.index.shard import Shard


def find(shard: Shard, query: bytes) -> tuple[int, int]:
    """The rows of the suffixes that begin with a query: first, and first behind.

    Args:
        shard: where to look.
        query: the little-endian bytes of its tokens.
    """
    low = int.from_bytes(query[:WORD].ljust(WORD, b"\0"), "big")
    high = int.from_bytes(query[:WORD].ljust(WORD, b"\xff"), "big")
    every = shard.sample_every
    begin = max(0, (bisect_left(shard.sample_list, low) - 1) * every + 1)
    end = min(shard.n_rows, bisect_right(shard.sample_list, high) * every)
    text, pointer, size = shard.bytes, shard.pointer, len(query)

    def opening(row: int) -> bytes:
        at = pointer(row)
        return text[at : at + size]

    rows = range(shard.n_rows)
    first = bisect_left(rows, query, begin, end, key=opening)
    if first == end or opening(first) != query:
        return first, first
    return first, bisect_right(rows, query, first + 1, end, key=opening)


def find_many(shard: Shard, text: Packed, starts: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same for many queries at once, each a stretch of one token array.

    Args:
        shard: where to look.
        text: holds the queries, with the shard's width.
        starts: position of each query in it, int64 (queries,).
        lengths: tokens of each, int64 (queries,), at least 1.

    Returns:
        First row, and first row behind, int64 (queries,) each.
    """
    per_word = text.per_word
    words, taken = text.words(starts), np.minimum(lengths, per_word)
    order = np.argsort(words)  # neighbours in the table are searched together
    first, end = (np.empty(starts.size, np.int64) for _ in range(2))
    first[order], end[order] = begin_search(shard, words[order], taken[order])
    longer = np.flatnonzero((lengths > per_word) & (first < end))
    depth = per_word
    while longer.size:
        words = text.words(starts[longer] + depth)
        taken = np.minimum(lengths[longer] - depth, per_word)
        first[longer], end[longer] = narrow(shard, first[longer], end[longer], depth, words, taken)
        depth += per_word
        longer = longer[(lengths[longer] > depth) & (first[longer] < end[longer])]
    return first, end


def begin_search(shard: Shard, words: np.ndarray, taken: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows that begin with the first `taken` tokens of each word: from the samples, then by bisection."""
    rest = low_bits(taken, shard.width)
    low, high = words & ~rest, words | rest
    left = np.searchsorted(shard.samples, low, "left")
    right = left.copy()  # few words are so frequent that a sample begins with them: only those are searched again
    more = np.flatnonzero((left < shard.samples.size) & (shard.samples.take(left, mode="clip") <= high))
    right[more] = np.searchsorted(shard.samples, high[more], "right")
    begin = np.maximum(0, (left - 1) * shard.sample_every + 1)
    end = np.minimum(shard.n_rows, right * shard.sample_every)
    # zeros stand behind the end of the text, so up to a word of suffixes too short for the query seem equal to it
    upto = np.minimum(end, left * shard.sample_every + shard.packed.per_word)
    after = np.maximum(begin, np.maximum(0, (right - 1) * shard.sample_every))
    return _between(shard, begin, np.maximum(upto, begin), end, after, 0, words, taken)


def narrow(
    shard: Shard, first: np.ndarray, end: np.ndarray, depth: int, words: np.ndarray, taken: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of rows that agree in `depth` tokens, those that go on with the first `taken` tokens of each word."""
    return _between(shard, first, end, end, first, depth, words, taken)


def _between(
    shard: Shard, begin: np.ndarray, upto: np.ndarray, end: np.ndarray, after: np.ndarray, depth: int,
    words: np.ndarray, taken: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """First row, from `begin` up to `upto`, not before the word; first row behind it, from `after` up to `end`."""
    kept = ~low_bits(taken, shard.width)
    low = words & kept
    last = shard.n_rows - depth - taken  # a suffix that starts behind this is too short to hold the word
    whole = shard.n_rows - depth - shard.packed.per_word  # none that starts up to here is

    def before(rows: np.ndarray, which: np.ndarray) -> np.ndarray:
        at = shard.positions(rows)
        found, asked = shard.packed.words(at + depth) & kept[which], low[which]
        is_before: np.ndarray = found < asked
        ends = np.flatnonzero(at > whole)
        is_before[ends] |= (found[ends] == asked[ends]) & (at[ends] > last[which[ends]])
        return is_before

    def begins(rows: np.ndarray, which: np.ndarray) -> np.ndarray:
        at = shard.positions(rows)
        does: np.ndarray = (shard.packed.words(at + depth) & kept[which]) == low[which]
        ends = np.flatnonzero(at > whole)
        does[ends] &= at[ends] <= last[which[ends]]
        return does

    every = np.arange(words.size)
    first = _bisect(begin, upto, every, before)
    held = every[first < end]
    held = held[begins(first[held], held)]
    behind = first.copy()
    behind[held] += 1  # most that is long enough to be asked for stands once
    held = held[behind[held] < end[held]]
    held = held[begins(behind[held], held)]
    behind[held] = _bisect(np.maximum(behind[held] + 1, after[held]), end[held], held, begins)
    return first, behind


def _bisect(
    low: np.ndarray, high: np.ndarray, which: np.ndarray, goes_on: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> np.ndarray:
    """First row in [low, high) for which `goes_on(rows, which)` no longer holds, per query; high if none."""
    low = low.copy()
    active = np.flatnonzero(low < high)
    a, b = low[active], high[active]
    while active.size:
        middle = (a + b) >> 1
        on = goes_on(middle, which[active])
        a, b = np.where(on, middle + 1, a), np.where(on, b, middle)
        done = a >= b
        if done.any():
            low[active[done]] = a[done]
            active, a, b = active[~done], a[~done], b[~done]
    return low
