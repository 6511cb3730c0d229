"""Which columns of a table tell the same story, and so should move together?

Source: Fang et al. 2024, arXiv 2412.11044 (TabCutMixPlus, Alg. 2 and its clusters); Bergsma 2013, doi
10.1016/j.jkss.2012.10.002 (Cramer's V without its bias); Kelley 1935, doi 10.1073/pnas.21.9.554 (correlation ratio
without its bias).
Departs from it: the text squares the correlation ratio (`eta2`), its code does not (`eta`), and neither do we, so that
all three measures have the scale of a correlation. `epsilon` is `eta` less what many categories reach by chance: a
column of names has `eta` 1 with every number. Columns that do not vary have association 0. A pair of numbers is
compared on the rows where neither is missing; a missing category is one more category.
"""

from __future__ import annotations

from itertools import combinations
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from byheart.core.errors import UsageError
from byheart.core.items.rows import Rows

Linkage = Literal["average", "single", "complete"]
MIXED = ("eta", "eta2", "epsilon")
DENSE = 1 << 22
"""Cells of a contingency table up to which it is held whole."""
TINY = 1e-12


def association(rows: Rows, *, mixed: str = "eta") -> pd.DataFrame:
    """How much each column says of each other one.

    Args:
        rows: a table (n, columns).
        mixed: measure between a number and a category: `eta`, `eta2` or `epsilon`.

    Returns:
        Frame (columns, columns), symmetric, in the order of the schema: 0 is none, 1 is all, as on the diagonal; |r|
        between numbers, V between categories. Free texts and identifiers have 0 with all others.

    Raises:
        UsageError: if `mixed` is none of the three.
    """
    if mixed not in MIXED:
        raise UsageError(f"mixed is one of {', '.join(MIXED)}; got {mixed!r}")
    numbers, codes = rows.numbers, rows.codes
    n_numbers, n_columns = numbers.shape[1], len(rows.schema.compared)
    a = np.eye(n_columns)
    a[:n_numbers, :n_numbers] = absolute_correlations(numbers)
    for j in range(codes.shape[1]):
        for i in range(n_numbers):
            a[i, n_numbers + j] = correlation_ratio(numbers[:, i], codes[:, j], mixed=mixed)
    for j, k in combinations(range(codes.shape[1]), 2):
        a[n_numbers + j, n_numbers + k] = cramers_v(codes[:, j], codes[:, k])
    a = np.triu(a) + np.triu(a, 1).T
    np.fill_diagonal(a, 1.0)
    compared, names = list(rows.schema.compared), list(rows.schema.names)
    frame = pd.DataFrame(a, index=compared, columns=compared).reindex(index=names, columns=names, fill_value=0.0)
    return frame.mask(np.eye(len(names), dtype=bool), 1.0)


def feature_clusters(
    associations: pd.DataFrame, *, threshold: float = 0.3, linkage_by: Linkage = "average"
) -> list[list[str]]:
    """Groups of columns that belong together.

    Args:
        associations: (columns, columns), as `association` leaves it.
        threshold: largest distance 1 - association at which two groups are still joined, in [0, 1].
        linkage_by: distance of two groups: `average`, `single` or `complete`.

    Returns:
        Lists of names, each column once; columns and clusters in the order of the table.

    Raises:
        UsageError: on a threshold outside [0, 1] or an unknown linkage.

    >>> twins = pd.DataFrame([[1, 0.9, 0], [0.9, 1, 0], [0, 0, 1]], index=list("abc"), columns=list("abc"))
    >>> feature_clusters(twins)
    [['a', 'b'], ['c']]
    """
    if not 0 <= threshold <= 1:
        raise UsageError(f"threshold is a distance 1 - association, in [0, 1]; got {threshold}")
    if linkage_by not in get_args(Linkage):
        raise UsageError(f"linkage_by is one of {', '.join(get_args(Linkage))}; got {linkage_by!r}")
    names = list(associations.columns)
    if len(names) < 2:
        return [names] if names else []
    distance = squareform(1.0 - associations.to_numpy(), checks=False)
    tree = np.asarray(linkage(distance, method=linkage_by))
    label = fcluster(tree, t=threshold, criterion="distance")
    clusters: dict[int, list[str]] = {}
    for name, cluster in zip(names, label, strict=True):
        clusters.setdefault(int(cluster), []).append(name)
    return list(clusters.values())


