"""Files that are whole or absent: written beside, synced, then renamed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path whose content takes the place of `path` when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        with part.open("rb") as f:
            os.fsync(f.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_text(text: str, path: Path) -> None:
    """Write UTF-8 text."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def write_json(value: Any, path: Path) -> None:
    """Write JSON, sorted keys, readable; NaN and infinity are errors, as JSON has no word for them."""
    write_text(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n", path)


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table; the same table gives the same bytes."""
    with replacing(path) as part:
        frame.to_parquet(part, index=False)


def kept_table(path: Path, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """The table in this Parquet file; made and written first if it is not there. Always as read from the file."""
    if not path.exists():
        write_parquet(make(), path)
    return pd.read_parquet(path)


def kept_json(path: Path, make: Callable[[], Any]) -> Any:
    """What this JSON file holds; made and written first if it is not there. Always as read from the file."""
    if not path.exists():
        write_json(make(), path)
    return json.loads(path.read_text(encoding="utf-8"))
