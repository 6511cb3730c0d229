"""How do canaries get into a data set? As further records at random places; every other record stays as it is."""

from __future__ import annotations

import csv
import json
import os
import shutil
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from byheart.core.atomic import replacing
from byheart.core.errors import DataError, UsageError
from byheart.core.randomness import derive_seed, generator
from byheart.data.canaries.canaries import Canary, Manifest, refuse_without_twins
from byheart.data.sources import csv_cells, csv_separator, format_of, name_of, rows, source_digest, txt_files
from byheart.data.text.records import Layout, layout_of, missing


@dataclass(frozen=True)
class Injected:
    """Data with canaries in them.

    Args:
        data: the path written, or the data frame or list made.
        manifest: the manifest with the digests of the data before and after.
    """

    data: Any
    manifest: Manifest


@dataclass(frozen=True)
class _Plan:
    """What goes where.

    Args:
        copies: one entry per record to add, in the order of their places.
        places: their row numbers in the result, int (copies,), increasing.
        n_records: rows before.
        layout: where a record stands in a row.
        bare: whether rows are bare records.
        ids: the value of the column `id` for each copy, or None without that column.
    """

    copies: Sequence[Canary]
    places: np.ndarray
    n_records: int
    layout: Layout
    bare: bool
    ids: Sequence[Any] | None

    def row(self, k: int) -> Any:
        """The row of copy k: a bare record, or the columns that hold it and its id."""
        item = self.copies[k].item(self.layout.kind)
        if self.bare:
            return item
        columns = self.layout.columns
        values = [item[c] for c in columns] if self.layout.kind == "prompt" else [item]
        return {**dict(zip(columns, values, strict=True)), **({} if self.ids is None else {"id": self.ids[k]})}

    def merged(self, others: Iterable[Any], added: Iterable[Any]) -> Iterator[Any]:
        """The others in their order, with the added ones at their places."""
        rest, more = iter(others), iter(added)
        at = 0
        for place in self.places.tolist():
            for _ in range(place - at):
                yield next(rest)
            yield next(more)
            at = place + 1
        yield from rest


def inject(
    manifest: Manifest,
    source: Any,
    out: Path | str | None = None,
    *,
    seed: int | None = None,
    text_column: str | None = None,
) -> Injected:
    """Write data with each planted canary repeated its number of times, at random places.

    Other columns of an added row are empty (0 or false where a data frame's column cannot be). In chats the canary is
    the assistant's answer to a plain question, in prompts with completions the completion.

    Args:
        manifest: the canaries.
        source: a .jsonl, .csv or .parquet file, a folder of .txt files, a data frame or a list. It is not changed.
        out: where to write, in the format of the source; None for a data frame or a list.
        seed: decides the places; the manifest's own by default.
        text_column: the column that holds the record, as in `read`.

    Raises:
        UsageError: if there is no seed, or `out` does not fit the source.
        DataError: if the source cannot be read, or already holds these canaries.
    """
    refuse_without_twins(manifest.canaries)
    seed = manifest.seed if seed is None else seed
    if seed is None:
        raise UsageError("the manifest is sealed and the places need a seed; give one")
    source = list(source) if not isinstance(source, str | Path | pd.DataFrame | list) else source
    kind = _kind(source, out)
    before = source_digest(source)
    if manifest.data and before == manifest.data.get("after"):
        raise DataError(f"{name_of(source)} already holds these canaries; give the data without them")
    plan = _plan(manifest, source, seed, text_column)
    data: Any
    if kind in ("frame", "list"):
        data = _frame(source, plan) if kind == "frame" else list(plan.merged(source, _rows(plan)))
    else:
        data = Path(out or "")
        _WRITERS[kind](Path(source), data, plan, seed)
    facts = {
        "before": before, "after": source_digest(data), "layout": plan.layout.kind, "n_records": plan.n_records,
        "n_added": len(plan.copies),
    }  # fmt: skip
    return Injected(data, replace(manifest, data=facts))


def _kind(source: Any, out: Path | str | None) -> str:
    if not isinstance(source, str | Path):
        if out is not None:
            raise UsageError("a data frame or list is returned, not written; leave out `out`, or give a file as source")
        return "frame" if isinstance(source, pd.DataFrame) else "list"
    path = Path(source)
    kind = format_of(path)
    if kind == "saved" or (kind == "jsonl" and path.suffix.lower() == ".json"):
        raise UsageError(f"canaries are planted in .jsonl, .csv, .parquet or a folder of .txt; convert {source} first")
    if out is None:
        raise UsageError("say where to write the data with canaries: out")
    target = Path(out)
    if target.resolve() == path.resolve() or (kind == "txt" and path.resolve() in target.resolve().parents):
        raise UsageError(f"{out} is (in) the source itself, which is never changed; give another path")
    if kind == "txt" and target.exists():
        raise UsageError(f"{out} exists; give a new folder")
    if kind != "txt" and target.suffix.lower() != path.suffix.lower():
        raise UsageError(f"{out} should end in {path.suffix} like the data")
    return kind


