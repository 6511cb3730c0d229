"""Records and what they are to the model: trained on, held out, planted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from byheart.core.atomic import replacing
from byheart.core.digest import digest_text
from byheart.core.errors import DataError
from byheart.core.items import Items, as_items, items_from, items_to, joined
from byheart.core.items.rows import Rows, rows_of
from byheart.core.places import known_places

ROLES = ("member", "nonmember", "canary", "canary_control", "synthetic", "unknown")


@dataclass(frozen=True, eq=False)
class Corpus:
    """Records with their roles.

    Args:
        items: the records, (n,): texts, lists of chat messages, or `Rows` of a table; kept as `core.items.Items`.
        ids: one unique name each, str (n,).
        roles: one of `ROLES` each, str (n,).
        groups: the unit that intervals resample (document, author, person), str (n,).
        columns: further facts per record, each (n,): dates, canary families, repetitions.

    Raises:
        DataError: on unequal lengths, an unknown role or two records of one id.
    """

    items: Items
    ids: np.ndarray
    roles: np.ndarray
    groups: np.ndarray
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", as_items(self.items))
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
        items: Sequence[Any] | Items,
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
            items=as_items(items),
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
        return Corpus(
            joined(self.items, other.items),
            np.concatenate([self.ids, other.ids]),
            np.concatenate([self.roles, other.roles]),
            np.concatenate([self.groups, other.groups]),
            columns,
        )

    def take(self, rows: np.ndarray | Sequence[int]) -> Corpus:
        """The named rows, in the order named; a bool mask (n,) works too."""
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
        return Corpus(
            self.items.take(rows),
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
        return self.items.texts

    @cached_property
    def digest(self) -> str:
        """Fingerprint of ids, roles, groups, records and columns (hex)."""
        columns = [f"{k}={v}" for k in sorted(self.columns) for v in self.columns[k].tolist()]
        return digest_text([*self.ids, *self.roles, *self.groups, *self.items.fingerprints, *columns])

    @property
    def rows(self) -> Rows:
        """The records as table rows.

        Raises:
            DataError: if they are none.
        """
        return rows_of(self.items)

    def save(self, path: Path) -> None:
        """Write `corpus.parquet`: id, role, group, the columns of the items, and the further columns."""
        fixed = {"id": self.ids, "role": self.roles, "group": self.groups, **self.items.columns()}
        table = pa.Table.from_pandas(pd.DataFrame({**fixed, **dict(self.columns)}), preserve_index=False)
        facts = {**(table.schema.metadata or {}), **items_to(self.items)}
        with replacing(path) as part:
            pq.write_table(table.replace_schema_metadata(facts), part)

    @classmethod
    def load(cls, path: Path) -> Corpus:
        """Read what `save` wrote."""
        table = pq.read_table(path)
        frame = table.to_pandas()
        items = items_from(frame, table.schema.metadata or {})
        fixed = {"id", "role", "group", *items.column_names}
        return cls.of(
            items,
            frame["role"].tolist(),
            ids=frame["id"].tolist(),
            groups=frame["group"].tolist(),
            columns={k: frame[k].tolist() for k in frame.columns if k not in fixed},
        )


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
