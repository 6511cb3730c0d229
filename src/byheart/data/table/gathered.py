"""Which rows does the audit of a synthetic table rest on, and what should a reader know about them?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError, TooFewRecords, UsageError
from byheart.core.items.rows import Rows
from byheart.core.randomness import generator
from byheart.core.schema import Column, Schema
from byheart.data.sources import source_facts
from byheart.data.table.column_kinds import SYNTHETIC, as_texts, pooled, schema_of
from byheart.data.table.files import read_table
from byheart.data.table.held_out import drawn_whole, entity_codes
from byheart.data.table.notes import about_entities, about_limit, about_rows
from byheart.data.table.plain_columns import AMBIGUOUS, date_form

TRAIN, CONTROL = "train", "control"
ROLE = {TRAIN: "member", CONTROL: "nonmember", SYNTHETIC: "synthetic"}
CALLED = {TRAIN: "the training table", CONTROL: "the control table", SYNTHETIC: "the synthetic table"}


@dataclass(frozen=True, eq=False)
class Gathered:
    """The rows of an audit.

    Args:
        corpus: training rows (member), control rows (nonmember) and synthetic rows, in one `Rows`.
        schema: its columns.
        notes: sentences for the report; they quote names of categories and no other cell.
        sources: path and digest of each table, by `train`, `control` and `synthetic`.
    """

    corpus: Corpus
    schema: Schema
    notes: tuple[str, ...]
    sources: dict[str, dict[str, str]]


def gather_table(
    train: Any,
    synthetic: Any,
    control: Any = None,
    *,
    target: str | None = None,
    entity: str | None = None,
    kinds: Mapping[str, str] | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> Gathered:
    """Read the tables into one corpus.

    Args:
        train: what the generator was trained on: a source of `read_table`.
        synthetic: what it made, likewise.
        control: rows like the training rows that it never saw, or None.
        target: the column that others are used to predict.
        entity: the column that says whose row it is; its values become the groups, as numbers, and are left out. The
            synthetic table need not have it. Control rows of a person in the training table are set aside.
        kinds: kind of a column where the inferred one is wrong.
        limit: rows of each table at most, drawn at random, persons whole.
        seed: for that draw.

    Returns:
        The corpus: training rows first, then control rows, then synthetic ones, each table in its own order. An id is
        the role with the row's place in its table.

    Raises:
        DataError: one line on what is wrong with the tables.
        TooFewRecords: if a table has fewer than two rows.
        UsageError: if limit is below 2.
    """
    if train is None or synthetic is None:
        raise DataError("give both the training table and the synthetic table")
    if limit is not None and limit < 2:
        raise UsageError(f"limit is at least 2 rows of each table; got {limit}")
    given = {TRAIN: train, CONTROL: control, SYNTHETIC: synthetic}
    tables = {name: _read(source, name) for name, source in given.items() if source is not None}
    _agree(tables, entity)
    schema = schema_of(
        [frame for name, frame in tables.items() if name != SYNTHETIC], target=target, entity=entity, kinds=kinds
    )
    if CONTROL in tables and _same(tables[TRAIN], tables[CONTROL]):
        raise DataError("the control table is the training table; give rows that the generator never saw")
    people = _people(tables, entity)
    kept, notes = _kept(tables, people, limit, seed)
    frames = {n: _typed(frame.iloc[kept[n]].reset_index(drop=True), schema, n) for n, frame in tables.items()}
    corpus = _corpus(frames, kept, people, schema)
    notes += about_rows(corpus, tables[TRAIN])
    return Gathered(corpus, schema, tuple(notes), {n: source_facts(s) for n, s in given.items() if s is not None})


def _read(source: Any, name: str) -> pd.DataFrame:
    try:
        frame = read_table(source)
    except DataError as e:
        raise DataError(str(e).replace("the data frame", CALLED[name], 1)) from None
    if len(frame) < 2:
        raise TooFewRecords(f"{CALLED[name]} has {len(frame)} rows; give two or more")
    return frame


def _agree(tables: Mapping[str, pd.DataFrame], entity: str | None) -> None:
    """Refuse tables of different columns; only the synthetic one may lack the entity."""
    first = list(tables[TRAIN].columns)
    if entity is not None and entity not in first:
        return  # the schema says so
    for name, frame in tables.items():
        free = {entity} if name == SYNTHETIC else set()
        missing = [c for c in first if c not in frame.columns and c not in free]
        extra = [c for c in frame.columns if c not in first]
        if missing or extra:
            raise DataError(f"{CALLED[name]} differs from the training table: {_differences(missing, extra)}")


def _differences(missing: list[str], extra: list[str]) -> str:
    said = [f"{word} {', '.join(map(repr, names))}" for word, names in (("lacks", missing), ("adds", extra)) if names]
    loose = {c.strip().lower(): c for c in missing}
    alike = next((c for c in extra if c.strip().lower() in loose), None)
    if alike is not None:
        return f"{' and '.join(said)}; {alike!r} and {loose[alike.strip().lower()]!r} differ in case or spaces only"
    if any(c.startswith("Unnamed: ") for c in extra + missing):
        return f"{' and '.join(said)}; a column without a name is often a saved index, so write with index=False"
    return f"{' and '.join(said)}; all tables need the same columns"


def _same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    return len(one) == len(other) and one.equals(other[list(one.columns)])


def _people(tables: Mapping[str, pd.DataFrame], entity: str | None) -> dict[str, np.ndarray]:
    """Whose row it is, for training and control rows together: int64 (n,) each; empty without an entity."""
    if entity is None:
        return {}
    real = [n for n in (TRAIN, CONTROL) if n in tables]
    codes = entity_codes(pooled([tables[n][entity] for n in real]))
    ends = np.cumsum([len(tables[n]) for n in real])
    return dict(zip(real, np.split(codes, ends[:-1]), strict=True))


def _kept(
    tables: Mapping[str, pd.DataFrame], people: Mapping[str, np.ndarray], limit: int | None, seed: int
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Places of the rows that stay, by table, and what a reader should know."""
    kept = {name: np.arange(len(frame)) for name, frame in tables.items()}
    notes = []
    if CONTROL in people:
        shared = np.isin(people[CONTROL], people[TRAIN])
        kept[CONTROL] = np.flatnonzero(~shared)
        notes += about_entities(people[CONTROL][shared])
        if len(kept[CONTROL]) < 2:
            raise DataError(
                f"{shared.sum()} of {len(shared)} control rows are of persons in the training table, and nothing is "
                "left to compare with; hold out whole persons"
            )
    for name, places in kept.items():
        if limit is None or len(places) <= limit:
            continue
        units = np.unique(people[name][places], return_inverse=True)[1] if name in people else np.arange(len(places))
        drawn = drawn_whole(units, limit, generator(seed, "rows of a table", name))
        kept[name] = places[drawn]
        notes += about_limit(CALLED[name], int(drawn.sum()), len(places))
    return kept, notes


