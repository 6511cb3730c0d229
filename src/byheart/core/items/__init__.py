"""The records of a corpus: a file per kind, found by looking into this folder.

`images.py` would hold `Images`, a class that keeps the protocol `Items`. A corpus asks its items, never what they are.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Protocol

import numpy as np
import pandas as pd

from byheart.core.errors import DataError
from byheart.core.items.texts import Texts

PREFIX = b"byheart."


class Items(Protocol):
    """Records of one kind."""

    KEY: bytes
    """Where `facts` stand in the metadata of `corpus.parquet`: `byheart.` and a word; empty if there never are any."""

    def __len__(self) -> int:
        """How many."""

    def __iter__(self) -> Iterator[Any]:
        """One after the other."""

    def __getitem__(self, place: Any) -> Any:
        """The one at a place."""

    def take(self, places: np.ndarray) -> Items:
        """Those at these places, int (m,)."""

    def join(self, other: Any) -> Items:
        """These, then others of the same kind."""

    @property
    def texts(self) -> list[str]:
        """Each as one string."""

    @property
    def fingerprints(self) -> list[str]:
        """What stands for them in the digest of a corpus."""

    @property
    def facts(self) -> Any:
        """What the columns do not say, as JSON can hold it."""

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns of `corpus.parquet` that hold them."""

    def columns(self) -> dict[str, np.ndarray]:
        """These columns, (n,) each."""

    @classmethod
    def from_columns(cls, frame: pd.DataFrame, facts: Any) -> Items:
        """Read from these columns and facts."""


def as_items(records: Any) -> Items:
    """Records that know their kind, as they are; any others are texts."""
    return records if hasattr(records, "fingerprints") else Texts(records)  # type: ignore[no-any-return]


def joined(one: Items, other: Items) -> Items:
    """These, then those; what is of two kinds becomes a plain list."""
    return one.join(other) if one.KEY == other.KEY else Texts([*one, *other])


def items_from(frame: pd.DataFrame, metadata: Mapping[bytes, bytes]) -> Items:
    """The records in a table read from `corpus.parquet`.

    Raises:
        DataError: if they are of a kind that has no file here.
    """
    key = next((key for key in metadata if key.startswith(PREFIX)), Texts.KEY)
    for kind in kinds():
        if key == kind.KEY:
            return kind.from_columns(frame, json.loads(metadata.get(key, b"null")))
    raise DataError(f"these records are noted as {key.decode()}, which this version of byheart does not know")


def kinds() -> Iterator[type[Items]]:
    """The classes of all kinds, each from its file."""
    for file in pkgutil.iter_modules(__path__):
        yield getattr(import_module(f"{__name__}.{file.name}"), file.name.capitalize())


def items_to(items: Items) -> dict[bytes, bytes]:
    """What is noted in the metadata of `corpus.parquet`, beside the columns."""
    return {items.KEY: json.dumps(items.facts).encode()} if items.KEY else {}
