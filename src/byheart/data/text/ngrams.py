"""Which records share long runs of words? Hashed word n-grams, in time linear in the words.

Source: Brown et al. 2020, arXiv 2005.14165, appendix C (13-grams as the sign of a copy between two sets of text).
Departs from it: a pair counts by the share of the shorter record's n-grams that stand in the longer one, not by any one
n-gram; records too short for long n-grams are compared by short ones; n-grams of templates are left out.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SHORT = 5  # words per n-gram for records of fewer than 2n words
TEMPLATE = 50  # an n-gram in more records than this, on both sides, is a template and no sign of a copy

# One word each: a letter of a script written without spaces, or a run of letters, digits and underscores.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|[^\W\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, eq=False)
class Words:
    """Records as word numbers, stored flat.

    Args:
        values: the number of each word, random 64 bits, uint64 (total,).
        offsets: where each record starts, int64 (records + 1,).
    """

    values: np.ndarray
    offsets: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """Words of each record, int64 (records,)."""
        return np.diff(self.offsets)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Records of two sides that share words.

    Args:
        left: row on the left side, int64 (pairs,).
        right: row on the right side, int64 (pairs,).
        share: share of the shorter record's n-grams that stand in the other, float (pairs,), in (0, 1].
    """

    left: np.ndarray
    right: np.ndarray
    share: np.ndarray


def words_of(*sides: Sequence[str]) -> list[Words]:
    """The words of each side's texts, lower-cased; the same word has the same number on every side."""
    number = _Numbers()
    found = []
    for texts in sides:
        flat = array("Q")
        offsets = np.zeros(len(texts) + 1, np.int64)
        for i, text in enumerate(texts):
            flat.extend([number[word] for word in _WORD.findall(text.lower())])
            offsets[i + 1] = len(flat)
        found.append(Words(_scrambled(np.frombuffer(flat, np.uint64)), offsets))
    return found


class _Numbers(dict[str, int]):
    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number


def near_pairs(left: Words, right: Words, *, n: int, threshold: float, template: int = TEMPLATE) -> Pairs:
    """Pairs of which the shorter record has at least a share `threshold` of its n-grams in the other.

    Args:
        left: one side.
        right: the other; the same object twice compares a side with itself (left < right in each pair).
        n: words per n-gram. If it is more than `SHORT`, shorter records of fewer than 2n words are compared by `SHORT`
            words, and those of fewer than twice `SHORT` not at all.
        threshold: in (0, 1].
        template: n-grams in more records than this on both sides are ignored.
    """
    levels = [(n, 2 * n, None), (SHORT, 2 * SHORT, 2 * n)] if n > SHORT else [(n, n, None)]
    parts = []
    for size, least, most in levels:
        parts.append(_contained(left, right, size, (least, most), threshold, template))
        if left is not right:
            turned = _contained(right, left, size, (least, most), threshold, template)
            parts.append(Pairs(turned.right, turned.left, turned.share))
    return _without_repeats(parts, same=left is right)


def _contained(
    short: Words, long: Words, size: int, words: tuple[int, int | None], threshold: float, template: int
) -> Pairs:
    """Pairs (row of `short`, row of `long`) whose second record is no shorter and holds the first one's n-grams."""
    lengths = short.lengths
    wanted = (lengths >= words[0]) & (lengths < (words[1] or np.inf))
    rows, hashes = _ngrams(short, size, wanted)
    others, other_hashes = _ngrams(long, size, long.lengths >= words[0])
    runs = np.bincount(rows, minlength=lengths.size)
    met = _perhaps_in(other_hashes, _repeated(hashes) if short is long else hashes)
    posting = _Postings(others[met], other_hashes[met])
    met = _perhaps_in(hashes, posting.hashes)
    rows, hashes = rows[met], hashes[met]
    at, shared = posting.find(hashes)
    rows, hashes, at = rows[shared], hashes[shared], at[shared]
    own = _Postings(rows, hashes)
    is_template = (own.records[own.find(hashes)[0]] > template) & (posting.records[at] > template)
    total = runs - np.bincount(rows[is_template], minlength=lengths.size)
    hits = np.bincount(rows[~is_template], minlength=lengths.size)
    candidates = (hits > 0) & (hits >= threshold * total)
    keep = ~is_template & candidates[rows]
    return _joined(rows[keep], at[keep], posting, total, threshold, short, long)


