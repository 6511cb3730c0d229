"""Do synthetic rows lie where real rows lie, everywhere where they lie, and are they rows of their own?

Source: Alaa et al. 2022, arXiv 2102.08921, sections 3 and 4 (alpha-precision, beta-recall, authenticity), on the
columns themselves, without the paper's embedding: the "naive" variant of synthcity, 30 levels.
Departs from it: numbers are divided by their real range first (`raw=True` leaves them; then the widest column decides);
the nearest other real row is one of another entity; authenticity is counted over synthetic rows as in the paper's
section 4.3, where synthcity looks up the real rows' distances by the positions of synthetic ones. The interval counts
the neighbours too. It is on the wide side (1.4 to 2 times what fresh tables differ by); with fixed neighbours it would
be too narrow as soon as rows have twins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import t as student

from byheart.core.errors import TooFewRecords
from byheart.core.verdict import Estimate
from byheart.measure._table_quality.encoding import Table
from byheart.stats.intervals import clopper_pearson

LEVELS = np.linspace(0, 1, 30)
BLOCKS = 20  # of entities, left out one after another for the interval
CHUNK = 512  # rows whose distances are held at once


@dataclass(frozen=True, eq=False)
class Places:
    """Where the rows of two tables lie to each other.

    Args:
        from_centre: float64 (real,), distance of each real row from the real centre.
        synthetic_from_centre: float64 (synthetic,), the same of synthetic rows, from the real centre.
        covered: bool (real,), the nearest synthetic row is no farther than the nearest other real row.
        cover_from_centre: float64 (real,), distance of that synthetic row from the synthetic centre.
        own: bool (synthetic,), the nearest real row has another real row nearer to it than this synthetic one.
    """

    from_centre: np.ndarray
    synthetic_from_centre: np.ndarray
    covered: np.ndarray
    cover_from_centre: np.ndarray
    own: np.ndarray


@dataclass(frozen=True, eq=False)
class _Nearest:
    """Nearest row of each block of a pool: distance, infinite without any, and position, both (rows, blocks)."""

    distance: np.ndarray
    position: np.ndarray

    def among(self, blocks: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Distance to and position of the nearest row of these blocks, (rows,)."""
        best = self.distance[:, blocks].argmin(axis=1)[:, None]
        found = (np.take_along_axis(a[:, blocks], best, axis=1)[:, 0] for a in (self.distance, self.position))
        return next(found), next(found)


@dataclass(frozen=True, eq=False)
class Between:
    """The nearest rows in each block of entities, so that any block can be left out.

    Args:
        block: int64 (real,) and (synthetic,), 0..n_blocks - 1.
        n_blocks: blocks of either table.
        n_entities: of both tables.
        to_real: nearest row of another entity in each block, for each real row.
        to_synthetic: nearest synthetic row in each block, for each real row.
        from_synthetic: nearest real row in each block, for each synthetic row.
        centres: float64 (real,), (synthetic,) from the real centre, (synthetic,) from the synthetic one.
    """

    block: tuple[np.ndarray, np.ndarray]
    n_blocks: int
    n_entities: int
    to_real: _Nearest
    to_synthetic: _Nearest
    from_synthetic: _Nearest
    centres: tuple[np.ndarray, np.ndarray, np.ndarray]

    def places(self, without: int | None = None) -> Places:
        """Of all rows, or of those outside one block, whose rows are nobody's neighbours then."""
        kept = [b for b in range(self.n_blocks) if b != without]
        real, synthetic = (np.flatnonzero(b != (-1 if without is None else without)) for b in self.block)
        other, _ = self.to_real.among(kept)
        cover, which = self.to_synthetic.among(kept)
        back, parent = self.from_synthetic.among(kept)
        return Places(
            self.centres[0][real],
            self.centres[1][synthetic],
            (cover <= other)[real],
            self.centres[2][which[real]],
            (other[parent] < back)[synthetic],
        )


def between(real: Table, synthetic: Table, *, raw: bool = False) -> Between:
    """Distances between two tables: Euclid on numbers (by real range) and on categories as 0 and 1 columns.

    Args:
        real: the training rows.
        synthetic: the rows to compare with them; as many, or recall means less.
        raw: leave numbers as they are.

    Raises:
        TooFewRecords: with fewer than 2 entities in the real table, or no synthetic row.
    """
    n, m = len(np.unique(real.groups)), len(np.unique(synthetic.groups))
    if n < 2 or m < 1:
        raise TooFewRecords(f"needs 2 real entities and a synthetic row; got {n} and {m}")
    n_blocks = min(BLOCKS, n, m)
    block, other_block = (np.unique(t.groups, return_inverse=True)[1] % n_blocks for t in (real, synthetic))
    x, y = _scaled(real, real, raw), _scaled(synthetic, real, raw)
    return Between(
        (block, other_block),
        n_blocks,
        n + m,
        _nearest(x, real, x, real, block, others_only=True),
        _nearest(x, real, y, synthetic, other_block),
        _nearest(y, synthetic, x, real, block),
        (
            _from_centre(x, real, x, real),
            _from_centre(y, synthetic, x, real),
            _from_centre(y, synthetic, y, synthetic),
        ),
    )


def alpha_precision(at: Between, *, level: float = 0.95) -> Estimate:
    """Whether synthetic rows lie at the same distances from the real centre as real rows; 1 when they do."""

    def score(p: Places) -> float:
        radii = np.quantile(p.from_centre, LEVELS)
        inside = np.searchsorted(np.sort(p.synthetic_from_centre), radii, "right")
        return _agreement(inside / p.synthetic_from_centre.size)

    return _estimate(score, at, "alpha-precision: rows of the table within each share of the real rows", level, -1.0)


