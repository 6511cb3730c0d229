"""Rows of a table as the records of a corpus: a data frame that behaves like a list of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, overload

import numpy as np
import pandas as pd

from byheart.core.digest import digest_json, digest_text
from byheart.core.errors import DataError
from byheart.core.items.texts import as_text
from byheart.core.schema import Schema

DAY = 86_400_000_000_000  # nanoseconds


@dataclass(frozen=True, eq=False)
class Rows(Sequence[dict[str, Any]]):
    """Table rows, all tables of a run in one frame, so that a category has the same code everywhere.

    Args:
        frame: as `Schema.conform` leaves it, (n, columns).
        schema: its columns.
    """

    frame: pd.DataFrame
    schema: Schema

    KEY: ClassVar[bytes] = b"byheart.table"

    @classmethod
    def of(cls, frame: pd.DataFrame, schema: Schema) -> Rows:
        """Any frame with these columns, put into the schema's types."""
        return cls(schema.conform(frame), schema)

    def __len__(self) -> int:
        return len(self.frame)

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> Rows: ...
    def __getitem__(self, place: int | slice) -> dict[str, Any] | Rows:
        if isinstance(place, slice):
            return Rows(self.frame.iloc[place].reset_index(drop=True), self.schema)
        return {name: _plain(self.frame[name].iloc[place]) for name in self.schema.names}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        columns = [[_plain(v) for v in self.frame[name]] for name in self.schema.names]
        for values in zip(*columns, strict=True):
            yield dict(zip(self.schema.names, values, strict=True))

    def join(self, other: Rows) -> Rows:
        """These, then other rows of the same table.

        Raises:
            DataError: if the schemas differ.
        """
        if self.schema != other.schema:
            raise DataError("rows of two schemas cannot be put together; infer one schema from all tables")
        return Rows(pd.concat([self.frame, other.frame], ignore_index=True), self.schema)

    def __add__(self, other: Rows) -> Rows:
        return self.join(other)

    def take(self, places: np.ndarray) -> Rows:
        """The rows at these places, int (m,)."""
        return Rows(self.frame.iloc[places].reset_index(drop=True), self.schema)

    @cached_property
    def numbers(self) -> np.ndarray:
        """Numerical columns, float64 (n, numbers), dates as days since 1970; NaN where missing."""
        columns = [_as_float(self.frame[name]) for name in self.schema.numerical]
        return np.stack(columns, axis=1) if columns else np.empty((len(self), 0))

    @cached_property
    def codes(self) -> np.ndarray:
        """Categorical columns as numbers from 0, int32 (n, categories); missing is a category of its own."""
        columns = [pd.factorize(self.frame[n], use_na_sentinel=False)[0] for n in self.schema.categorical]
        return np.stack(columns, axis=1).astype(np.int32) if columns else np.empty((len(self), 0), np.int32)

    @cached_property
    def digest(self) -> str:
        """Fingerprint of schema and cells (hex); the order of the rows counts."""
        cells = pd.util.hash_pandas_object(self.frame, index=False, categorize=True).to_numpy()
        return digest_text([digest_json(self.schema.to_dict()), cells.tobytes().hex()])

    @property
    def texts(self) -> list[str]:
        """Each row as JSON."""
        return [as_text(row) for row in self]

    @property
    def fingerprints(self) -> list[str]:
        """One for all."""
        return [self.digest]

    @property
    def facts(self) -> dict[str, Any]:
        """The schema."""
        return self.schema.to_dict()

    @property
    def column_names(self) -> tuple[str, ...]:
        """`row.NAME` for each column."""
        return tuple(f"row.{name}" for name in self.schema.names)

    def columns(self) -> dict[str, np.ndarray]:
        """The cells, (n,) each."""
        return {f"row.{name}": self.frame[name].to_numpy() for name in self.schema.names}

    @classmethod
    def from_columns(cls, frame: pd.DataFrame, facts: Any) -> Rows:
        """Read from the cells and the schema."""
        schema = Schema.from_dict(facts)
        return cls.of(pd.DataFrame({name: frame[f"row.{name}"] for name in schema.names}), schema)


def rows_of(items: Any) -> Rows:
    """The records of a corpus as the table rows that they are.

    Raises:
        DataError: if they are none.
    """
    if not isinstance(items, Rows):
        raise DataError("the records are texts, but this asks for rows of a table; use the text methods")
    return items


def _as_float(column: pd.Series[Any]) -> np.ndarray:
    if pd.api.types.is_datetime64_dtype(column.dtype):
        days = column.to_numpy().astype("datetime64[ns]").astype("int64") / DAY
        return np.where(column.isna().to_numpy(), np.nan, days)
    return column.to_numpy(dtype=np.float64)


def _plain(value: Any) -> Any:
    """A cell as JSON can hold it: a whole float as int, a date as ISO, what is missing as None."""
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat() if value != value.normalize() else value.date().isoformat()
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else float(value)
    return value
