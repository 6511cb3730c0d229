"""Which rows and columns does a table file hold? As strict as the record readers, and fast: columns, not rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from byheart.core.errors import DataError, UsageError
from byheart.data.sources import csv_cells, csv_separator, format_of, name_of, rows
from byheart.data.table.plain_columns import plain_table

TABLES = "a .csv, .tsv, .parquet or .jsonl file, or a data frame"


def read_table(source: Any, *, limit: int | None = None) -> pd.DataFrame:
    """Read a table.

    Args:
        source: a .csv, .tsv, .parquet, .jsonl or .json file, a saved data set or hub id, a data frame, or a list of
            rows as dictionaries.
        limit: at most this many rows, the first ones.

    Returns:
        (n, columns), each column as `plain_column` leaves it: the same table is the same from any of these.

    Raises:
        DataError: if the source cannot be read, names a column twice, or holds cells that are no single value; the
            message names the line, the row or the byte.
        UsageError: if limit is below 1.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"limit is at least 1; got {limit}")
    name = name_of(source)
    frame = source if isinstance(source, pd.DataFrame) else _from(source, limit)
    if limit is not None:
        frame = frame.iloc[:limit]
    try:
        return plain_table(frame)
    except DataError as e:
        raise DataError(f"{name}: {e}") from None


def _from(source: Any, limit: int | None) -> pd.DataFrame:
    path = Path(source) if isinstance(source, str | Path) and Path(source).exists() else None
    form = format_of(path) if path is not None else None
    if form == "txt":
        raise DataError(f"{path} is a folder of texts; a table is {TABLES}")
    if path is not None and form == "csv":
        return _csv(path)
    if path is not None and form == "parquet":
        return _parquet(path)
    return _from_rows(rows(source, limit=limit), name_of(source), limit)


def _csv(path: Path) -> pd.DataFrame:
    header = _header(path)
    try:
        table = pa_csv.read_csv(
            path,
            parse_options=pa_csv.ParseOptions(delimiter=csv_separator(path), newlines_in_values=True),
            read_options=pa_csv.ReadOptions(column_names=[str(i) for i in range(len(header))], skip_rows_after_names=1),
            convert_options=pa_csv.ConvertOptions(
                column_types={str(i): pa.large_string() for i in range(len(header))}, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        table = None
    if table is None or _has_quotes(path):  # the strict reader has the last word, and the line's number
        cells = [values for _, values in csv_cells(path)][1:]
        if table is None:
            return pd.DataFrame(cells, columns=header, dtype=object)
    return _renamed(table.to_pandas(types_mapper=_strings), header)


def _strings(kind: pa.DataType) -> Any:
    return pd.ArrowDtype(kind) if pa.types.is_large_string(kind) else None


def _renamed(frame: pd.DataFrame, header: list[str]) -> pd.DataFrame:
    frame.columns = pd.Index(header, dtype=object)
    return frame


def _header(path: Path) -> list[str]:
    with path.open("rb") as f:
        if not f.read(1):
            raise DataError(f"{path} is empty; a table has a header and rows")
    _, header = next(csv_cells(path), ("", []))
    if not header:
        raise DataError(f"{path} begins with an empty line; the first line holds the names of the columns")
    if len(header) == 1 and (other := next((c for c in ";\t|," if c in header[0]), None)):
        raise DataError(f"{path} seems to be separated by {other!r}; use commas in .csv, tabs in .tsv")
    named = [name or f"Unnamed: {i}" for i, name in enumerate(header)]  # as pandas calls a saved index
    twice = [name for name in named if named.count(name) > 1]
    if twice:
        raise DataError(f"{path} has two columns called {twice[0]!r}; rename one")
    return named


def _has_quotes(path: Path) -> bool:
    with path.open("rb") as f:
        return any(b'"' in block for block in iter(lambda: f.read(1 << 20), b""))


def _parquet(path: Path) -> pd.DataFrame:
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as e:
        raise DataError(f"{path} is not a Parquet file ({str(e).splitlines()[0]}); write it anew") from None
    names = table.column_names
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise DataError(f"{path} has two columns called {twice[0]!r}; rename one")
    return pd.DataFrame(table.to_pandas(ignore_metadata=True))


def _from_rows(found: Iterator[tuple[str, Any]], name: str, limit: int | None) -> pd.DataFrame:
    """Rows as dictionaries into columns; a key that a row has not is missing there."""
    columns: dict[str, list[Any]] = {}
    n = 0
    for place, row in found:
        if not isinstance(row, dict):
            raise DataError(f"{name} {place}: a row of a table has named columns; got {type(row).__name__}")
        for key, value in row.items():
            column = columns.setdefault(key, [])
            if len(column) < n:
                column.extend([None] * (n - len(column)))
            column.append(value)
        n += 1
        if n == limit:
            break
    filled = {key: values + [None] * (n - len(values)) for key, values in columns.items()}
    return pd.DataFrame({k: pd.Series(v, dtype=object) for k, v in filled.items()}, index=range(n))
