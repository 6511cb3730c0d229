"""How long a stretch comes back when a word may be changed, left out or put in here and there?

Runs of words that both texts share are the seeds; runs that follow each other in both, a small gap apart, are chained;
the longest part of a chain in which few enough words differ is a block. Seeding and chaining take linear time where no
run of words stands in a text again and again.

Source: Freeman et al. 2024, arXiv 2412.06370, measures the longest common substring; the block form after later audits
of whole books, from seeds of 8 words, is ours. With gaps forbidden it is the longest common substring of words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from byheart.compare.text.symbols import Symbols, as_codes

SEED, GAP, SIMILAR, LONG = 8, 20, 0.9, 100
COMMON = 64
"""A run of words that stands in a text more often than this seeds nothing: it is a list or a refrain."""


@dataclass(frozen=True)
class Block:
    """`a[start_a:end_a]` comes back as `b[start_b:end_b]`, with so many edits at most."""

    start_a: int
    end_a: int
    start_b: int
    end_b: int
    edits: int

    @property
    def length(self) -> int:
        """Words of `a`."""
        return self.end_a - self.start_a


@dataclass(frozen=True)
class NearBlocks:
    """What of a text comes back nearly word for word.

    Args:
        length: words of the text in the longest block.
        recall: share of its words in long blocks.
        blocks: all of them, longest first; no two share a word of the text.
    """

    length: int
    recall: float
    blocks: tuple[Block, ...]


def near_blocks(
    text: Symbols, other: Symbols, *, seed: int = SEED, gap: int = GAP, similar: float = SIMILAR, long: int = LONG
) -> NearBlocks:
    """The stretches of `text` that stand in `other` with few words changed.

    Args:
        text: words as numbers (or characters) of the text.
        other: where they may stand.
        seed: shortest run in common that counts.
        gap: words between two runs, in either text, that may differ; 0 forbids gaps.
        similar: least 1 - edits / words of the longer side of a block.
        long: words from which a block counts for `recall`.

    Returns:
        NearBlocks; length and recall 0 where no run is shared. Edits are those of the chain, never fewer than needed.

    >>> near_blocks("a day in the life", "a day on the life", seed=2).length
    17
    """
    a, b = as_codes(text), as_codes(other)
    blocks: list[Block] = []
    free = np.ones(a.size, dtype=bool)
    for chain in _chains(_runs(a, b, seed), gap):
        for block in _blocks(chain, similar):
            if free[block.start_a : block.end_a].all():
                free[block.start_a : block.end_a] = False
                blocks.append(block)
    blocks.sort(key=lambda block: -block.length)
    whole = sum(block.length for block in blocks if block.length >= long)
    return NearBlocks(blocks[0].length if blocks else 0, whole / a.size if a.size else 0.0, tuple(blocks))


def _runs(a: np.ndarray, b: np.ndarray, k: int) -> np.ndarray:
    """Every longest run of k or more that both share: start in a, start in b, length, int64 (runs, 3), by start."""
    names_a, names_b = _named(a, b, k)
    order = np.argsort(names_b, kind="stable")
    left, right = (np.searchsorted(names_b[order], names_a, side=s) for s in ("left", "right"))
    times = right - left
    often = np.bincount(names_a, minlength=1)[names_a] if names_a.size else times
    times[(times > COMMON) | (often > COMMON)] = 0
    at_a = np.repeat(np.arange(names_a.size), times)
    nth = np.arange(at_a.size) - np.repeat(np.cumsum(times) - times, times)
    at_b = order[np.repeat(left, times) + nth]
    if not at_a.size:
        return np.zeros((0, 3), dtype=np.int64)
    by_diagonal = np.lexsort((at_a, at_b - at_a))
    at_a, at_b = at_a[by_diagonal], at_b[by_diagonal]
    apart = (np.diff(at_b - at_a) != 0) | (np.diff(at_a) > k)
    first, last = np.append(True, apart), np.append(apart, True)
    runs = np.stack([at_a[first], at_b[first], at_a[last] - at_a[first] + k], axis=1)
    by_start: np.ndarray = runs[np.lexsort((runs[:, 1], runs[:, 0]))]
    return by_start


def _named(a: np.ndarray, b: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """A number for each run of k, the same for the same over both, from 0."""
    windows = np.lib.stride_tricks.sliding_window_view
    runs = [windows(x, k) if x.size >= k else np.zeros((0, k), x.dtype) for x in (a, b)]
    _, names = np.unique(np.concatenate(runs), axis=0, return_inverse=True)
    return names.reshape(-1)[: len(runs[0])], names.reshape(-1)[len(runs[0]) :]


@dataclass
class _Link:
    """A run at the end of a chain; a run that overlaps the one before it begins later."""

    start_a: int
    start_b: int
    length: int
    score: float
    before: int = -1

    @property
    def ends(self) -> tuple[int, int]:
        return self.start_a + self.length, self.start_b + self.length


def _chains(runs: np.ndarray, gap: int) -> Iterator[list[_Link]]:
    """Runs one behind the other in both texts, those with most words in common first; each run in one chain.

    The score of a chain is its words in common less the differences of its gaps.
    """
    links: list[_Link] = []
    near: list[int] = []  # links that may still be gone on from
    for start_a, start_b, length in runs.tolist():
        near = [i for i in near if links[i].ends[0] + gap >= start_a]
        best = _Link(start_a, start_b, length, length)
        for i in near:
            candidate = _after(links, i, start_a, start_b, length, gap)
            if candidate is not None and candidate.score > best.score:
                best = candidate
        near.append(len(links))
        links.append(best)
    used = [False] * len(links)
    for end in sorted(range(len(links)), key=lambda i: -links[i].score):
        chain, at = [], end
        while at >= 0 and not used[at]:
            used[at] = True
            chain.append(links[at])
            at = links[at].before
        if chain:
            yield chain[::-1]


def _after(links: list[_Link], i: int, start_a: int, start_b: int, length: int, gap: int) -> _Link | None:
    """The run put behind link i, its overlap cut off; None where it cannot stand there."""
    end_a, end_b = links[i].ends
    cut = max(0, end_a - start_a, end_b - start_b)
    gap_a, gap_b = start_a + cut - end_a, start_b + cut - end_b
    if cut >= length or max(gap_a, gap_b) > gap:
        return None
    score = links[i].score + length - cut - abs(gap_a - gap_b)
    return _Link(start_a + cut, start_b + cut, length - cut, score, i)


def _blocks(chain: list[_Link], similar: float) -> Iterator[Block]:
    """The chain cut into its longest similar enough part, then what is left of it on either side.

    From run s to run e a part is similar enough when edits <= (1 - similar) x words, in a or in b; both sides add up
    run by run, so that the first s for each e stands where the largest value so far is large enough.
    """
    waiting = [chain]
    while waiting:
        part = waiting.pop()
        start, end = (np.array([(c.start_a, c.start_b) for c in part]), np.array([c.ends for c in part]))
        edits = np.append(0, np.cumsum((start[1:] - end[:-1]).max(axis=1)))
        allowed, longest = 1 - similar, (-1, 0, 0)
        for side in (0, 1):
            reach = np.maximum.accumulate(edits - allowed * start[:, side])
            first = np.searchsorted(reach, edits - allowed * end[:, side] - 1e-9)
            words = end[:, 0] - start[first, 0]
            e = int(words.argmax())
            longest = max(longest, (int(words[e]), int(first[e]), e))
        _, s, e = longest
        (a, b), (a_end, b_end) = start[s].tolist(), end[e].tolist()
        yield Block(a, a_end, b, b_end, int(edits[e] - edits[s]))
        waiting += [rest for rest in (part[:s], part[e + 1 :]) if rest]