def beta_recall(at: Between, *, level: float = 0.95) -> Estimate:
    """Whether real rows have a synthetic row nearer than the nearest other real row; near 0.5 for a perfect table."""

    def score(p: Places) -> float:
        inside = p.cover_from_centre <= np.quantile(p.cover_from_centre, LEVELS)[:, None]
        return _agreement((p.covered & inside).mean(axis=1))

    found = _estimate(score, at, "beta-recall: real rows covered within each share of the table", level, -1.0)
    return _no_narrower(found, at.places().covered)


def authenticity(at: Between, *, level: float = 0.95) -> Estimate:
    """Share of synthetic rows that are farther from their nearest real row than another real row is."""
    unit = "authenticity: share of rows farther from their nearest real row than another real row is"
    found = _estimate(lambda p: float(p.own.mean()), at, unit, level, 0.0)
    return _no_narrower(found, at.places().own)


def _no_narrower(found: Estimate, hits: np.ndarray) -> Estimate:
    """An interval at least as wide as that of a share of independent rows: none of 100 is no proof of none."""
    if found.low is None or found.high is None or found.value is None:
        return found
    low, high = clopper_pearson(int(hits.sum()), hits.size, found.level)
    share = float(hits.mean())
    low, high = found.value - (share - low), found.value + (high - share)
    return replace(found, low=min(found.low, max(low, 0.0)), high=max(found.high, min(high, 1.0)))


def _agreement(shares: np.ndarray) -> float:
    """1 - sum |level - share| / sum level; 1 when every level holds its share."""
    return float(1 - np.abs(LEVELS - shares).sum() / LEVELS.sum())


def _estimate(score: Callable[[Places], float], at: Between, unit: str, level: float, least: float) -> Estimate:
    """The score with an interval from leaving out one block of entities after another (Quenouille, Tukey)."""
    value, k = score(at.places()), at.n_blocks
    size = f"{unit}; {at.block[0].size} rows against {at.block[1].size}"
    if k < 4:
        return Estimate(value, None, None, at.n_entities, size, "no interval from fewer than 4 entities", level)
    left = np.array([score(at.places(without)) for without in range(k)])
    error = np.sqrt((k - 1) / k * ((left - left.mean()) ** 2).sum())
    reach = float(student.ppf((1 + level) / 2, k - 1) * error)
    how = f"neighbours counted; interval from leaving out each of {k} blocks of entities"
    return Estimate(value, max(value - reach, least), min(value + reach, 1.0), at.n_entities, size, how, level)


def _scaled(table: Table, real: Table, raw: bool) -> np.ndarray:
    """Numbers by the real range, a missing one at the real mean with a 1 beside it, float64 (rows, columns)."""
    blank = np.isnan(real.numbers).all(axis=0)
    known = np.where(blank, 0.0, real.numbers)
    low, high = np.nanmin(known, axis=0), np.nanmax(known, axis=0)
    span = np.ones_like(low) if raw else np.where(high > low, high - low, 1.0)
    gone = np.isnan(table.numbers)
    values = np.where(gone, np.nanmean(known, axis=0), table.numbers)
    return np.concatenate([(values - low) / span, gone.astype(np.float64)], axis=1)


def _nearest(
    x: np.ndarray, table: Table, y: np.ndarray, pool: Table, block: np.ndarray, *, others_only: bool = False
) -> _Nearest:
    """In one pass over the distances; with `others_only` no row of the same entity counts."""
    order = np.argsort(block, kind="stable")  # the pool block by block
    ends = np.searchsorted(block[order], np.arange(block.max() + 2))
    y, owners, codes = y[order], pool.groups[order], np.ascontiguousarray(pool.codes[order].T.astype(np.int32))
    own_codes = table.codes.astype(np.int32)
    found = _Nearest(np.empty((len(x), len(ends) - 1)), np.empty((len(x), len(ends) - 1), np.int64))
    for start in range(0, len(x), CHUNK):
        part = slice(start, start + CHUNK)
        differ = np.zeros((len(x[part]), len(y)), np.uint16)
        for own, other in zip(own_codes[part].T, codes, strict=True):
            differ += own[:, None] != other[None, :]
        squared = cdist(x[part], y, "sqeuclidean") + 2.0 * differ  # a category that differs is two ones apart
        if others_only:
            squared[table.groups[part][:, None] == owners[None, :]] = np.inf
        for b, (first, last) in enumerate(pairwise(ends)):
            best = squared[:, first:last].argmin(axis=1)
            found.distance[part, b] = np.sqrt(squared[np.arange(len(best)), first + best])
            found.position[part, b] = order[first + best]
    return found


def _from_centre(x: np.ndarray, table: Table, y: np.ndarray, centre_of: Table) -> np.ndarray:
    """Distance of each row from the mean of another table, float64 (rows,)."""
    squared = ((x - y.mean(axis=0)) ** 2).sum(axis=1)
    for own, other in zip(table.codes.T, centre_of.codes.T, strict=True):
        n_codes = int(max(own.max(initial=0), other.max(initial=0))) + 1
        share = np.bincount(other, minlength=n_codes) / len(other)
        squared = squared + 1 - 2 * share[own] + share @ share  # |e - mean|^2 for the 0/1 columns of one category
    root: np.ndarray = np.sqrt(np.maximum(squared, 0))
    return root
