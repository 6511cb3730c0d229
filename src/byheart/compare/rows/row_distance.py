"""How far apart are two rows of a table with numbers and categories?

Every distance is a sum over columns, taken in one order in float64, so that a pair of rows has the same distance to the
last bit however many rows are compared at once.

Source: Fang et al. 2024, arXiv 2412.11044, Eq. 1 (`euclid`, `mismatches`); Gower 1971, doi 10.2307/2528823 (`gower`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from byheart.core.errors import DataError, UsageError
from byheart.core.items.rows import Rows

METRICS = ("gower", "paper", "paper-global", "hamming")
SCALES = ("range", "iqr")
BINS = 10
"""Bins of equal width that `hamming` cuts a number's range into, as many as SDMetrics cuts."""


@dataclass(frozen=True, eq=False)
class Cells:
    """What is compared of rows.

    Args:
        numbers: float64 (..., numbers), NaN where missing.
        codes: int32 (..., categories), equal where the categories are; missing has a code of its own.
        low: where the usual values of each number begin, (numbers,).
        width: how far they reach: the difference that counts as a whole column, above 0, (numbers,).
    """

    numbers: np.ndarray
    codes: np.ndarray
    low: np.ndarray
    width: np.ndarray

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows: Any) -> Cells:
        """Some of the rows, as an array is indexed."""
        return replace(self, numbers=self.numbers[rows], codes=self.codes[rows])

    @property
    def n_columns(self) -> int:
        """How many columns are compared: M in the formulas."""
        return int(self.numbers.shape[-1] + self.codes.shape[-1])


def comparable(rows: Rows, real: np.ndarray, metric: str = "gower", scale: str = "range") -> Cells:
    """The cells of all rows, ready for a metric: whole columns rounded, widths taken from the real rows.

    Args:
        rows: all tables of the comparison, (n,).
        real: the rows whose values set the widths, int (m,) or bool (n,).
        metric: one of `METRICS`. For `hamming`, numbers are cut into `BINS` bins and become categories.
        scale: width of a number for `gower`: its `range`, or its `iqr` (interquartile range; the range if that is 0).
            A number of one single value has no width and is compared as a category.

    Raises:
        UsageError: if metric or scale is unknown.
        DataError: if a column is missing in all real rows, or a number is infinite.
    """
    if metric not in METRICS:
        raise UsageError(f"the metric is one of {', '.join(METRICS)}; got {metric!r}")
    if scale not in SCALES:
        raise UsageError(f"the scale is one of {', '.join(SCALES)}; got {scale!r}")
    numbers = _rounded(rows)
    _refuse_unusable(rows, numbers, real)
    quarters = np.nanquantile(numbers[real], [0, 0.25, 0.75, 1], axis=0) if numbers.size else np.empty((4, 0))
    low, high = quarters[0], quarters[3]
    constant = high == low
    if metric == "hamming":
        bins = _bins(numbers, low, np.where(constant, 1.0, high - low))
        return _cells(numbers[:, :0], [*_names(bins), *rows.codes.T], low[:0], low[:0])
    if metric.startswith("paper"):
        return _cells(numbers, rows.codes.T, low, high - low)
    robust = (quarters[2] > quarters[1]) & (scale == "iqr")
    low, high = np.where(robust, quarters[1], low), np.where(robust, quarters[2], high)
    codes = [*_names(numbers[:, constant]), *rows.codes.T]
    return _cells(numbers[:, ~constant], codes, low[~constant], (high - low)[~constant])


def gower(one: Cells, other: Cells) -> np.ndarray:
    """Mean over the columns of min(|x - y| / width, 1) for numbers and 1[x != y] for categories.

    Args:
        one: cells (..., columns).
        other: cells (..., columns) that broadcast against them.

    Returns:
        float64 (...), 0 for equal rows, 1 for rows that share nothing. Missing against missing is 0, missing against a
        value 1.
    """
    total = mismatches(one, other).astype(np.float64)
    for j, width in enumerate(one.width):
        total += np.minimum(_gap(one.numbers[..., j], other.numbers[..., j], width) / width, 1.0)
    return total / one.n_columns


def euclid(one: Cells, other: Cells) -> np.ndarray:
    """Euclidean distance of the raw numbers, float64 (...); missing against a value counts as the column's range."""
    total = np.zeros(np.broadcast_shapes(one.numbers.shape[:-1], other.numbers.shape[:-1]))
    for j, width in enumerate(one.width):
        gap = _gap(one.numbers[..., j], other.numbers[..., j], width)
        total += np.multiply(gap, gap, out=gap)
    return np.sqrt(total, out=total)


def mismatches(one: Cells, other: Cells) -> np.ndarray:
    """How many categories differ, int32 (...)."""
    total = np.zeros(np.broadcast_shapes(one.codes.shape[:-1], other.codes.shape[:-1]), np.int32)
    for j in range(one.codes.shape[-1]):
        total += one.codes[..., j] != other.codes[..., j]
    return total


def _gap(x: np.ndarray, y: np.ndarray, width: float) -> np.ndarray:
    """|x - y|; `width` where one of them is missing, 0 where both are."""
    gap: np.ndarray = np.abs(x - y)
    no_x, no_y = np.isnan(x), np.isnan(y)
    if no_x.any() or no_y.any():
        gap = np.where(no_x | no_y, np.where(no_x & no_y, 0.0, width), gap)
    return gap


def _rounded(rows: Rows) -> np.ndarray:
    numbers = rows.numbers.copy()
    whole = [rows.schema[name].whole for name in rows.schema.numerical]
    numbers[:, whole] = np.rint(numbers[:, whole])
    return numbers


def _refuse_unusable(rows: Rows, numbers: np.ndarray, real: np.ndarray) -> None:
    missing = dict(zip(rows.schema.numerical, np.isnan(numbers[real]).all(axis=0), strict=True))
    missing |= {name: bool(rows.frame[name].isna().to_numpy()[real].all()) for name in rows.schema.categorical}
    for name, empty in missing.items():
        if empty:
            raise DataError(f"column {name!r} is missing in every real row, so nothing can be compared; leave it out")
    infinite = np.isinf(numbers)
    if infinite.any():
        row, column = np.argwhere(infinite)[0].tolist()
        name = rows.schema.numerical[column]
        raise DataError(f"column {name!r} holds {numbers[row, column]} in row {row}; numbers are finite or missing")


def _bins(numbers: np.ndarray, low: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Number of the bin; values beyond the range go to the outermost, NaN stays."""
    bins: np.ndarray = np.clip(np.floor((numbers - low) / width * BINS), 0, BINS - 1)
    return bins


def _names(numbers: np.ndarray) -> list[np.ndarray]:
    """Each column as codes, NaN one of them."""
    return [pd.factorize(column, use_na_sentinel=False)[0] for column in numbers.T]


def _cells(numbers: np.ndarray, codes: Sequence[np.ndarray] | np.ndarray, low: np.ndarray, width: np.ndarray) -> Cells:
    stacked = np.stack([*codes], axis=1) if len(codes) else np.empty((len(numbers), 0))
    return Cells(np.ascontiguousarray(numbers), stacked.astype(np.int32), low, width)
