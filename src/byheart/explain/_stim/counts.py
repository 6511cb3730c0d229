"""How often does the corpus have each candidate: behind the same words, or near the words that mattered?

Source: Li et al. 2025, arXiv 2508.02037 (STIM), sections 3.1 to 3.3; Bouma 2009, GSCL (normalised pointwise mutual
information).
Departs from it: counts are of the model's own token ids, exact, and a term with several tokens is the tokens as they
stand in the chain; nothing is sampled and a failed lookup is an error, not a 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from byheart.index import CorpusIndex
from byheart.index.cooccurrence import occurrences
from byheart.index.shard import Shard

Term = tuple[int, ...]
KEPT = 1 << 23
"""Places that are remembered, three numbers each."""


@dataclass(frozen=True, eq=False)
class Local:
    """The n-gram channel.

    Args:
        length: tokens of w, the longest end of the context that the corpus has with the token behind it, (tokens,).
        context: how often w stands there, (tokens,).
        counts: how often each candidate follows w, (tokens, k).
    """

    length: np.ndarray
    context: np.ndarray
    counts: np.ndarray


def local_counts(index: CorpusIndex, ids: np.ndarray, positions: np.ndarray, candidates: np.ndarray) -> Local:
    """How often each candidate follows the longest known end of the context.

    Args:
        index: of the corpus.
        ids: tokens of the chain, without those that open every text, (n,).
        positions: places of the scored tokens in it, (tokens,).
        candidates: token ids (tokens, k).
    """
    length = np.maximum(longest_ends(index, ids)[positions] - 1, 0)
    known = candidates < index.vocab_size
    queries = [
        np.append(ids[t - n : t], c) if ok else np.zeros(0, np.int64)
        for t, n, row, oks in zip(positions, length, candidates, known, strict=True)
        for c, ok in zip(row, oks, strict=True)
    ]
    counts = index.count_batch(queries).reshape(candidates.shape) if queries else np.zeros(candidates.shape, np.int64)
    context = index.count_batch([ids[t - n : t] for t, n in zip(positions, length, strict=True)])
    return Local(length, context, np.where(known, counts, 0))


def longest_ends(index: CorpusIndex, ids: np.ndarray) -> np.ndarray:
    """Length of the longest stretch that ends with each token and stands in the corpus, int64 (n,).

    The longest match from each token on never ends before that of the token before it, so the longest stretch that ends
    with token t begins at the first token whose match reaches beyond t. An id unknown to the corpus ends a stretch.
    """
    lengths = np.zeros(ids.size, np.int64)
    borders = [-1, *np.flatnonzero(ids >= index.vocab_size).tolist(), ids.size]
    for left, right in pairwise(borders):
        first = left + 1
        if right > first:
            reach = np.arange(first, right) + index.match_lengths(ids[first:right])
            begin = first + np.searchsorted(reach, np.arange(first, right), "right")
            lengths[first:right] = np.arange(first, right) + 1 - begin
    return lengths


@dataclass(frozen=True, eq=False)
class Places:
    """Where a term stands in one shard.

    Args:
        at: its positions, sorted (n,).
        first: of each, the first position that is near and in the same document, (n,).
        end: the first one behind these, (n,).
    """

    at: np.ndarray
    first: np.ndarray
    end: np.ndarray

    def near(self, other: Places, *, same: bool) -> int:
        """How many of these have one of the others near them; a place is no neighbour of itself."""
        inside = np.searchsorted(other.at, self.end) - np.searchsorted(other.at, self.first)
        return int((inside > same).sum())


class Neighbours:
    """How often two terms stand near each other, in one document; remembers what it looked up.

    Args:
        index: of the corpus.
        window: largest distance, in tokens.
    """

    def __init__(self, index: CorpusIndex, window: int) -> None:
        self.index, self.window = index, window
        self._places: dict[Term, list[Places]] = {}
        self._frequency: dict[Term, int] = {}
        self._counts: dict[tuple[Term, int], int] = {}

    def counts(self, term: Term, candidates: np.ndarray) -> np.ndarray:
        """How often the rarer of a term and each candidate has the other near it, int64 (k,); as infini-gram counts."""
        return np.array([self._count(term, c) for c in candidates.tolist()], np.int64)

    def frequency(self, term: Term) -> int:
        """How often a term stands in the corpus."""
        if term not in self._frequency:
            known = max(term) < self.index.vocab_size
            self._frequency[term] = sum(p.at.size for p in self._of(term)) if known else 0
        return self._frequency[term]

    def _count(self, term: Term, candidate: int) -> int:
        key, other = (term, candidate), (candidate,)
        if key not in self._counts:
            rarer, more = sorted((term, other), key=self.frequency)
            known = self.frequency(rarer) > 0
            pairs = zip(self._of(rarer), self._of(more), strict=True) if known else ()
            self._counts[key] = sum(a.near(b, same=term == other) for a, b in pairs)
        return self._counts[key]

    def _of(self, term: Term) -> list[Places]:
        if term not in self._places:
            if sum(p.at.size for places in self._places.values() for p in places) > KEPT:
                self._places.clear()
            query = np.array(term).astype(self.index.dtype).tobytes()
            self._places[term] = [self._in(shard, query) for shard in self.index.shards]
        return self._places[term]

    def _in(self, shard: Shard, query: bytes) -> Places:
        at = occurrences(shard, query)
        begin, end = shard.bounds(shard.docs(at))
        return Places(at, np.maximum(begin, at - self.window), np.minimum(end, at + self.window + 1))


def npmi(together: np.ndarray, first: np.ndarray | int, second: np.ndarray, total: int) -> np.ndarray:
    """log(n_ab N / (n_a n_b)) / log(N / n_ab): 1 where they only stand together, 0 by chance, -1 where they never do.

    >>> npmi(np.array([10]), 10, np.array([10]), 1000).tolist()
    [1.0]
    """
    seen = (together > 0) & (together < total)
    n = np.where(seen, together, 1).astype(np.float64)
    both = np.maximum(np.asarray(first) * second.astype(np.float64), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.log(n * total / both) / np.log(total / n)
    return np.where(seen, found, np.where(together > 0, 1.0, -1.0))


def mean_cooccurrence(
    neighbours: Neighbours, terms: Sequence[Term], candidates: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean over terms of the counts and of their NPMI with each candidate, float64 (k,) each."""
    index = neighbours.index
    counts = np.stack([neighbours.counts(term, candidates) for term in terms])
    inside = np.minimum(candidates, index.vocab_size - 1)
    alone = np.where(candidates < index.vocab_size, index.unigrams[inside], 0)
    bound = [npmi(c, neighbours.frequency(t), alone, index.n_tokens) for c, t in zip(counts, terms, strict=True)]
    return counts.mean(axis=0), np.mean(bound, axis=0)
