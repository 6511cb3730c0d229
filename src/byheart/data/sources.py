"""Which rows does a file, a folder, a table or a list hold? Each format streamed, one row in memory at a time."""

from __future__ import annotations

import csv
import json
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from byheart.core.digest import digest_file, digest_text
from byheart.core.errors import DataError
from byheart.core.mask import mask_personal

FORMATS = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "csv",
    ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
READABLE = "a .jsonl, .csv or .parquet file, a folder of .txt files, a saved data set or a data-set id of the hub"
csv.field_size_limit(2**31 - 1)  # the default refuses texts of more than 131,072 characters

Row = Any  # a dictionary from column to value, or a bare record
Place = str  # where a row stands, for messages


def name_of(source: Any) -> str:
    """What to call a source in a message."""
    if isinstance(source, str | Path):
        return str(source)
    return "the data frame" if isinstance(source, pd.DataFrame) else "the list"


def format_of(path: Path) -> str:
    """`jsonl`, `csv`, `parquet`, `txt` (a folder of them) or `saved` (a saved Hugging Face data set).

    Raises:
        DataError: if there is no such path, or it holds nothing that can be read.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist; give {READABLE}")
    if path.is_dir():
        if (path / "state.json").exists() or (path / "dataset_dict.json").exists():
            return "saved"
        if next(path.rglob("*.txt"), None) is not None:
            return "txt"
        raise DataError(f"the folder {path} holds no .txt file and no saved data set; give {READABLE}")
    if path.suffix.lower() not in FORMATS:
        raise DataError(f"{path} ends in {path.suffix or 'nothing'!r}, which byheart does not read; give {READABLE}")
    return FORMATS[path.suffix.lower()]


def rows(source: Any, *, limit: int | None = None) -> Iterator[tuple[Place, Row]]:
    """The rows of any source with the place where each stands.

    Args:
        source: a path or hub id, a data frame, or records.
        limit: about how many rows will be asked for; a hub data set is then streamed, not downloaded.

    Raises:
        DataError: if the source cannot be read; the message names the line or the byte.
    """
    if isinstance(source, pd.DataFrame):
        return _frame_rows(source)
    if not isinstance(source, str | Path):
        if isinstance(source, dict) or not isinstance(source, Iterable):
            raise DataError(f"records come from a path, a data frame or a list; got {type(source).__name__}")
        return ((f"record {i}", row) for i, row in enumerate(source))
    if not str(source).strip():
        raise DataError(f"the path is empty; give {READABLE}")
    path = Path(source)
    if _is_stored_elsewhere(path):
        from byheart.data.huggingface import dataset_rows

        return dataset_rows(str(source), limit=limit)
    return {"jsonl": _json_rows, "csv": _csv_rows, "parquet": _parquet_rows, "txt": _txt_rows}[format_of(path)](path)


def source_digest(source: Any) -> str:
    """Fingerprint of a source's bytes; of its rows where it is no file or folder of .txt (hex)."""
    if isinstance(source, str | Path) and not _is_stored_elsewhere(Path(source)):
        path = Path(source)
        if format_of(path) != "txt":
            return digest_file(path)
        return digest_text(part for file in txt_files(path) for part in (file_id(file, path), digest_file(file)))
    return digest_text(json.dumps(row, sort_keys=True, default=str) for _, row in rows(source))


def source_facts(source: Any) -> dict[str, str]:
    """What a run notes about a source: its path, and its fingerprint where it is a path that exists."""
    if not isinstance(source, str | Path):
        return {"path": "in memory"}
    digest = {"digest": source_digest(source)} if Path(source).exists() else {}
    return {"path": str(source), **digest}


def txt_files(folder: Path) -> list[Path]:
    """The .txt files under a folder, sorted by path."""
    return sorted(folder.rglob("*.txt"))


def file_id(file: Path, folder: Path) -> str:
    """A file's name in its folder, without the ending."""
    return file.relative_to(folder).with_suffix("").as_posix()


def decoded(data: bytes, path: Path, start: int = 0) -> str:
    """Bytes as UTF-8; `start` is where they stand in the file.

    Raises:
        DataError: if they are not; the message names the byte.
    """
    try:
        return data.decode("utf-8-sig" if start == 0 else "utf-8")
    except UnicodeDecodeError as e:
        raise DataError(
            f"{path} is not UTF-8: byte {start + e.start} is 0x{e.object[e.start]:02x}; convert the file to UTF-8"
        ) from None