def absolute_correlations(numbers: np.ndarray) -> np.ndarray:
    """|Pearson's r| of every two columns, float64 (p, p), of numbers (n, p), NaN where missing; 0 if undefined."""
    there = np.isfinite(numbers)
    low = np.where(there, numbers, np.inf).min(axis=0, initial=np.inf)
    high = np.where(there, numbers, -np.inf).max(axis=0, initial=-np.inf)
    varies = high > low
    low, span = np.where(varies, low, 0.0), np.where(varies, high, 1.0) - np.where(varies, low, 0.0)
    x = np.where(there & varies, numbers - low, 0.0) / span  # in [0, 1], so that no square is lost
    m = there.astype(np.float64)
    x = np.where(there & varies, x - x.sum(axis=0) / np.maximum(m.sum(axis=0), 1.0), 0.0)
    n = np.maximum(m.T @ m, 1.0)  # rows where both are there
    mean, square = (x.T @ m) / n, ((x * x).T @ m) / n  # of column i over the rows where j is there too
    covariance = (x.T @ x) / n - mean * mean.T
    variance = square - mean * mean
    known = (variance > TINY) & (variance.T > TINY)
    r: np.ndarray = np.divide(
        np.abs(covariance), np.sqrt(np.abs(variance * variance.T)), out=np.zeros_like(n), where=known
    )
    return r.clip(0.0, 1.0)


def correlation_ratio(numbers: np.ndarray, codes: np.ndarray, *, mixed: str = "eta") -> float:
    """Eta = sqrt(SS_between / SS_total) of numbers (n,) over categories (n,), in [0, 1]; 0 if the numbers do not vary.

    `eta2` is its square; `epsilon` is sqrt(max(0, 1 - (1 - eta^2)(n - 1)/(n - k))) for k categories.
    """
    there = np.isfinite(numbers)
    x, c = numbers[there], codes[there]
    if x.size < 2 or x.min() == x.max():
        return 0.0
    x = (x - x.mean()) / (x.max() - x.min())
    size = np.bincount(c)
    sums = np.bincount(c, weights=x)[size > 0]
    size = size[size > 0]
    eta2 = min(1.0, float((sums**2 / size).sum() / (x**2).sum()))  # the mean of x is 0
    if mixed == "eta2":
        return eta2
    if mixed == "epsilon":
        n, k = x.size, size.size
        eta2 = max(0.0, 1 - (1 - eta2) * (n - 1) / (n - k)) if n > k else 0.0
    return float(np.sqrt(eta2))


def cramers_v(a: np.ndarray, b: np.ndarray) -> float:
    """Bergsma's V of two columns of codes from 0, int (n,), in [0, 1]; 0 if one does not vary.

    chi2 has Yates' correction where both have two values; phi2 = chi2/n less its mean under independence
    (k-1)(r-1)/(n-1); k~ = k - (k-1)^2/(n-1), r~ alike; V = sqrt(phi2 / min(k~ - 1, r~ - 1)).
    """
    n, by_row, by_column = a.size, np.bincount(a), np.bincount(b)
    r, k = np.count_nonzero(by_row), np.count_nonzero(by_column)
    if r < 2 or k < 2:
        return 0.0
    chi2 = _yates(a, b, by_row, by_column) if r == k == 2 else _chi2(a, b, by_row, by_column)
    phi2 = max(0.0, chi2 / n - (k - 1) * (r - 1) / (n - 1))
    room = min(k - (k - 1) ** 2 / (n - 1), r - (r - 1) ** 2 / (n - 1)) - 1
    return min(1.0, float(np.sqrt(phi2 / room))) if room > TINY else 0.0


def _chi2(a: np.ndarray, b: np.ndarray, by_row: np.ndarray, by_column: np.ndarray) -> float:
    """Pearson's statistic, n (sum of seen^2 / (row x column) - 1); only cells that occur count, so few are held."""
    width = by_column.size
    cell = a.astype(np.int64) * width + b
    if by_row.size * width <= DENSE:
        seen = np.bincount(cell)
        cell = np.flatnonzero(seen)
        seen = seen[cell]
    else:
        cell, seen = np.unique(cell, return_counts=True)
    rows, columns = by_row[cell // width].astype(np.float64), by_column[cell % width].astype(np.float64)
    return float(a.size * ((seen / rows * (seen / columns)).sum() - 1))


def _yates(a: np.ndarray, b: np.ndarray, by_row: np.ndarray, by_column: np.ndarray) -> float:
    """The statistic of a table of two by two, each cell half a row nearer to what independence expects."""
    first, other = a == by_row.argmax(), b == by_column.argmax()
    p, q = first.mean(), other.mean()
    apart = max(0.0, abs(float((first & other).mean()) - p * q) - 0.5 / a.size)
    return float(a.size * apart**2 / (p * (1 - p) * q * (1 - q)))
