"""How many edits turn one text into another, and which?

Source: edit distance and alignment by rapidfuzz, bit-parallel (Hyyrö 2003 after Myers 1999). `best_window` is Myers
1999 (doi 10.1145/316542.316550), the search form: the pattern may begin and end anywhere in the text, so a copy that
is shifted, or sits inside other words, is found at its true distance. One Python integer holds a whole column.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import LCSseq, Levenshtein

from byheart.compare.text.symbols import Symbols, as_strings


@dataclass(frozen=True)
class Block:
    """One step from `a[a_start:a_end]` to `b[b_start:b_end]`; its kind is equal, replace, delete or insert."""

    kind: str
    a_start: int
    a_end: int
    b_start: int
    b_end: int


@dataclass(frozen=True)
class Window:
    """The part `text[start:end]` that is nearest to a pattern, and how many edits away it is."""

    distance: int
    start: int
    end: int


def edit_distance(a: Symbols, b: Symbols) -> int:
    """Fewest insertions, deletions and replacements that turn `a` into `b`.

    >>> edit_distance("kitten", "sitting")
    3
    """
    return int(Levenshtein.distance(*as_strings(a, b)))


def edit_similarity(a: Symbols, b: Symbols) -> float:
    """1 - distance / length of the longer: 1 for equal texts (two empty ones too), 0 when nothing can stay."""
    longer = max(len(a), len(b))
    return 1.0 - edit_distance(a, b) / longer if longer else 1.0


def longest_common_subsequence(a: Symbols, b: Symbols) -> int:
    """Most symbols that occur in both in the same order, gaps allowed.

    >>> longest_common_subsequence("abcde", "xaxcxe")
    3
    """
    return int(LCSseq.similarity(*as_strings(a, b)))


def align(a: Symbols, b: Symbols) -> list[Block]:
    """A cheapest way from `a` to `b` as blocks that cover both without a hole.

    >>> [(s.kind, s.a_start, s.a_end) for s in align("abc", "ac")]
    [('equal', 0, 1), ('delete', 1, 2), ('equal', 2, 3)]
    """
    steps = Levenshtein.opcodes(*as_strings(a, b))
    return [Block(s.tag, s.src_start, s.src_end, s.dest_start, s.dest_end) for s in steps]


def best_window(pattern: Symbols, text: Symbols) -> Window:
    """The part of `text` with the fewest edits to `pattern`; the first to end among equals, then the shortest.

    Returns:
        Window; its distance is at most `len(pattern)`, reached by the empty part when nothing matches.

    >>> best_window("memory", "in living memry alone")
    Window(distance=1, start=10, end=15)
    """
    pattern, text = as_strings(pattern, text)
    ends = _distances(pattern, text, anchored=False)
    end = int(ends.argmin())
    starts = _distances(pattern[::-1], text[:end][::-1], anchored=True)
    return Window(int(ends[end]), end - int(starts.argmin()), end)


def _distances(pattern: str, text: str, *, anchored: bool) -> np.ndarray:
    """Distance of the pattern to the nearest part of the text that ends at each position, int64 (text + 1,).

    Anchored: the part begins at 0, so that entry j is the distance to `text[:j]`. Names are those of Myers' Figure 4.
    """
    m = len(pattern)
    distances = np.zeros(len(text) + 1, dtype=np.int64)
    if m == 0:
        return np.arange(len(text) + 1) if anchored else distances
    full, top = (1 << m) - 1, 1 << (m - 1)
    peq: dict[str, int] = {}
    for i, symbol in enumerate(pattern):
        peq[symbol] = peq.get(symbol, 0) | (1 << i)
    pv, mv, score = full, 0, m
    distances[0] = m
    for j, symbol in enumerate(text, start=1):
        eq = peq.get(symbol, 0)
        xv = eq | mv
        xh = (((eq & pv) + pv) ^ pv) | eq
        ph = mv | (full & ~(xh | pv))
        mh = pv & xh
        score += bool(ph & top) - bool(mh & top)
        ph = (ph << 1) | anchored
        mh <<= 1
        pv = full & (mh | ~(xv | ph))
        mv = ph & xv & full
        distances[j] = score
    return distances
