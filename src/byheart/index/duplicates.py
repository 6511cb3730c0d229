"""Which stretches of the corpus stand in it more than once?

Every window of `min_len` tokens inside a document that occurs again, anywhere, is a duplicate; a token is duplicated
when such a window covers it. Windows that repeat inside one shard are neighbours in its table. Whether a window stands
in another shard is asked of that shard's table; to ask for few, only every h-th block of h = ceil(min_len / 2) tokens
is asked first, as each window holds one of them whole.

Source: Lee et al. 2022, arXiv 2107.06499, section 4 (exact-substring deduplication).
Departs from it: documents are never matched across their borders; copies in other shards are found; and a range, which
is a union of windows, says whether it repeats as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from byheart.core.errors import UsageError
from byheart.index.packed import low_bits
from byheart.index.search import find_many
from byheart.index.shard import Shard

if TYPE_CHECKING:
    from byheart.index.index import CorpusIndex

_CHUNK = 1 << 20  # rows looked at together


@dataclass(frozen=True, eq=False)
class DuplicateReport:
    """What stands more than once.

    Args:
        min_len: tokens per window.
        n_tokens: tokens of the corpus.
        n_duplicated: tokens in a window that occurs at least twice.
        n_removable: tokens in a window that has occurred before, in the order of the documents: what deduplication
            cuts, keeping the first of each.
        ranges: document, first token, token behind, int64 (ranges, 3): unions of overlapping duplicated windows, in
            order.
        copies: how often each range as a whole stands in the corpus, int64 (ranges,); 1 when only parts of it repeat.
        removable: the same as `ranges` for the removable tokens, int64 (m, 3).
    """

    min_len: int
    n_tokens: int
    n_duplicated: int
    n_removable: int
    ranges: np.ndarray
    copies: np.ndarray
    removable: np.ndarray

    @property
    def share(self) -> float:
        """Share of the tokens that are duplicated."""
        return self.n_duplicated / self.n_tokens if self.n_tokens else 0.0

    @property
    def removable_share(self) -> float:
        """Share of the tokens that deduplication would cut."""
        return self.n_removable / self.n_tokens if self.n_tokens else 0.0


def find_duplicates(index: CorpusIndex, min_len: int) -> DuplicateReport:
    """All duplicates of at least `min_len` tokens.

    Raises:
        UsageError: if `min_len` is below 1.
    """
    if min_len < 1:
        raise UsageError(f"a duplicate has at least 1 token; got {min_len}")
    twice, before = [], []
    for s, shard in enumerate(index.shards):
        again, repeated = _within(shard, min_len)
        for t, other in enumerate(index.shards):
            if t != s:
                there = _in_other(shard, other, min_len)
                repeated |= there
                if t < s:
                    again |= there
        twice.append(_ranges(shard, repeated, min_len))
        before.append(_ranges(shard, again, min_len))
    ranges, removable = np.concatenate(twice), np.concatenate(before)
    copies = np.array([index.count(index.document(int(d))[a:b]) for d, a, b in ranges], np.int64)
    return DuplicateReport(
        min_len, index.n_tokens, _total(ranges), _total(removable), ranges, copies, removable
    )  # fmt: skip


def _total(ranges: np.ndarray) -> int:
    return int((ranges[:, 2] - ranges[:, 1]).sum())


def _within(shard: Shard, min_len: int) -> tuple[np.ndarray, np.ndarray]:
    """Windows that stood earlier in the shard, and windows that stand twice in it, bool (positions,) each."""
    again, repeated = np.zeros((2, shard.n_rows), bool)
    carried = np.zeros(0, np.int64)  # the group of equal windows that the last chunk ended with
    for start in range(0, shard.n_rows, _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, shard.n_rows))
        at = np.concatenate([carried, shard.positions(rows)])
        same = _equal_windows(shard, at, min_len)
        group = np.cumsum(np.append(True, ~same)) - 1
        last = group == group[-1]
        closed = ~last if rows[-1] + 1 < shard.n_rows else np.ones(at.size, bool)
        carried = at[~closed]
        at, group = at[closed], group[closed]
        if at.size:
            starts = np.flatnonzero(np.diff(group, prepend=-1))
            many = np.bincount(group)[group] > 1
            repeated[at[many]] = True
            again[at[at > np.minimum.reduceat(at, starts)[group]]] = True
    return again, repeated


def _equal_windows(shard: Shard, at: np.ndarray, min_len: int) -> np.ndarray:
    """Whether each position and the next of the list hold the same window, inside documents, bool (len(at) - 1,)."""
    same = np.ones(max(0, at.size - 1), bool)
    for depth in range(0, min_len, shard.packed.per_word):
        taken = np.full(1, min(shard.packed.per_word, min_len - depth))
        pairs = np.flatnonzero(same)
        wanted = np.zeros(at.size, bool)
        wanted[pairs] = wanted[pairs + 1] = True
        asked, words = np.flatnonzero(wanted), np.zeros(at.size, np.uint64)
        words[asked] = shard.packed.words(np.minimum(at[asked] + depth, shard.n_rows)) & ~low_bits(taken, shard.width)
        same[pairs] = words[pairs] == words[pairs + 1]
    pairs = np.flatnonzero(same)
    whole = _fits(shard, at[pairs], min_len) & _fits(shard, at[pairs + 1], min_len)
    same[pairs] = whole
    return same


def _fits(shard: Shard, at: np.ndarray, min_len: int) -> np.ndarray:
    """Whether a window from each position on lies inside one document."""
    begin, end = shard.bounds(shard.docs(at))
    fits: np.ndarray = (at >= begin) & (at + min_len <= end)
    return fits


def _in_other(shard: Shard, other: Shard, min_len: int) -> np.ndarray:
    """Windows of one shard that stand in another, bool (positions,)."""
    found = np.zeros(shard.n_rows, bool)
    block = (min_len + 1) // 2
    for start in range(0, shard.n_rows, _CHUNK):
        blocks = np.arange(-(-start // block) * block, min(start + _CHUNK, shard.n_rows - block + 1), block)
        blocks = blocks[_fits(shard, blocks, block)]
        held = blocks[_stands(shard, other, blocks, block)]
        windows = np.unique((held[:, None] - np.arange(min_len - block + 1)).ravel())
        windows = windows[windows >= 0]
        windows = windows[_fits(shard, windows, min_len)]
        found[windows[_stands(shard, other, windows, min_len)]] = True
    return found


def _stands(shard: Shard, other: Shard, at: np.ndarray, length: int) -> np.ndarray:
    if not at.size:
        return np.zeros(0, bool)
    first, end = find_many(other, shard.packed, at, np.full(at.size, length))
    held: np.ndarray = first < end
    return held


def _ranges(shard: Shard, windows: np.ndarray, min_len: int) -> np.ndarray:
    """Unions of overlapping windows as (document, first token, token behind), int64 (ranges, 3)."""
    at = np.flatnonzero(windows)
    docs = shard.docs(at)
    new = np.ones(at.size, bool)
    new[1:] = (np.diff(at) >= min_len) | (np.diff(docs) > 0)
    last = np.append(new[1:], True)[: at.size]
    begin, _ = shard.bounds(docs[new])
    return np.stack([docs[new] + shard.first_doc, at[new] - begin, at[last] + min_len - begin], axis=1)
