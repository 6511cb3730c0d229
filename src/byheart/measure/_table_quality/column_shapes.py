"""Is each column of the synthetic table spread like the real one?

Source: SDMetrics' "Column Shapes" (KSComplement and TVComplement), as used by Fang et al. 2024, arXiv 2412.11044,
appendix; influence of a distribution function at its widest gap: van der Vaart 1998, Asymptotic Statistics, section 20.
"""

from __future__ import annotations

import numpy as np

from byheart.measure._table_quality.encoding import Table
from byheart.measure._table_quality.influence import Score


def column_shapes(real: Table, synthetic: Table) -> list[Score]:
    """One score for each column, over the rows that have a value; 1 when both tables are spread alike, 0 when apart.

    Returns:
        Scores in the order of `names`: 1 - KS for numbers, 1 - TVD for categories; NaN without values in a table.
    """
    p = real.n_numbers
    numbers = [ks_score(real.numbers[:, j], synthetic.numbers[:, j]) for j in range(p)]
    present = [np.where(t.absent, -1, t.codes) for t in (real, synthetic)]
    categories = [tv_score(a, b) for a, b in zip(present[0].T, present[1].T, strict=True)]
    return numbers + categories


def missing_shares(real: Table, synthetic: Table) -> list[Score]:
    """1 - |share missing in one table - share missing in the other|, for each column that has a missing value."""
    gone = [t.missing.astype(np.int64) for t in (real, synthetic)]
    some = gone[0].any(axis=0) | gone[1].any(axis=0)
    return [tv_score(a, b) for a, b in zip(gone[0].T[some], gone[1].T[some], strict=True)]


def ks_score(real: np.ndarray, synthetic: np.ndarray) -> Score:
    """1 - the largest distance between two distribution functions (Kolmogorov-Smirnov).

    Args:
        real: float64 (n,); NaN is left out.
        synthetic: float64 (m,), likewise.

    >>> ks_score(np.array([1.0, 2.0]), np.array([2.0, 3.0])).value
    0.5
    """
    a, b = np.sort(real[~np.isnan(real)]), np.sort(synthetic[~np.isnan(synthetic)])
    if not a.size or not b.size:
        return Score.unknown(len(real), len(synthetic))
    at = np.concatenate([a, b])
    below_a, below_b = np.searchsorted(a, at, "right") / a.size, np.searchsorted(b, at, "right") / b.size
    widest = int(np.argmax(np.abs(below_a - below_b)))
    gap, sign = below_a[widest] - below_b[widest], np.sign(below_a[widest] - below_b[widest])

    def moves(x: np.ndarray, share: float, n: int) -> np.ndarray:
        return np.where(np.isnan(x), 0.0, (x <= at[widest]) - share) / n

    return Score(
        float(1 - abs(gap)),
        (-sign * moves(real, below_a[widest], a.size), sign * moves(synthetic, below_b[widest], b.size)),
    )


def tv_score(real: np.ndarray, synthetic: np.ndarray) -> Score:
    """1 - half the sum of differences between the shares of each category (total variation).

    Args:
        real: int64 (n,), codes from 0; negative is left out.
        synthetic: int64 (m,), likewise.

    >>> tv_score(np.array([0, 0, 1]), np.array([0, 1, 1])).value  # doctest: +ELLIPSIS
    0.666...
    """
    a, b = real[real >= 0], synthetic[synthetic >= 0]
    if not a.size or not b.size:
        return Score.unknown(len(real), len(synthetic))
    n_codes = int(max(a.max(), b.max())) + 1
    p, q = np.bincount(a, minlength=n_codes) / a.size, np.bincount(b, minlength=n_codes) / b.size
    tilt = np.sign(p - q) / 2

    def moves(codes: np.ndarray, shares: np.ndarray, n: int) -> np.ndarray:
        return np.where(codes < 0, 0.0, tilt[codes] - tilt @ shares) / n

    return Score(float(1 - np.abs(p - q).sum() / 2), (-moves(real, p, a.size), moves(synthetic, q, b.size)))
