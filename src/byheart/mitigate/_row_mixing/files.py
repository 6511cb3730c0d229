"""How is a table read and written so that no cell changes? `007` stays `007`, and 3 above a hole stays 3."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from byheart.core.atomic import replacing
from byheart.core.errors import DataError, UsageError
from byheart.data.sources import csv_cells, csv_separator, format_of
from byheart.data.table.files import read_table

WRITTEN = {".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".pq": "parquet"}
_WHOLE = {
    pa.int8(): pd.Int8Dtype(), pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.UInt8Dtype(), pa.uint16(): pd.UInt16Dtype(), pa.uint32(): pd.UInt32Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
}  # fmt: skip


def read_verbatim(path: Path) -> pd.DataFrame:
    """A table with its cells as they are: texts from CSV, the file's types from Parquet, else as `read_table`.

    Raises:
        DataError: if there is no such file or it cannot be read; the message names the line or the byte.
    """
    form = format_of(path)
    if form == "csv":
        return _csv(path)
    if form != "parquet":
        return read_table(path)
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as e:
        raise DataError(f"{path} is not a Parquet file ({str(e).splitlines()[0]}); write it anew") from None
    return pd.DataFrame(table.to_pandas(types_mapper=_WHOLE.get, ignore_metadata=True))


def _csv(path: Path) -> pd.DataFrame:
    lines = csv_cells(path)
    _, header = next(lines, ("", []))
    if not header:
        raise DataError(f"{path} is empty; a table has a header and rows")
    for _ in lines:
        pass  # the strict reader has the last word on what is no table, and names the line
    frame = pd.read_csv(
        path, sep=csv_separator(path), dtype=str, keep_default_na=False, na_values=[""], index_col=False, header=0,
        names=range(len(header)), encoding="utf-8-sig",
    )  # fmt: skip
    return frame.set_axis(header, axis=1)


def check_writable(path: Path, source: Path) -> None:
    """Refuse, before anything is computed, an ending we do not write, a folder, or the file that is read.

    Raises:
        UsageError: with what to give instead.
    """
    if path.suffix.lower() not in WRITTEN:
        raise UsageError(f"--out ends in {path.suffix or 'nothing'!r}; give a file that ends in .csv, .tsv or .parquet")
    if path.is_dir():
        raise UsageError(f"--out is a file to write; {path} is a folder")
    if path.exists() and source.exists() and path.samefile(source):
        raise UsageError(f"--out and --train are both {path}; give another file, so that the old table stays")


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table by its ending."""
    with replacing(path) as part:
        if WRITTEN[path.suffix.lower()] == "csv":
            frame.to_csv(part, index=False, sep=csv_separator(path))
        else:
            frame.to_parquet(part, index=False)
