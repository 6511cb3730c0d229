"""How far does a text, from each of its tokens on, stand word for word in the corpus?

All positions at once, eight bytes a step, while matches are short. What matches on for many words is searched one by
one, comparing long stretches of bytes: but the end of the match never moves back from one position to the next, so
between two positions with the same end all have it. A copied page costs a handful of searches.

Source: infini-gram's `creativity`, the search of OLMoTrace (Liu et al. 2025, arXiv 2504.07096, section 3): one search
per position, and the longer of the matches with the two neighbours of where it would stand.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from byheart.index.packed import Packed
from byheart.index.search import begin_search, narrow
from byheart.index.shard import Shard

STEPS = 12  # words compared for all positions at once, before the long matches are taken one by one
_BLOCK = 64  # bytes of the first comparison of a long match; doubled while equal


def match_lengths(shard: Shard, tokens: np.ndarray) -> np.ndarray:
    """Length of the longest match that starts at each token.

    Args:
        shard: where to look.
        tokens: of the shard's dtype (tokens,).

    Returns:
        int64 (tokens,); 0 where the token itself does not occur.
    """
    n = tokens.size
    text, lengths = Packed.of(tokens), np.zeros(n, np.int64)
    active = np.arange(n)
    lo, hi = np.zeros(n, np.int64), np.full(n, shard.n_rows)
    for step in range(STEPS):
        depth = step * text.per_word
        words, taken = text.words(active + depth), np.minimum(n - active - depth, text.per_word)
        search = begin_search(shard, words, taken) if step == 0 else narrow(shard, lo, hi, depth, words, taken)
        first, end = search
        held = first < end
        lengths[active[held]] = depth + taken[held]
        lost = ~held
        partial = _partial(shard, (lo[lost], hi[lost]), first[lost], depth, words[lost], taken[lost])
        lengths[active[lost]] = depth + partial
        held &= active + depth + taken < n
        active, lo, hi = active[held], first[held], end[held]
        if not active.size:
            return lengths
    return _finish_long(shard, tokens, lengths, (active, lo, hi), STEPS * text.per_word)


def _partial(
    shard: Shard, within: tuple[np.ndarray, np.ndarray], at: np.ndarray, depth: int, words: np.ndarray,
    taken: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Tokens of a word that one of the neighbours of its place in the table shares, fewer than `taken`."""
    best = np.zeros(at.size, np.int64)
    for neighbour in (at - 1, at):
        inside = (neighbour >= within[0]) & (neighbour < within[1])
        start = shard.positions(neighbour[inside]) + depth
        found = shard.packed.words(start)
        same = np.minimum(_same_tokens(found ^ words[inside], shard.width), shard.n_rows - start)
        best[inside] = np.maximum(best[inside], np.minimum(same, taken[inside]))
    return best


def _same_tokens(difference: np.ndarray, width: int) -> np.ndarray:
    """Leading tokens in which two words agree, from their exclusive or."""
    same = np.zeros(difference.size, np.int64)
    for tokens in range(1, 8 // width + 1):
        same += (difference >> np.uint64(64 - 8 * width * tokens)) == 0
    return same


def _finish_long(
    shard: Shard, tokens: np.ndarray, lengths: np.ndarray, rows: tuple[np.ndarray, np.ndarray, np.ndarray], depth: int
) -> np.ndarray:
    active, lo, hi = rows
    text = tokens.tobytes()

    def end(i: int) -> int:
        at = int(active[i])
        return at + _longest(shard, text, at * shard.width, int(lo[i]), int(hi[i]), depth * shard.width) // shard.width

    lengths[active] = _monotone(end, active.size) - active
    return lengths


def _monotone(value: Callable[[int], int], n: int) -> np.ndarray:
    """All values of a function that never falls, asking for few of them where it stays the same."""
    values = np.zeros(n, np.int64)
    values[0], values[-1] = value(0), value(n - 1)
    spans = [(0, n - 1)]
    while spans:
        a, b = spans.pop()
        if values[a] == values[b]:
            values[a:b] = values[a]
        elif b - a > 1:
            middle = (a + b) // 2
            values[middle] = value(middle)
            spans += [(a, middle), (middle, b)]
    return values


def _longest(shard: Shard, text: bytes, start: int, lo: int, hi: int, depth: int) -> int:
    """Bytes of `text` from `start` on that some suffix of the rows shares; all rows share `depth` of them."""
    best = left = right = depth  # what the query shares with the rows before lo and from hi on
    while lo < hi:
        middle = (lo + hi) >> 1
        at = shard.pointer(middle)
        same = _common(shard, at, text, start, min(left, right))
        best = max(best, same)
        if start + same == len(text):
            break
        if at + same == len(shard.bytes) or shard.bytes[at + same] < text[start + same]:
            lo, left = middle + 1, same
        else:
            hi, right = middle, same
    return best // shard.width * shard.width


def _common(shard: Shard, at: int, text: bytes, start: int, known: int) -> int:
    """Bytes in which the corpus from `at` and the text from `start` agree, at least `known`."""
    block = _BLOCK
    while True:
        a = shard.bytes[at + known : at + known + block]
        b = text[start + known : start + known + block]
        if a != b:
            both = min(len(a), len(b))
            differs = int.from_bytes(a[:both], "big") ^ int.from_bytes(b[:both], "big")
            return known + both - (differs.bit_length() + 7) // 8
        known += len(a)
        if len(a) < block:
            return known
        block = min(2 * block, 1 << 20)