def _typed(frame: pd.DataFrame, schema: Schema, name: str) -> pd.DataFrame:
    """One table in the schema's types.

    Raises:
        DataError: naming the table, the column and the row.
    """
    columns = {c.name: _of_kind(frame[c.name], c, CALLED[name]) for c in schema.columns}
    try:
        return schema.conform(pd.DataFrame(columns))
    except DataError as e:
        raise DataError(f"{CALLED[name]}: {e}") from None


def _of_kind(values: pd.Series[Any], column: Column, called: str) -> pd.Series[Any]:
    if column.kind != "date":
        return values if column.kind == "number" else as_texts(values)
    if pd.api.types.is_numeric_dtype(values.dtype) and values.notna().any():
        return pd.Series(pd.to_datetime(as_texts(values), format="%Y%m%d", errors="coerce")).where(values.notna())
    if values.dtype == object and values.notna().any():
        form = date_form(pa.array(values.dropna().unique(), pa.large_string()))
        if form == AMBIGUOUS:
            raise DataError(f"{called}: {AMBIGUOUS} in column {column.name!r}; write its dates as YYYY-MM-DD")
    return values


def _corpus(
    frames: Mapping[str, pd.DataFrame],
    kept: Mapping[str, np.ndarray],
    people: Mapping[str, np.ndarray],
    schema: Schema,
) -> Corpus:
    ids, groups, roles = [], [], []
    for name in frames:
        own = [f"{ROLE[name]}-{place:06d}" for place in kept[name]]
        ids += own
        groups += [f"entity-{code:06d}" for code in people[name][kept[name]]] if name in people else own
        roles += [ROLE[name]] * len(own)
    rows = Rows(pd.concat(list(frames.values()), ignore_index=True), schema)
    return Corpus.of(rows, roles, ids=ids, groups=groups)
