"""Do two columns of the synthetic table go together as in the real one?

Source: SDMetrics' CorrelationSimilarity and ContingencySimilarity ("Column Pair Trends"), as used by Fang et al. 2024,
arXiv 2412.11044, appendix; influence of a correlation: Devlin, Gnanadesikan & Kettenring 1975, Biometrika 62:531-545.
Departs from it: where a column is constant in one table only, its correlation counts as 0 there instead of leaving the
pair out; bins lie on the range of the real column for both tables, as in ContingencySimilarity, where SDMetrics' report
lays them on each table's own range and so does not see a column that is shifted or stretched.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from byheart.measure._table_quality.column_shapes import tv_score
from byheart.measure._table_quality.encoding import Table
from byheart.measure._table_quality.influence import Score


def all_pairs(n_columns: int) -> list[tuple[int, int]]:
    """Every two columns, by position."""
    return list(combinations(range(n_columns), 2))


def pair_trends(real: Table, synthetic: Table, pairs: list[tuple[int, int]], *, bins: int = 10) -> list[Score]:
    """One score for each pair of columns; 1 when they go together as in the real table.

    Args:
        real: the training rows.
        synthetic: the rows to compare with them.
        pairs: positions in `names`, the smaller first.
        bins: of a number that is paired with a category, equally wide on the range of the real column.

    Returns:
        Scores in the order of the pairs: 1 - |difference of correlations| / 2 for two numbers, else 1 - TVD of the
        two tables of counts; NaN for numbers that are constant in both tables, or have no two rows in common.
    """
    cells, other_cells = _cells(real, synthetic, bins)
    p, size = real.n_numbers, 4 * (len(real) + len(synthetic))
    found = []
    for i, j in pairs:
        if j < p:
            found.append(correlation_score(real.numbers[:, [i, j]], synthetic.numbers[:, [i, j]]))
            continue
        width = 1 + int(max(cells[:, j].max(initial=0), other_cells[:, j].max(initial=0)))
        a, b = cells[:, i] * width + cells[:, j], other_cells[:, i] * width + other_cells[:, j]
        if max(a.max(initial=0), b.max(initial=0)) > size:  # far more cells than rows: number those that occur
            both = np.unique(np.concatenate([a, b]), return_inverse=True)[1]
            a, b = both[: len(a)], both[len(a) :]
        found.append(tv_score(a, b))
    return found


def correlation_score(real: np.ndarray, synthetic: np.ndarray) -> Score:
    """1 - |r - r'| / 2 for the Pearson correlations of two columns in two tables.

    Args:
        real: float64 (n, 2); rows with a NaN are left out.
        synthetic: float64 (m, 2), likewise.
    """
    (r, moves), (s, other_moves) = _correlation(real), _correlation(synthetic)
    if np.isnan(r) and np.isnan(s):
        return Score.unknown(len(real), len(synthetic))
    r, s = np.nan_to_num(r), np.nan_to_num(s)
    tilt = np.sign(r - s) / 2
    return Score(float(1 - abs(r - s) / 2), (-tilt * moves, tilt * other_moves))


def _correlation(x: np.ndarray) -> tuple[float, np.ndarray]:
    """Pearson's r of two columns and how much each row moves it; NaN and zeros where a column is constant."""
    moves, there = np.zeros(len(x)), ~np.isnan(x).any(axis=1)
    held = x[there]
    if len(held) < 2 or (np.ptp(held, axis=0) == 0).any():
        return float("nan"), moves
    z = (held - held.mean(axis=0)) / held.std(axis=0)
    r = float(np.mean(z[:, 0] * z[:, 1]))
    moves[there] = (z[:, 0] * z[:, 1] - r / 2 * (z**2).sum(axis=1)) / len(held)
    return r, moves


def _cells(real: Table, synthetic: Table, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers in bins and categories as coded, int64 (rows, columns) for either table; a missing number is a bin."""
    tables = []
    for table in (real, synthetic):
        binned = np.empty(table.numbers.shape, dtype=np.int64)
        for j in range(real.n_numbers):
            there = real.numbers[~np.isnan(real.numbers[:, j]), j]
            inner = np.histogram_bin_edges(there, bins)[1:-1]
            values = table.numbers[:, j]
            binned[:, j] = np.where(np.isnan(values), bins, np.digitize(values, inner))
        tables.append(np.concatenate([binned, table.codes], axis=1))
    return tables[0], tables[1]