def _is_stored_elsewhere(path: Path) -> bool:
    """A saved data set, perhaps with `:split`, or a hub id: no file, no ending we know, no more than `owner/name`."""
    if path.exists():
        return path.is_dir() and format_of(path) == "saved"
    local = Path(str(path).partition(":")[0])
    if local.is_dir():
        return format_of(local) == "saved"
    return not path.is_absolute() and path.suffix.lower() not in {*FORMATS, ".txt"} and 1 <= len(path.parts) <= 2


def _json_rows(path: Path) -> Iterator[tuple[Place, Row]]:
    with path.open("rb") as f:
        if f.read(64).lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"[" and path.suffix.lower() == ".json":
            f.seek(0)
            for i, row in enumerate(_parsed(decoded(f.read(), path), path, 1)):
                yield f"record {i}", row
            return
        f.seek(0)
        at = 0
        for number, line in enumerate(f, 1):
            text = decoded(line, path, at)
            at += len(line)
            if text.strip():
                yield f"line {number}", _parsed(text.rstrip(), path, number)


def _parsed(text: str, path: Path, number: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as e:
        seen = mask_personal(text[max(0, e.pos - 10) : e.pos + 20].strip())
        at = number + e.lineno - 1
        raise DataError(
            f"{path} line {at}: not JSON ({e.msg.lower()} near {seen!r}); put one JSON object on each line"
        ) from None
    except RecursionError:
        raise DataError(
            f"{path} line {number}: JSON nested too deeply; put one flat JSON object on each line"
        ) from None


def csv_separator(path: Path) -> str:
    """Tab for .tsv, else comma."""
    return "\t" if path.suffix.lower() == ".tsv" else ","


def csv_cells(path: Path) -> Iterator[tuple[Place, list[str]]]:
    """The header and then every row of a CSV file, as cells.

    Raises:
        DataError: if the file is not UTF-8 or not CSV, or a row has another number of cells than the header.
    """
    _refuse_other_encodings(path)
    with path.open(encoding="utf-8-sig", newline="") as f:
        reader = csv.reader(f, delimiter=csv_separator(path), strict=True)
        try:
            header = next(reader, None)
            if header is None:
                return
            yield "header", header
            for cells in reader:
                if cells and len(cells) != len(header):
                    raise DataError(
                        f"{path} line {reader.line_num}: {len(cells)} cells under {len(header)} columns; "
                        "quote cells that hold a separator"
                    )
                if cells:
                    yield f"line {reader.line_num}", cells
        except csv.Error as e:
            raise DataError(
                f"{path} line {reader.line_num}: not CSV ({e}); write it with quotes around texts"
            ) from None


def _csv_rows(path: Path) -> Iterator[tuple[Place, Row]]:
    cells = csv_cells(path)
    _, header = next(cells, ("", []))
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise DataError(f"{path} has two columns called {twice[0]!r}; rename one")
    for place, values in cells:
        yield place, dict(zip(header, values, strict=True))


def _refuse_other_encodings(path: Path) -> None:
    decoder, at = getincrementaldecoder("utf-8")(), 0
    with path.open("rb") as f:
        while block := f.read(1 << 20):
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(block)
            except UnicodeDecodeError as e:
                place, value = at - pending + e.start, e.object[e.start]
                raise DataError(
                    f"{path} is not UTF-8: byte {place} is 0x{value:02x}; convert the file to UTF-8"
                ) from None
            at += len(block)
    if left := decoder.getstate()[0]:
        raise DataError(f"{path} is not UTF-8: it ends in the middle of a character (byte {at - len(left)})")


def _parquet_rows(path: Path) -> Iterator[tuple[Place, Row]]:
    try:
        with pq.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches(batch_size=1024):
                for row in batch.to_pylist():
                    yield f"row {number}", row
                    number += 1
    except pa.ArrowInvalid as e:
        raise DataError(f"{path} is not a Parquet file ({str(e).splitlines()[0]}); write it anew") from None


def _txt_rows(folder: Path) -> Iterator[tuple[Place, Row]]:
    for file in txt_files(folder):
        name = file_id(file, folder)
        yield f"{name}.txt", {"id": name, "text": decoded(file.read_bytes(), file)}


def _frame_rows(frame: pd.DataFrame) -> Iterator[tuple[Place, Row]]:
    names = [str(c) for c in frame.columns]
    if len(set(names)) < len(names):
        raise DataError(f"the data frame has two columns of one name ({', '.join(names)}); rename one")
    columns = [frame.iloc[:, i] for i in range(len(names))]
    for number, values in enumerate(zip(*columns, strict=True)):
        yield f"row {number}", dict(zip(names, values, strict=True))
