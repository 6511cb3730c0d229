"""Which texts are nearly the same, word for word?

Texts are sets of runs of n words; alike is a Jaccard similarity (shared runs / all runs of both) of at least a
threshold. MinHash finds candidates: with b bands of r hashes a pair of similarity s is found with probability
1 - (1 - s^r)^b. What it finds is then compared in full, so a pair named here is at least as alike as it says; how many
are missed is told by that formula.

Source: Broder 1997 (doi 10.1109/SEQUEN.1997.666900); bands as in datatrove (14 bands of 8 over 5-grams). Hashes are
those of rensa, or of datasketch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.errors import MissingExtra, UsageError
from byheart.core.ragged import Ragged
from byheart.core.randomness import derive_seed
from byheart.data.text.ngrams import words_of
from byheart.index.clusters import clusters_of

try:
    import rensa
except ImportError:
    rensa = None
try:
    import datasketch
except ImportError:
    datasketch = None

ENGINES = ("rensa", "datasketch")
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, eq=False)
class NearDuplicates:
    """Texts that are nearly the same.

    Args:
        pairs: rows, first before second, sorted, int64 (pairs, 2). A text with the same runs as an earlier one is
            paired with the first such only.
        jaccard: share of common runs of each pair, float (pairs,); NaN when not verified.
        clusters: the first row of each text's cluster, int64 (texts,). Clusters chain: their ends may be less alike
            than the threshold, as `loosest` shows.
        loosest: least similarity of a member to the first of its cluster, 1 without clusters.
        threshold: least similarity of a pair.
        recall: probability that a pair exactly at the threshold is found.
    """

    pairs: np.ndarray
    jaccard: np.ndarray
    clusters: np.ndarray
    loosest: float
    threshold: float
    recall: float

    @property
    def removable(self) -> np.ndarray:
        """Texts that are not the first of their cluster, bool (texts,)."""
        copies: np.ndarray = self.clusters != np.arange(self.clusters.size)
        return copies

    def at(self, threshold: float) -> NearDuplicates:
        """The same, with a higher threshold; nothing is compared again.

        Raises:
            UsageError: if the threshold is lower, or the pairs were not verified.
        """
        if not self.threshold <= threshold <= 1 or np.isnan(self.jaccard).any():
            raise UsageError(f"a threshold from {self.threshold} to 1, on verified pairs; got {threshold}")
        kept = self.jaccard >= threshold
        clusters = clusters_of(self.pairs[kept], self.clusters.size)
        return NearDuplicates(self.pairs[kept], self.jaccard[kept], clusters, np.nan, threshold, np.nan)


def found_probability(similarity: float, bands: int, rows: int) -> float:
    """Probability that a pair becomes a candidate.

    >>> round(found_probability(0.8, 14, 8), 3)
    0.924
    """
    return float(1 - (1 - similarity**rows) ** bands)


def near_duplicates(
    texts: Sequence[str], threshold: float = 0.8, *, ngram: int = 5, num_perm: int = 112, bands: int = 14,
    engine: str = "rensa", verify: bool = True, seed: int = 0,
) -> NearDuplicates:  # fmt: skip
    """Pairs and clusters of texts that share most of their runs of words.

    Args:
        texts: the texts, (texts,). Case and punctuation do not count.
        threshold: least Jaccard similarity of a pair, in (0, 1].
        ngram: words per run; a shorter text is one run of its own words. A text without words is like no other.
        num_perm: hashes per text; a multiple of `bands`.
        bands: groups of hashes; all of one group must agree.
        engine: `rensa` or `datasketch`, which makes the hashes.
        verify: compare candidates in full; without, pairs are those that share a band, whatever the threshold.
        seed: of the hashes.

    Raises:
        UsageError: if an option has no meaning.
        MissingExtra: without the engine.
    """
    if not 0 < threshold <= 1 or ngram < 1 or bands < 1 or num_perm < bands or num_perm % bands:
        raise UsageError(
            "the threshold is in (0, 1], ngram at least 1 and num_perm a multiple of bands; "
            f"got threshold {threshold}, ngram {ngram}, num_perm {num_perm}, bands {bands}"
        )
    runs = shingles(texts, ngram)
    first = _first_of_its_runs(runs)
    own = first == np.arange(len(texts))
    pairs = _candidates(_hashes(runs, num_perm, engine, seed), own & (runs.lengths > 0), bands)
    pairs = np.concatenate([pairs, np.stack([first[~own], np.flatnonzero(~own)], axis=1)])
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    similarity = jaccard(runs, pairs) if verify else np.full(len(pairs), np.nan)
    if verify:
        kept = similarity >= threshold
        pairs, similarity = pairs[kept], similarity[kept]
    clusters = clusters_of(pairs, len(texts))
    copies = np.flatnonzero(clusters != np.arange(len(texts)))
    to_first = jaccard(runs, np.stack([clusters[copies], copies], axis=1))
    return NearDuplicates(
        pairs, similarity, clusters, float(to_first.min(initial=1.0)), threshold,
        found_probability(threshold, bands, num_perm // bands),
    )  # fmt: skip


def shingles(texts: Sequence[str], ngram: int) -> Ragged:
    """The different runs of n words of each text, as sorted 64-bit numbers, uint64 (texts, runs)."""
    (words,) = words_of(texts)
    rows = []
    for a, b in zip(words.offsets[:-1], words.offsets[1:], strict=True):
        own = words.values[a:b]
        size = min(ngram, own.size)
        run = np.zeros(max(0, own.size - size + 1) if own.size else 0, np.uint64)
        for j in range(size):
            run = run * _MULTIPLIER + own[j : own.size - size + 1 + j]
        rows.append(np.unique(run))
    return Ragged.of(rows, dtype=np.uint64)


def jaccard(runs: Ragged, pairs: np.ndarray) -> np.ndarray:
    """Shared runs over all runs of both, for each pair of rows, float (pairs,); 0 for two texts without words."""
    shared = np.array([np.intersect1d(runs[int(a)], runs[int(b)], assume_unique=True).size for a, b in pairs], float)
    either = runs.lengths[pairs].sum(axis=1) - shared
    alike: np.ndarray = np.divide(shared, either, out=np.zeros(len(pairs)), where=either > 0)
    return alike


def _hashes(runs: Ragged, num_perm: int, engine: str, seed: int) -> np.ndarray:
    """The least of each of `num_perm` hashes over each text's runs, (texts, num_perm)."""
    if engine not in ENGINES:
        raise UsageError(f"engine is one of {', '.join(ENGINES)}; got {engine!r}")
    if (rensa if engine == "rensa" else datasketch) is None:
        raise MissingExtra(engine, "index")
    seed = derive_seed(seed, "minhash") % (1 << 32)
    if engine == "rensa":
        made = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
            runs.values, runs.offsets.astype(np.uint64), num_perm, seed
        )
        return np.array(made.to_rows(), np.uint64).reshape(len(runs), num_perm)
    sketch = datasketch.MinHash(num_perm=num_perm, seed=seed, hashfunc=lambda run: int(run) & 0xFFFF_FFFF)
    rows = np.empty((len(runs), num_perm), np.uint64)
    for i in range(len(runs)):
        one = sketch.copy()
        one.update_batch(runs[i].tolist())
        rows[i] = one.hashvalues
    return rows


def _first_of_its_runs(runs: Ragged) -> np.ndarray:
    """The first text with the same runs, int64 (texts,); a text without words is its own."""
    seen: dict[bytes, int] = {}
    return np.array([i if not run.size else seen.setdefault(run.tobytes(), i) for i, run in enumerate(runs)], np.int64)


def _candidates(hashes: np.ndarray, wanted: np.ndarray, bands: int) -> np.ndarray:
    """Pairs of wanted rows that agree in all hashes of a band, first before second, int64 (pairs, 2)."""
    found = [np.zeros((0, 2), np.int64)]
    texts = np.flatnonzero(wanted)
    for band in np.array_split(hashes[texts], bands, axis=1):
        _, key = np.unique(band, axis=0, return_inverse=True)
        order = np.argsort(key, kind="stable")
        for group in np.split(texts[order], np.flatnonzero(np.diff(key[order])) + 1):
            if group.size > 1:
                left, right = np.triu_indices(group.size, 1)
                found.append(np.stack([group[left], group[right]], axis=1))
    return np.unique(np.concatenate(found), axis=0)
