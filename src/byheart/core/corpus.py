"""Records and what they are to the model: trained on, held out, planted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from byheart.core.atomic import replacing, write_parquet
from byheart.core.digest import digest_text
from byheart.core.errors import DataError
from byheart.core.places import known_places
from byheart.core.rows import Rows
from byheart.core.schema import Schema

SCHEMA_KEY = b"byheart.table"
ROLES = ("member", "nonmember", "canary", "canary_control", "synthetic", "unknown")


@dataclass(frozen=True, eq=False)
class Corpus:
    """Records with their roles.

    Args:
        items: the records, (n,): texts, lists of chat messages, image paths, or `Rows` of a table.
        ids: one unique name each, str (n,).
        roles: one of `ROLES` each, str (n,).
        groups: the unit that intervals resample (document, author, person), str (n,).
        columns: further facts per record, each (n,): dates, canary families, repetitions.

    Raises:
        DataError: on unequal lengths, an unknown role or two records of one id.
    """

    items: Sequence[Any]
    ids: np.ndarray
    roles: np.ndarray
    groups: np.ndarray
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = len(self.items)
        for name, values in {"ids": self.ids, "roles": self.roles, "groups": self.groups, **self.columns}.items():
            if len(values) != n:
                raise DataError(f"{n} records but {len(values)} {name}")
        unknown = set(self.roles.tolist()) - set(ROLES)
        if unknown:
            raise DataError(f"a role is one of {', '.join(ROLES)}; got {sorted(unknown)[0]!r}")
        ids, counts = np.unique(self.ids, return_counts=True)
        if ids.size != n:
            raise DataError(f"two records have the id {ids[counts > 1][0]!r}; ids are unique")

    @classmethod
    def of(
        cls,
        items: Sequence[Any],
        role: str | Sequence[str],
        *,
        ids: Sequence[str] | None = None,
        groups: Sequence[str] | None = None,
        columns: Mapping[str, Sequence[Any]] | None = None,
    ) -> Corpus:
        """Build one from plain sequences; ids default to `role-000000`, groups to the ids.

        >>> Corpus.of(["a", "b"], "member").ids.tolist()
        ['member-000000', 'member-000001']
        """
        n = len(items)
        roles = [role] * n if isinstance(role, str) else list(role)
        names = [f"{r}-{i:06d}" for i, r in enumerate(roles)] if ids is None else [str(i) for i in ids]
        return cls(
            items=items if isinstance(items, Rows) else list(items),
            ids=np.array(names, dtype=object),
            roles=np.array(roles, dtype=object),
            groups=np.array(names if groups is None else [str(g) for g in groups], dtype=object),
            columns={k: _column(v) for k, v in (columns or {}).items()},
        )

    def __len__(self) -> int:
        return len(self.items)

    def __add__(self, other: Corpus) -> Corpus:
        columns = {
            k: np.concatenate([_filled(self, k), _filled(other, k)])
            for k in dict.fromkeys([*self.columns, *other.columns])
        }
        rows = isinstance(self.items, Rows) and isinstance(other.items, Rows)
        return Corpus(
            self.items + other.items if rows else [*self.items, *other.items],  # type: ignore[operator]
            np.concatenate([self.ids, other.ids]),
            np.concatenate([self.roles, other.roles]),
            np.concatenate([self.groups, other.groups]),
            columns,
        )

    def take(self, rows: np.ndarray | Sequence[int]) -> Corpus:
        """The named rows, in the order named; a bool mask (n,) works too."""
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
        items = self.items.take(rows) if isinstance(self.items, Rows) else [self.items[int(i)] for i in rows]
        return Corpus(
            items,
            self.ids[rows],
            self.roles[rows],
            self.groups[rows],
            {k: v[rows] for k, v in self.columns.items()},
        )

    def at(self, ids: np.ndarray | Sequence[str], *, skip_unknown: bool = False) -> Corpus:
        """The records of these ids, in their order.

        Args:
            ids: whom to take, str (m,).
            skip_unknown: leave out ids that are not here.

        Raises:
            DataError: if an id is not here, unless those are skipped.
        """
        return self.take(known_places(self.ids, ids, skip_unknown=skip_unknown))

    def where(self, *roles: str) -> Corpus:
        """The records of these roles."""
        return self.take(np.isin(self.roles, roles))

    @cached_property
    def texts(self) -> list[str]:
        """Each record as one string: a text as it is, anything else as JSON."""
        return [as_text(item) for item in self.items]

    @cached_property
    def digest(self) -> str:
        """Fingerprint of ids, roles, groups, records and columns (hex)."""
        columns = [f"{k}={v}" for k in sorted(self.columns) for v in self.columns[k].tolist()]
        records = [self.items.digest] if isinstance(self.items, Rows) else self.texts
        return digest_text([*self.ids, *self.roles, *self.groups, *records, *columns])

    @property
    def rows(self) -> Rows:
        """The records as table rows.

        Raises:
            DataError: if they are none.
        """
        if not isinstance(self.items, Rows):
            raise DataError("the records are texts, but this asks for rows of a table; use the text methods")
        return self.items

    def save(self, path: Path) -> None:
        """Write `corpus.parquet`: id, role, group, text or the cells of the row, and the further columns."""
        if isinstance(self.items, Rows):
            _save_rows(self, self.items, path)
            return
        frame = {"id": self.ids, "role": self.roles, "group": self.groups, "text": np.array(self.texts, dtype=object)}
        is_text = np.array([isinstance(item, str) for item in self.items], dtype=bool)
        write_parquet(pd.DataFrame({**frame, "is_text": is_text, **dict(self.columns)}), path)

    @classmethod
    def load(cls, path: Path) -> Corpus:
        """Read what `save` wrote."""
        table = pq.read_table(path)
        frame = table.to_pandas()
        if SCHEMA_KEY in (table.schema.metadata or {}):
            return _loaded_rows(frame, json.loads(table.schema.metadata[SCHEMA_KEY]))
        items = [t if is_text else json.loads(t) for t, is_text in zip(frame["text"], frame["is_text"], strict=True)]
        fixed = {"id", "role", "group", "text", "is_text"}
        return cls.of(
            items,
            frame["role"].tolist(),
            ids=frame["id"].tolist(),
            groups=frame["group"].tolist(),
            columns={k: frame[k].tolist() for k in frame.columns if k not in fixed},
        )


def as_text(item: Any) -> str:
    """A record as one string."""
    return item if isinstance(item, str) else json.dumps(item, ensure_ascii=False, sort_keys=True)


def _column(values: Sequence[Any]) -> np.ndarray:
    if any(v is None or isinstance(v, str) for v in values):  # text, some of it absent
        column = np.empty(len(values), dtype=object)
        column[:] = [None if isinstance(v, float) and np.isnan(v) else v for v in values]
        return column
    return np.asarray(values)


def _filled(corpus: Corpus, name: str) -> np.ndarray:
    if name in corpus.columns:
        return corpus.columns[name]
    return np.full(len(corpus), None, dtype=object)


def _save_rows(corpus: Corpus, rows: Rows, path: Path) -> None:
    """Cells are columns `row.NAME`; the schema travels in the metadata."""
    cells = {f"row.{name}": rows.frame[name].to_numpy() for name in rows.schema.names}
    fixed = {"id": corpus.ids, "role": corpus.roles, "group": corpus.groups}
    table = pa.Table.from_pandas(pd.DataFrame({**fixed, **cells, **dict(corpus.columns)}), preserve_index=False)
    facts = {**(table.schema.metadata or {}), SCHEMA_KEY: json.dumps(rows.schema.to_dict()).encode()}
    with replacing(path) as part:
        pq.write_table(table.replace_schema_metadata(facts), part)


def _loaded_rows(frame: pd.DataFrame, fields: dict[str, Any]) -> Corpus:
    schema = Schema.from_dict(fields)
    cells = pd.DataFrame({name: frame[f"row.{name}"] for name in schema.names})
    fixed = {"id", "role", "group", *(f"row.{name}" for name in schema.names)}
    return Corpus.of(
        Rows.of(cells, schema), frame["role"].tolist(), ids=frame["id"].tolist(), groups=frame["group"].tolist(),
        columns={k: frame[k].tolist() for k in frame.columns if k not in fixed},
    )  # fmt: skip
