"""How memorized is each record: one number per record, higher is more."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from byheart.core.atomic import replacing
from byheart.core.card import Card
from byheart.core.places import known_places


@dataclass(frozen=True, eq=False)
class Scores:
    """One number per record; higher always means more memorized.

    Args:
        values: float64 (n,); NaN where a record cannot be scored (too short), never silently dropped.
        ids, roles, groups: as in `Corpus`, (n,).
        card: the method that made them.
        params: the options it ran with.
        extra: further columns, each (n,).
    """

    values: np.ndarray
    ids: np.ndarray
    roles: np.ndarray
    groups: np.ndarray
    card: Card
    params: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = self.values.shape[0]
        for name, column in {"ids": self.ids, "roles": self.roles, "groups": self.groups, **self.extra}.items():
            if len(column) != n:
                raise ValueError(f"{n} scores but {len(column)} {name}")

    def __len__(self) -> int:
        return int(self.values.shape[0])

    def take(self, rows: np.ndarray | Sequence[int]) -> Scores:
        """The named rows; a bool mask (n,) works too."""
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        return replace(
            self,
            values=self.values[rows],
            ids=self.ids[rows],
            roles=self.roles[rows],
            groups=self.groups[rows],
            extra={k: v[rows] for k, v in self.extra.items()},
        )

    def at(self, ids: np.ndarray | Sequence[str], *, skip_unknown: bool = False) -> Scores:
        """The records of these ids, in their order.

        Args:
            ids: whom to take, str (m,).
            skip_unknown: leave out ids that are not here.

        Raises:
            DataError: if an id is not here, unless those are skipped.
        """
        return self.take(known_places(self.ids, ids, skip_unknown=skip_unknown))

    def where(self, *roles: str) -> Scores:
        """The scores of records of these roles that could be scored."""
        return self.take(np.isin(self.roles, roles) & ~np.isnan(self.values))

    def table(self) -> pd.DataFrame:
        """id, role, group, value and the extra columns."""
        fixed = {"id": self.ids, "role": self.roles, "group": self.groups, "value": self.values}
        return pd.DataFrame({**fixed, **dict(self.extra)})

    def save(self, path: Path) -> None:
        """Write `scores/METHOD.parquet`; card and options travel in its metadata."""
        table = pa.Table.from_pandas(self.table(), preserve_index=False)
        facts = {"card": self.card.__dict__, "params": dict(self.params)}
        table = table.replace_schema_metadata(
            {**(table.schema.metadata or {}), b"byheart": json.dumps(facts, sort_keys=True, default=str).encode()}
        )
        with replacing(path) as part:
            pq.write_table(table, part)

    @classmethod
    def load(cls, path: Path) -> Scores:
        """Read what `save` wrote."""
        table = pq.read_table(path)
        facts = json.loads((table.schema.metadata or {})[b"byheart"])
        card = Card.from_dict(facts["card"])
        frame = table.to_pandas()
        columns = {k: frame[k].to_numpy() for k in frame.columns}
        values, ids = columns.pop("value").astype(np.float64), columns.pop("id").astype(object)
        roles, groups = columns.pop("role").astype(object), columns.pop("group").astype(object)
        return cls(values, ids, roles, groups, card, facts["params"], columns)
