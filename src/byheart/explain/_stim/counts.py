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

from byheart.compare.corpus_index import CorpusIndex
from byheart.compare.corpus_index.cooccurrence import near, occurrences

Term = tuple[int, ...]
KEPT = 1 << 26
"""Places that are remembered, half a gigabyte of them."""


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


class Neighbours:
    """How often two terms stand near each other, in one document; remembers what it looked up.

    Args:
        index: of the corpus.
        window: largest distance, in tokens.
    """

    def __init__(self, index: CorpusIndex, window: int) -> None:
        self.index, self.window = index, window
        self._places: dict[tuple[int, Term], np.ndarray] = {}
        self._counts: dict[tuple[Term, int], int] = {}

    def counts(self, term: Term, candidates: np.ndarray) -> np.ndarray:
        """How often the rarer of a term and each candidate has the other near it, int64 (k,); as infini-gram counts."""
        return np.array([self._count(term, int(c)) for c in candidates], np.int64)

    def _count(self, term: Term, candidate: int) -> int:
        if max(*term, candidate) >= self.index.vocab_size:
            return 0
        key = (term, candidate)
        if key not in self._counts:
            pairs = [(self._at(s, term), self._at(s, (candidate,))) for s in range(len(self.index.shards))]
            rarer = 0 if sum(a.size for a, _ in pairs) <= sum(b.size for _, b in pairs) else 1
            self._counts[key] = sum(
                int(near(shard, pair[rarer], pair[1 - rarer], self.window, same=term == (candidate,)).sum())
                for shard, pair in zip(self.index.shards, pairs, strict=True)
            )
        return self._counts[key]

    def _at(self, shard: int, term: Term) -> np.ndarray:
        key = (shard, term)
        if key not in self._places:
            if sum(p.size for p in self._places.values()) > KEPT:
                self._places.clear()
            query = np.array(term).astype(self.index.dtype).tobytes()
            self._places[key] = occurrences(self.index.shards[shard], query)
        return self._places[key]

    def frequency(self, term: Term) -> int:
        """How often a term stands in the corpus."""
        if max(term) >= self.index.vocab_size:
            return 0
        return sum(self._at(s, term).size for s in range(len(self.index.shards)))


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
