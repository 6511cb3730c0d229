"""What does an augmentation know of a table, and how are new rows put under the old ones without changing a type?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from byheart.core.errors import DataError, TooFewRecords, UsageError
from byheart.core.items.rows import Rows
from byheart.core.schema import Schema
from byheart.data.table.column_kinds import infer_schema
from byheart.data.table.plain_columns import plain_table

DAYS = (-98_600, 84_300)
"""From 1700 to 2200, in days since 1970: dates that every pandas can hold."""


@dataclass(frozen=True, eq=False)
class Table:
    """A table to be augmented.

    Args:
        frame: as the user gave it, (n, columns), in the user's types.
        classes: int64 (n,), which rows may be mixed with which; all 0 without a target.
        target: place of the target among the columns, or None.
        binned: the target is a number or a date, cut into classes; it is then mixed like any other column.
        given: the columns' kinds if the user declared them.
    """

    frame: pd.DataFrame
    classes: np.ndarray
    target: int | None = None
    binned: bool = False
    given: Schema | None = None

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def names(self) -> list[str]:
        """Of the columns, as texts."""
        return [str(c) for c in self.frame.columns]

    @property
    def mixed(self) -> list[int]:
        """Places of the columns that are mixed: all but a target of classes."""
        return [j for j in range(self.frame.shape[1]) if j != self.target or self.binned]

    @cached_property
    def rows(self) -> Rows:
        """The same rows by kind: numbers, dates in days, categories as codes."""
        plain = plain_table(self.frame)
        target = None if self.target is None or self.binned else self.names[self.target]
        return Rows.of(plain, self.given or infer_schema({"train": plain}, target=target))

    @cached_property
    def cells(self) -> np.ndarray:
        """Equal cells of a column have equal codes, int32 (n, columns); missing is a code of its own."""
        columns = [pd.factorize(self.frame.iloc[:, j], use_na_sentinel=False)[0] for j in range(self.frame.shape[1])]
        return np.stack(columns, axis=1).astype(np.int32)


def opened(
    frame: pd.DataFrame, target: Any = None, *, n_bins: int | None = None, schema: Schema | None = None
) -> Table:
    """Check a frame and find its classes.

    Args:
        frame: (n, columns).
        target: name of the column whose classes rows are mixed within, or None.
        n_bins: quantile bins of a target of numbers or dates.
        schema: kinds of the columns, when they are not to be inferred.

    Raises:
        DataError: if a column is empty or there twice, or the target is not there.
        TooFewRecords: on fewer than two rows.
        UsageError: on a target of numbers without `n_bins`, or bins of a target that has no order.
    """
    names = [str(c) for c in frame.columns]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise DataError(f"two columns have the name {twice[0]!r}; rename one")
    if len(frame) < 2:
        raise TooFewRecords(f"rows are mixed with each other, so give two or more; the table has {len(frame)}")
    if target is not None and str(target) not in names:
        raise DataError(f"there is no column {str(target)!r} to be the target; there are {', '.join(names)}")
    empty = [name for name, none in zip(names, frame.isna().all().to_numpy(), strict=True) if none]
    if empty:
        raise DataError(f"column {empty[0]!r} has no value in any row; drop it")
    frame = frame.reset_index(drop=True)
    if target is None:
        return Table(frame, np.zeros(len(frame), np.int64), given=schema)
    place = names.index(str(target))
    if len(names) == 1:
        raise DataError(f"the table has no column beside the target {str(target)!r}; there is nothing to mix")
    classes, binned = _classes(frame.iloc[:, [place]], str(target), n_bins, schema)
    return Table(frame, classes, place, binned, schema)


def _classes(column: pd.DataFrame, name: str, n_bins: int | None, schema: Schema | None) -> tuple[np.ndarray, bool]:
    """Class of each row, int64 (n,), a missing target being a class of its own, and whether they are bins."""
    plain = plain_table(column)
    kind = infer_schema({"train": plain}, target=name, kinds=_declared(schema, name))[name].kind
    if kind in ("number", "date") and n_bins is None:
        raise UsageError(
            f"the target {name!r} holds {kind}s, not classes; give n_bins, into how many bins it is cut (10, say)"
        )
    if n_bins is None:
        return Rows.of(plain, Schema.of([], [name])).codes[:, 0].astype(np.int64), False
    if n_bins < 2:
        raise UsageError(f"n_bins is 2 or more; got {n_bins}")
    if plain[name].dtype == object:
        raise UsageError(f"the target {name!r} has classes already; leave n_bins out")
    values = plain[name].to_numpy()
    numbers = values.astype("int64").astype(np.float64) if values.dtype.kind == "M" else values.astype(np.float64)
    missing = plain[name].isna().to_numpy()
    edges = np.unique(np.quantile(numbers[~missing], np.linspace(0, 1, n_bins + 1)[1:-1]))
    return np.where(missing, -1, np.searchsorted(edges, numbers, side="right")) + 1, True


def _declared(schema: Schema | None, name: str) -> dict[str, str] | None:
    return (
        None if schema is None or schema[name].kind not in ("number", "date", "category") else {name: schema[name].kind}
    )


def n_new_rows(table: Table, ratio: float) -> int:
    """How many rows a ratio asks for.

    Raises:
        UsageError: if the ratio is negative or not finite.
    """
    if not (np.isfinite(ratio) and ratio >= 0):
        raise UsageError(f"ratio is the number of new rows per old one, 0 or more; got {ratio}")
    return round(ratio * len(table))


def grown(
    table: Table, parent: Callable[[int], np.ndarray], numbers: Mapping[int, np.ndarray] | None = None
) -> pd.DataFrame:
    """The table with new rows under it, in the same columns and types.

    Args:
        table: (n, columns).
        parent: from the place of a column to the row that each new cell is taken from, int64 (new,).
        numbers: by place of a column, what is written instead, float64 (new,), dates in days; NaN keeps the cell.
    """
    columns = {}
    for j in range(table.frame.shape[1]):
        old = table.frame.iloc[:, j]
        new = old.take(parent(j)).reset_index(drop=True)
        if numbers is not None and j in numbers:
            known = np.flatnonzero(np.isfinite(numbers[j]))
            new.iloc[known] = in_type_of(old, numbers[j][known])
        columns[j] = pd.concat([old, new], ignore_index=True)
    frame = pd.DataFrame(columns)
    frame.columns = table.frame.columns
    return frame


def written(table: Table, numbers: np.ndarray, *, aside: tuple[int, ...] = ()) -> dict[int, np.ndarray]:
    """Which new numbers can be written, by place of the column, for `grown`.

    Args:
        table: the old rows.
        numbers: float64 (new, numerical), in the order of the schema, dates in days; NaN keeps the parent's cell.
        aside: places of columns that are not to be written.

    Returns:
        float64 (new,) each; whole where all old ones are (numbers, or days).
    """
    found, old, schema = {}, table.rows.numbers, table.rows.schema
    for i, name in enumerate(schema.numerical):
        j = table.names.index(name)
        if j not in aside and _can_hold(table.frame.iloc[:, j], schema[name].kind):
            known = old[np.isfinite(old[:, i]), i]
            found[j] = np.rint(numbers[:, i]) if (known % 1 == 0).all() else numbers[:, i]
    return found


def _can_hold(column: pd.Series[Any], kind: str) -> bool:
    """Whether a new number of this kind can be written into the column in the column's own type."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return kind == "date"
    if kind != "number" or pd.api.types.is_bool_dtype(column.dtype):
        return False
    return pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.infer_dtype(column, skipna=True) == "string"


def in_type_of(column: pd.Series[Any], numbers: np.ndarray) -> Any:
    """Numbers (m,), dates in days since 1970, as cells of a column."""
    kind = column.dtype
    if pd.api.types.is_datetime64_any_dtype(kind):
        stamps = pd.to_datetime(np.clip(numbers, *DAYS), unit="D", utc=True).round("s")
        zone = getattr(column.dt, "tz", None)
        return pd.Series(stamps.tz_convert(zone) if zone is not None else stamps.tz_localize(None)).astype(kind).array
    if pd.api.types.is_integer_dtype(kind):
        limits = np.iinfo(getattr(kind, "numpy_dtype", kind))
        within = np.clip(numbers, max(limits.min, -(2**53)), min(limits.max, 2**53))
        return pd.Series(np.rint(within).astype(np.int64)).astype(kind).array
    if pd.api.types.is_numeric_dtype(kind):
        return pd.Series(numbers).astype(kind).array
    texts = [str(int(x)) if x.is_integer() else repr(x) for x in numbers.tolist()]
    return pd.Series(texts, dtype=kind).array
