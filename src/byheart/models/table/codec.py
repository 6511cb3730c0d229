"""How does a row of a table become numbers that a network can learn, and come back as the very same row?

Numbers and dates go through their own distribution function to a standard normal, as in TabDDPM; categories become
whole numbers from 0. The way back is exact for every value that training had: a value that occurs often owns a stretch
of the normal scale, so that a column of zeros stays a column of zeros, and whole numbers are rounded.

Source: Kotelnikov et al. 2023, arXiv 2209.15421, section 4 (quantile transformation).
Departs from it: ranks are (i - 1/2) / n and no noise is added, so that the smallest and largest value are no outliers
and training rows survive the round trip; a number that is missing is a category of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from byheart.core.errors import DataError, TooFewRecords
from byheart.core.schema import Schema

UNITS = (86_400_000_000_000, 3_600_000_000_000, 60_000_000_000, 1_000_000_000, 1_000_000, 1_000, 1)  # day ... ns


@dataclass(frozen=True, eq=False)
class NormalScale:
    """The values of one column and where they stand on the normal scale.

    Args:
        values: distinct values in rising order, float64 (distinct,).
        low, middle, high: where the stretch of each begins, has its centre and ends, float64 (distinct,) that float32
            can hold; all three are equal for a value that occurs once.
    """

    values: np.ndarray
    low: np.ndarray
    middle: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> NormalScale:
        """From the values of a column without what is missing, float64 (n,).

        >>> NormalScale.of(np.array([0.0, 0.0, 5.0])).middle.round(3).tolist()  # ranks 1/3 and 5/6
        [-0.431, 0.967]
        """
        distinct, counts = np.unique(values, return_counts=True)
        last = np.cumsum(counts)
        first, n = last - counts + 1, max(values.size, 1)
        low, high = (first - 0.5) / n, (last - 0.5) / n
        return cls(distinct, *(ndtri(p).astype(np.float32).astype(np.float64) for p in (low, (low + high) / 2, high)))

    def forward(self, values: np.ndarray) -> np.ndarray:
        """Values on the normal scale; between two known values by interpolation, beyond the last at its end."""
        z: np.ndarray = np.interp(values, self.values, self.middle)
        return z

    def back(self, z: np.ndarray) -> np.ndarray:
        """The values that stand at z; within the stretch of a value exactly that value."""
        ends = np.stack([self.low, self.high], axis=1).ravel()
        values: np.ndarray = np.interp(z, ends, np.repeat(self.values, 2))
        return values


@dataclass(frozen=True, eq=False)
class TableCodec:
    """Rows to tensors and back.

    The tensors are `z` float32 (rows, numbers) and `codes` int64 (rows, categories): first the schema's categorical
    columns, then one column of 0 and 1 for each number that training had missing, 1 where it is. Free texts and
    identifiers are not encoded and come back empty: a generator has no business with them.

    Args:
        schema: the columns.
        scales: one for each numerical column; a date is counted in `units`.
        units: for each numerical column, nanoseconds for a date (the coarsest of day, hour, ... that all its values
            are multiples of), 0 for a number.
        categories: for each categorical column what its codes stand for; None is missing.
        gaps: numerical columns in which values were missing.
    """

    schema: Schema
    scales: tuple[NormalScale, ...]
    units: tuple[int, ...]
    categories: tuple[tuple[str | None, ...], ...]
    gaps: tuple[str, ...]

    @classmethod
    def fit(cls, frame: pd.DataFrame, schema: Schema) -> TableCodec:
        """Learn the values of a table.

        Raises:
            TooFewRecords: if there is no row.
            DataError: if the table does not fit the schema.
        """
        frame = schema.conform(frame)
        if frame.empty:
            raise TooFewRecords("a generator needs at least one row to learn from; the table has none")
        dates = set(schema.of_kind("date"))
        units = tuple(_unit(frame[n]) if n in dates else 0 for n in schema.numerical)
        scales = tuple(
            NormalScale.of(_counted(frame[n].dropna(), unit)) for n, unit in zip(schema.numerical, units, strict=True)
        )
        gaps = tuple(n for n in schema.numerical if frame[n].isna().any())
        return cls(schema, scales, units, tuple(_values(frame[n]) for n in schema.categorical), gaps)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many values each column of `codes` has, (categories,)."""
        return (*(len(c) for c in self.categories), *(2 for _ in self.gaps))

    def encode(self, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Rows as z float32 (rows, numbers) and codes int64 (rows, categories); a missing number stands at z = 0.

        Raises:
            DataError: on a category, or on a number that is missing, where training had none.
        """
        frame = self.schema.conform(frame)
        z, codes = np.zeros((len(frame), len(self.scales))), np.zeros((len(frame), len(self.sizes)), np.int64)
        for j, (name, known) in enumerate(zip(self.schema.categorical, self.categories, strict=True)):
            codes[:, j] = _codes(frame[name], known)
        for j, (name, scale, unit) in enumerate(zip(self.schema.numerical, self.scales, self.units, strict=True)):
            there = frame[name].notna().to_numpy()
            if name in self.gaps:
                codes[:, len(self.categories) + self.gaps.index(name)] = ~there
            elif not there.all():
                raise DataError(f"row {int(there.argmin())} has no {name!r}, and no row of training lacked it")
            if scale.values.size:
                z[there, j] = scale.forward(_counted(frame[name][there], unit))
        return z.astype(np.float32), codes

    def decode(self, z: np.ndarray, codes: np.ndarray) -> pd.DataFrame:
        """Rows as `Schema.conform` leaves them, from z (rows, numbers) and codes (rows, categories)."""
        made: dict[str, Any] = {name: np.full(len(z), None, object) for name in self.schema.aside}
        for j, (name, known) in enumerate(zip(self.schema.categorical, self.categories, strict=True)):
            made[name] = np.array([*known, None], dtype=object)[codes[:, j]]
        place = z.astype(np.float32).astype(np.float64)  # the precision in which known values are exact
        for j, (name, scale, unit) in enumerate(zip(self.schema.numerical, self.scales, self.units, strict=True)):
            values = scale.back(place[:, j]) if scale.values.size else np.full(len(z), np.nan)
            if self.schema[name].whole:
                values = np.rint(values)
            if name in self.gaps:
                values[codes[:, len(self.categories) + self.gaps.index(name)] == 1] = np.nan
            made[name] = _dates(values, unit) if unit else values
        return self.schema.conform(pd.DataFrame(made, columns=list(self.schema.names)))

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it. It lists every distinct number of training: as confidential as the table."""
        return {
            "schema": self.schema.to_dict(),
            "scales": [{k: v.tolist() for k, v in s.__dict__.items()} for s in self.scales],
            "units": list(self.units),
            "categories": [list(c) for c in self.categories],
            "gaps": list(self.gaps),
        }

    @classmethod
    def from_dict(cls, facts: dict[str, Any]) -> TableCodec:
        """Back from `to_dict`."""
        return cls(
            Schema.from_dict(facts["schema"]),
            tuple(NormalScale(**{k: np.array(v, np.float64) for k, v in s.items()}) for s in facts["scales"]),
            tuple(facts["units"]),
            tuple(tuple(c) for c in facts["categories"]),
            tuple(facts["gaps"]),
        )


def _values(column: pd.Series[Any]) -> tuple[str | None, ...]:
    """Distinct categories, sorted, what is missing last."""
    there = tuple(sorted(column.dropna().unique()))
    return (*there, None) if column.isna().any() else there


def _codes(column: pd.Series[Any], known: Sequence[str | None]) -> np.ndarray:
    code = {value: i for i, value in enumerate(known)}
    found = np.array([code.get(None if pd.isna(v) else v, -1) for v in column], np.int64)
    if (found < 0).any():
        row = int((found < 0).argmax())
        raise DataError(f"row {row} has {column.iloc[row]!r} in {column.name!r}, which training never had")
    return found


def _unit(column: pd.Series[Any]) -> int:
    stamps = column.dropna().to_numpy().astype("datetime64[ns]").astype(np.int64)
    return next(u for u in UNITS if not (stamps % u).any())


def _counted(column: pd.Series[Any], unit: int) -> np.ndarray:
    """Numbers as they are, dates as a count of units since 1970, float64; exact below 2**53 units."""
    if not unit:
        return column.to_numpy(np.float64)
    return (column.to_numpy().astype("datetime64[ns]").astype(np.int64) // unit).astype(np.float64)


def _dates(values: np.ndarray, unit: int) -> np.ndarray:
    there = ~np.isnan(values)
    stamps = np.full(values.size, np.iinfo(np.int64).min)  # NaT
    stamps[there] = np.rint(values[there]).astype(np.int64) * unit
    return stamps.astype("datetime64[ns]")