def _joined(
    rows: np.ndarray, at: np.ndarray, posting: _Postings, total: np.ndarray, threshold: float, short: Words, long: Words
) -> Pairs:
    parts = []
    work = np.cumsum(posting.records[at])
    begin = 0
    while begin < rows.size:  # some millions of (n-gram, record) meetings at a time, whole records together
        base = work[begin - 1] if begin else 0
        end = max(int(np.searchsorted(work, base + 4_000_000, "right")), begin + 1)
        end = int(np.searchsorted(rows, rows[end - 1], "right"))
        left, right = posting.meet(rows[begin:end], at[begin:end])
        apart = (left != right) if short is long else np.ones(left.size, bool)
        apart &= long.lengths[right] >= short.lengths[left]
        pair, met = np.unique(left[apart] * np.int64(long.lengths.size) + right[apart], return_counts=True)
        left, right = pair // long.lengths.size, pair % long.lengths.size
        near = met >= threshold * total[left]
        parts.append(Pairs(left[near], right[near], met[near] / total[left[near]]))
        begin = end
    return _stacked(parts)


class _Postings:
    """Which records hold an n-gram: an index over distinct (n-gram, record)."""

    def __init__(self, rows: np.ndarray, hashes: np.ndarray) -> None:
        order = np.lexsort((rows, hashes))
        rows, hashes = rows[order], hashes[order]
        first = np.ones(rows.size, bool)
        first[1:] = (hashes[1:] != hashes[:-1]) | (rows[1:] != rows[:-1])
        self.rows, hashes = rows[first], hashes[first]
        self.hashes, self.start, self.records = np.unique(hashes, return_index=True, return_counts=True)

    def find(self, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Place of each n-gram in the index, and whether it is there."""
        if not self.hashes.size:
            return np.zeros(hashes.size, np.int64), np.zeros(hashes.size, bool)
        at = np.minimum(np.searchsorted(self.hashes, hashes), self.hashes.size - 1)
        return at, self.hashes[at] == hashes

    def meet(self, rows: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Every (row, record that holds its n-gram)."""
        lengths = self.records[at]
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return np.repeat(rows, lengths), self.rows[np.repeat(self.start[at], lengths) + within]


def _repeated(hashes: np.ndarray) -> np.ndarray:
    """The hashes that occur more than once."""
    ordered = np.sort(hashes)
    twice: np.ndarray = ordered[1:][ordered[1:] == ordered[:-1]]
    return twice


def _perhaps_in(hashes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether a hash may be among others: false only when it is not. Spares sorting what nobody shares."""
    bits = min(max(int(others.size).bit_length() + 3, 8), 28)
    table = np.zeros(1 << bits, bool)
    table[others >> np.uint64(64 - bits)] = True
    found: np.ndarray = table[hashes >> np.uint64(64 - bits)]
    return found


def _ngrams(words: Words, size: int, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and hash of every n-gram, with repeats, of the wanted records."""
    places = words.values.size - size + 1
    if places < 1 or not wanted.any():
        return np.zeros(0, np.int64), np.zeros(0, np.uint64)
    row = np.repeat(np.arange(words.lengths.size), words.lengths)[:places]
    inside = (np.arange(places) + size <= words.offsets[row + 1]) & wanted[row]
    hashes = np.zeros(places, np.uint64)
    for j in range(size):
        hashes = hashes * _MULTIPLIER + words.values[j : j + places]
    return row[inside], hashes[inside]


def _scrambled(numbers: np.ndarray) -> np.ndarray:
    """64 well-mixed bits per number (the finalizer of splitmix64, Steele et al. 2014)."""
    z = (numbers + np.uint64(1)) * _MULTIPLIER
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _none() -> Pairs:
    return Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


def _stacked(parts: list[Pairs]) -> Pairs:
    if not parts:
        return _none()
    return Pairs(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("left", "right", "share")))


def _without_repeats(parts: list[Pairs], *, same: bool) -> Pairs:
    """Each pair once, with its largest share, sorted."""
    pairs = _stacked(parts)
    left, right = (np.minimum, np.maximum) if same else (lambda a, _: a, lambda _, b: b)
    a, b = left(pairs.left, pairs.right), right(pairs.left, pairs.right)
    order = np.lexsort((-pairs.share, b, a))
    a, b, share = a[order], b[order], pairs.share[order]
    first = np.ones(a.size, bool)
    first[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
    return Pairs(a[first], b[first], share[first])
