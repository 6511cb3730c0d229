"""What an expensive pass over the records leaves behind, so that every score can be read from it later."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from byheart.core.atomic import replacing
from byheart.core.digest import digest_json
from byheart.core.places import known_places
from byheart.core.ragged import Ragged
from byheart.core.scores import Scores

Array = Ragged | np.ndarray


@dataclass(frozen=True)
class SignalKey:
    """What the signals were made from: the same key means the same numbers."""

    target: str
    corpus: str
    recipe: str
    seed: int

    @property
    def digest(self) -> str:
        """Fingerprint of the four (hex)."""
        return digest_json([self.target, self.corpus, self.recipe, self.seed])


@dataclass(frozen=True, eq=False)
class Signals:
    """Named arrays, one row per record.

    Args:
        ids, roles, groups: as in `Corpus`, (n,).
        arrays: by name, a `Ragged` of n rows or an array (n, ...).
        key: what they were made from.
    """

    ids: np.ndarray
    roles: np.ndarray
    groups: np.ndarray
    arrays: Mapping[str, Array]
    key: SignalKey = field(default_factory=lambda: SignalKey("", "", "", 0))

    def __post_init__(self) -> None:
        for name, array in self.arrays.items():
            if len(array) != len(self.ids):
                raise ValueError(f"{len(self.ids)} records but {len(array)} rows of {name}")

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, name: str) -> Array:
        return self.arrays[name]

    def ragged(self, name: str) -> Ragged:
        """The array of this name, which has rows of different lengths."""
        array = self.arrays[name]
        if not isinstance(array, Ragged):
            raise TypeError(f"{name} is a dense array of shape {array.shape}")
        return array

    def dense(self, name: str) -> np.ndarray:
        """The array of this name, which has one row of fixed size per record."""
        array = self.arrays[name]
        if isinstance(array, Ragged):
            raise TypeError(f"{name} has rows of different lengths")
        return array

    def take(self, rows: np.ndarray | Sequence[int]) -> Signals:
        """The named rows; a bool mask (n,) works too."""
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        arrays = {k: v.take(rows) if isinstance(v, Ragged) else v[rows] for k, v in self.arrays.items()}
        return replace(self, ids=self.ids[rows], roles=self.roles[rows], groups=self.groups[rows], arrays=arrays)

    def at(self, ids: np.ndarray | Sequence[str], *, skip_unknown: bool = False) -> Signals:
        """The records of these ids, in their order.

        Args:
            ids: whom to take, str (m,).
            skip_unknown: leave out ids that are not here.

        Raises:
            DataError: if an id is not here, unless those are skipped.
        """
        return self.take(known_places(self.ids, ids, skip_unknown=skip_unknown))

    def rows(self, *names: str, scored: bool = True) -> Iterator[tuple[np.ndarray, ...]]:
        """Per record, the named ragged arrays (tokens,), by default only at the scored tokens.

        A token is scored when the loss was, or would be, on it: all tokens of a text, the assistant's in a chat.
        """
        mask = self.arrays.get("scored") if scored else None
        columns = [self.ragged(name) for name in names]
        if isinstance(mask, Ragged):
            columns = [c.keep(mask.values.astype(bool)) for c in columns]
        return zip(*columns, strict=True)

    def scores(
        self,
        function: Callable[..., float],
        *,
        over: str | tuple[str, ...],
        method: Callable[..., Any],
        params: Mapping[str, Any] | None = None,
        extra: Mapping[str, np.ndarray] | None = None,
    ) -> Scores:
        """Apply a formula to each record's scored tokens.

        Args:
            function: from one array (tokens,) per name in `over` to one number.
            over: names of ragged arrays.
            method: the method's function, for its card.
            params: the options it ran with.
            extra: further columns of the scores, each (n,).

        Returns:
            Scores of shape (n,); NaN for a record without a scored token.
        """
        names = (over,) if isinstance(over, str) else over
        values = [float(function(*row)) if row[0].size else np.nan for row in self.rows(*names)]
        return self.wrap(np.array(values, dtype=np.float64), method=method, params=params, extra=extra)

    def wrap(
        self,
        values: np.ndarray,
        *,
        method: Callable[..., Any],
        params: Mapping[str, Any] | None = None,
        extra: Mapping[str, np.ndarray] | None = None,
    ) -> Scores:
        """Ready-made values (n,) as Scores of these records."""
        card = method.card  # type: ignore[attr-defined]
        checked = np.asarray(values, np.float64)
        return Scores(checked, self.ids, self.roles, self.groups, card, params or {}, extra or {})

    def save(self, path: Path) -> None:
        """Write one `.safetensors` file; ids and key travel in its metadata."""
        from safetensors.numpy import save

        flat: dict[str, np.ndarray] = {}
        for name, array in self.arrays.items():
            if isinstance(array, Ragged):
                flat[f"{name}.values"] = np.ascontiguousarray(array.values)
                flat[f"{name}.offsets"] = np.ascontiguousarray(array.offsets)
            else:
                flat[name] = np.ascontiguousarray(array)
        people = [[str(x) for x in column] for column in (self.ids, self.roles, self.groups)]
        facts = json.dumps({"key": self.key.__dict__, "records": people}, sort_keys=True)
        with replacing(path) as part:
            part.write_bytes(save(flat, metadata={"byheart": facts}))  # one entry: safetensors shuffles several

    @classmethod
    def load(cls, path: Path) -> Signals:
        """Read what `save` wrote."""
        from safetensors import safe_open

        with safe_open(str(path), framework="numpy") as f:
            facts = json.loads((f.metadata() or {})["byheart"])
            flat = {name: f.get_tensor(name) for name in f.keys()}  # noqa: SIM118 (not a dict)
        arrays: dict[str, Array] = {k: v for k, v in flat.items() if not k.endswith((".values", ".offsets"))}
        for name in (k.removesuffix(".offsets") for k in flat if k.endswith(".offsets")):
            arrays[name] = Ragged(flat[f"{name}.values"], flat[f"{name}.offsets"])
        ids, roles, groups = (np.array(column, dtype=object) for column in facts["records"])
        return cls(ids, roles, groups, arrays, SignalKey(**facts["key"]))

    @staticmethod
    def join(parts: Sequence[Signals]) -> Signals:
        """Put the records of several behind each other; they share names and key."""
        arrays: dict[str, Array] = {}
        for name in parts[0].arrays:
            pieces = [p.arrays[name] for p in parts]
            ragged = [p for p in pieces if isinstance(p, Ragged)]
            arrays[name] = Ragged.join(ragged) if ragged else np.concatenate([np.asarray(p) for p in pieces])
        return Signals(
            np.concatenate([p.ids for p in parts]),
            np.concatenate([p.roles for p in parts]),
            np.concatenate([p.groups for p in parts]),
            arrays,
            parts[0].key,
        )
