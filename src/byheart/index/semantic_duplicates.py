"""Which texts say the same in other words?

Each text is a vector, and two are alike when the cosine of their vectors is at least a threshold. All pairs are
compared, in blocks of matrix products. A cosine means nothing by itself, as each embedding has its own scale: the
report says what random pairs of the same texts reach, and how many pairs the threshold would name by that.

Source: Abbas et al. 2023, arXiv 2303.09540 (SemDeDup). Departs from it: all pairs, not those of one k-means cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.errors import DataError, UsageError
from byheart.core.progress import progress
from byheart.core.randomness import generator
from byheart.index.clusters import clusters_of

BLOCK = 2048  # texts compared with all others at a time
RANDOM_PAIRS = 10_000


@dataclass(frozen=True, eq=False)
class SemanticDuplicates:
    """Texts that say the same.

    Args:
        pairs: rows, first before second, sorted, int64 (pairs, 2).
        cosine: of each pair, float32 (pairs,).
        clusters: the first row of each text's cluster, int64 (texts,).
        threshold: least cosine of a pair.
        random: cosines of random pairs of the texts, sorted, float32: what the embedding gives to texts in general.
    """

    pairs: np.ndarray
    cosine: np.ndarray
    clusters: np.ndarray
    threshold: float
    random: np.ndarray

    @property
    def removable(self) -> np.ndarray:
        """Texts that are not the first of their cluster, bool (texts,)."""
        copies: np.ndarray = self.clusters != np.arange(self.clusters.size)
        return copies

    @property
    def random_share(self) -> float:
        """Share of random pairs at or above the threshold; near 0 if the threshold sets duplicates apart."""
        return float((self.random >= self.threshold).mean()) if self.random.size else 0.0


def semantic_duplicates(
    texts: Sequence[str], embed: Callable[[Sequence[str]], np.ndarray], threshold: float = 0.95, *, seed: int = 0
) -> SemanticDuplicates:
    """Pairs and clusters of texts that mean the same.

    Args:
        texts: the texts, (texts,).
        embed: texts to vectors, float (texts, numbers); of any length, as only directions count. The shipped ones are
            in `byheart.models.text.text_embedding`.
        threshold: least cosine of a pair, in (-1, 1].
        seed: of the random pairs.

    Raises:
        UsageError: if the threshold has no meaning.
        DataError: if the embedding gives other than one finite vector per text.
    """
    if not -1 < threshold <= 1:
        raise UsageError(f"a cosine threshold is in (-1, 1]; got {threshold}")
    vectors = _unit(np.asarray(embed(texts), np.float32), len(texts))
    pairs, cosine = _near(vectors, threshold)
    rng = generator(seed, "semantic duplicates")
    a = rng.integers(0, max(1, len(texts)), RANDOM_PAIRS if len(texts) > 1 else 0)
    b = (a + rng.integers(1, max(2, len(texts)), a.size)) % max(1, len(texts))
    random = np.sort(np.einsum("ij,ij->i", vectors[a], vectors[b]))
    return SemanticDuplicates(pairs, cosine, clusters_of(pairs, len(texts)), threshold, random)


def _unit(vectors: np.ndarray, n: int) -> np.ndarray:
    if n == 0:
        return np.zeros((0, 1), np.float32)
    if vectors.ndim != 2 or len(vectors) != n or not np.isfinite(vectors).all():
        raise DataError(f"an embedding gives one finite vector per text; got {vectors.shape} for {n} texts")
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: np.ndarray = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    return unit


def _near(vectors: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    pairs, cosines = [np.zeros((0, 2), np.int64)], [np.zeros(0, np.float32)]
    has_meaning: np.ndarray = np.asarray(vectors.any(axis=1))
    for start in progress(range(0, len(vectors), BLOCK), "Comparing all pairs of texts"):
        cosine = np.minimum(vectors[start : start + BLOCK] @ vectors[start:].T, 1)
        left, right = np.nonzero(np.triu(cosine >= threshold - 1e-6, 1))  # rounding: a copy may have 1 - 1e-7
        kept = has_meaning[left + start] & has_meaning[right + start]
        pairs.append(np.stack([left[kept], right[kept]], axis=1) + start)
        cosines.append(cosine[left[kept], right[kept]])
    return np.concatenate(pairs), np.concatenate(cosines)