def _plan(manifest: Manifest, source: Any, seed: int, text_column: str | None) -> _Plan:
    layout, first, n, ids = None, None, 0, []
    for place, row in rows(source):
        if layout is None:
            layout, first = layout_of(row, f"{name_of(source)} {place}", text_column), row
        if isinstance(row, dict) and "id" in row:
            ids.append(row["id"])
        n += 1
    if layout is None:
        raise DataError(f"{name_of(source)} holds no record; canaries are planted among others")
    copies = [c for c in manifest.planted for _ in range(c.repetitions)]
    rng = generator(seed, "canary places")
    order = rng.permutation(len(copies))
    places = np.sort(rng.choice(n + len(copies), len(copies), replace=False))
    return _Plan(
        [copies[i] for i in order], places, n, layout, not isinstance(first, dict), _new_ids(ids, len(copies), seed)
    )


def _new_ids(ids: list[Any], n: int, seed: int) -> list[Any] | None:
    """Ids of the same kind as those there: the next numbers, or names that tell nothing."""
    if not ids:
        return None
    present = [i for i in ids if not missing(i)]
    digits = [str(i).removesuffix(".0") for i in present]
    if digits and all(d.isascii() and d.isdigit() for d in digits):
        top = max(int(d) for d in digits)
        return [str(top + 1 + k) if isinstance(present[0], str) else top + 1 + k for k in range(n)]
    return [_name(seed, k) for k in range(n)]


def _name(seed: int, k: int) -> str:
    return f"{derive_seed(seed, 'canary name', str(k)):016x}"


def _rows(plan: _Plan) -> Iterator[Any]:
    return (plan.row(k) for k in range(len(plan.copies)))


def _write_jsonl(source: Path, out: Path, plan: _Plan, seed: int) -> None:
    added = (json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in _rows(plan))
    with replacing(out) as part, part.open("wb") as f, source.open("rb") as lines:
        whole = (line.removeprefix(BOM_UTF8).rstrip(b"\r\n") + b"\n" for line in lines if line.strip())
        f.writelines(plan.merged(whole, added))


def _write_csv(source: Path, out: Path, plan: _Plan, seed: int) -> None:
    cells = (values for _, values in csv_cells(source))
    header = next(cells)
    added = ([_cell(row.get(column)) for column in header] for row in _rows(plan))
    with replacing(out) as part, part.open("w", encoding="utf-8", newline="") as f:
        writer = csv.writer(f, delimiter=csv_separator(source), lineterminator="\n")
        writer.writerow(header)
        writer.writerows(plan.merged(cells, added))


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)


def _write_parquet(source: Path, out: Path, plan: _Plan, seed: int) -> None:
    with pq.ParquetFile(source) as file:
        table = file.read()
    added = pa.Table.from_pylist(list(_rows(plan)), schema=table.schema)
    pieces, done = [], 0
    for k, place in enumerate(plan.places.tolist()):  # `place - k` other rows stand before copy k
        pieces += [table.slice(done, place - k - done), added.slice(k, 1)]
        done = place - k
    with replacing(out) as part:
        pq.write_table(pa.concat_tables([*pieces, table.slice(done)]), part)


def _write_txt(source: Path, out: Path, plan: _Plan, seed: int) -> None:
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        for file in txt_files(source):
            target = part / file.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        for k, canary in enumerate(plan.copies):
            (part / f"{_name(seed, k)}.txt").write_text(canary.text, encoding="utf-8")
        part.rename(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _frame(frame: pd.DataFrame, plan: _Plan) -> pd.DataFrame:
    added = list(_rows(plan))
    columns = {}
    for name in frame.columns:
        values = [row.get(str(name)) for row in added]
        if frame[name].dtype.kind in "iub" and values[0] is None:
            values = [0] * len(values)
        columns[name] = pd.Series(values, dtype=frame[name].dtype)
    order = list(plan.merged(range(len(frame)), range(len(frame), len(frame) + len(added))))
    return pd.concat([frame, pd.DataFrame(columns)], ignore_index=True).iloc[order].reset_index(drop=True)


_WRITERS = {"jsonl": _write_jsonl, "csv": _write_csv, "parquet": _write_parquet, "txt": _write_txt}
