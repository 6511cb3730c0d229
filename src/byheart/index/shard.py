"""What is read from one shard of an index: everything by memory map, so that any size fits."""

from __future__ import annotations

import json
import mmap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from byheart.core.errors import IndexCorruptError
from byheart.index.layout import SAMPLE_EVERY, pointer_size, separator, token_dtype
from byheart.index.packed import Packed

MOST_SAMPLES = 1 << 16  # taken on opening, where no sample file lies


class Shard:
    """One shard, open for reading. Positions are in tokens, separators included; rows are those of the table.

    Args:
        folder: the index.
        number: which shard.
        width: bytes per token.
        first_doc: number of its first document in the index.

    Raises:
        IndexCorruptError: if the sizes of its files do not fit each other.
    """

    def __init__(self, folder: Path, number: int, width: int, first_doc: int = 0) -> None:
        self.folder, self.number, self.width, self.first_doc = folder, number, width, first_doc
        self.bytes = _mapped(folder / f"tokenized.{number}")
        data = np.frombuffer(self.bytes, np.uint8)
        self.pointer_size = pointer_size(data.size)
        self._table = np.frombuffer(_mapped(folder / f"table.{number}"), np.uint8)
        self._offsets = np.frombuffer(_mapped(folder / f"offset.{number}"), np.uint8)
        self._check_sizes(data)
        self._offsets = self._offsets.view("<u8")
        self.tokens = data.view(token_dtype(width))
        self.packed = Packed(data, width)
        self.n_rows, self.n_docs = self.tokens.size, self._offsets.size
        self.pointer = self._reader()
        self.sample_every, self.samples = self._samples()
        self.sample_list: Any = memoryview(self.samples)  # type: ignore[arg-type]

    def _check_sizes(self, data: np.ndarray) -> None:
        rows = data.size // self.width
        fits = (
            rows * self.width == data.size
            and self._table.size == rows * self.pointer_size
            and self._offsets.size % 8 == 0
            and self._offsets.size
            and data[: self.width].tobytes() == b"\xff" * self.width
        )
        if not fits:
            raise IndexCorruptError(
                f"shard {self.number} of {self.folder} does not fit together ({data.size:,} bytes of tokens of "
                f"{self.width} bytes, {self._table.size:,} bytes of table, {self._offsets.size:,} of offsets); "
                "build the index again"
            )

    def _reader(self) -> Callable[[int], int]:
        """Byte pointer of one row, as fast as Python can."""
        if self.pointer_size in (1, 2, 4):
            table_view: Any = memoryview(self._table)  # type: ignore[arg-type]
            reader: Callable[[int], int] = table_view.cast({1: "B", 2: "H", 4: "I"}[self.pointer_size]).__getitem__
            return reader
        table, size = self._table.data, self.pointer_size
        return lambda row: int.from_bytes(table[row * size : row * size + size], "little")

    def _samples(self) -> tuple[int, np.ndarray]:
        path = self.folder / f"sample.{self.number}"
        if path.exists():
            samples = np.frombuffer(_mapped(path), "<u8")
            if samples.size != -(-self.n_rows // SAMPLE_EVERY):
                raise IndexCorruptError(f"{path} holds {samples.size:,} samples of another table; build it again")
            return SAMPLE_EVERY, samples
        every = max(SAMPLE_EVERY, -(-self.n_rows // MOST_SAMPLES))
        return every, self.packed.words(self.positions(np.arange(0, self.n_rows, every)))

    def positions(self, rows: np.ndarray) -> np.ndarray:
        """Where the suffixes of these rows start, int64 (rows,)."""
        if self.pointer_size in (1, 2, 4):
            pointers = self._table.view(f"<u{self.pointer_size}").take(rows).astype(np.int64)
        else:
            first = rows * self.pointer_size
            pointers = np.zeros(rows.size, np.int64)
            for i in range(self.pointer_size):
                pointers |= self._table.take(first + i).astype(np.int64) << (8 * i)
        return pointers >> (self.width.bit_length() - 1)

    def docs(self, positions: np.ndarray) -> np.ndarray:
        """Which document of the shard holds each position, int64 (n,)."""
        pointers = positions.astype(np.uint64) * np.uint64(self.width)
        return np.searchsorted(self._offsets, pointers, "right").astype(np.int64) - 1

    def bounds(self, docs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First position of each document, and the first one behind it."""
        begin = self._offsets.take(docs).astype(np.int64) // self.width + 1
        after = self._offsets.take(np.minimum(docs + 1, self.n_docs - 1)).astype(np.int64) // self.width
        return begin, np.where(docs + 1 < self.n_docs, after, self.n_rows)

    def document(self, doc: int) -> np.ndarray:
        """Token ids of the shard's document, read-only (tokens,)."""
        (begin,), (end,) = self.bounds(np.array([doc]))
        return self.tokens[begin:end]

    def name(self, doc: int) -> str | None:
        """Name of the shard's document, if names were stored."""
        path = self.folder / f"metadata.{self.number}"
        if not path.exists():
            return None
        begin = np.frombuffer(_mapped(self.folder / f"metaoff.{self.number}"), "<u8")[doc]
        lines = _mapped(path)
        line = lines[int(begin) : lines.find(b"\n", int(begin))]
        found = json.loads(line).get("metadata", {}).get("id")
        return None if found is None else str(found)

    @property
    def separator(self) -> int:
        """The id before each document."""
        return separator(self.width)


def _mapped(path: Path) -> mmap.mmap:
    """A file as memory, read-only.

    Raises:
        IndexCorruptError: if it is not there or empty.
    """
    try:
        with path.open("rb") as f:
            return mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
    except (FileNotFoundError, ValueError) as e:
        what = "is empty" if isinstance(e, ValueError) else "is not there"
        raise IndexCorruptError(f"{path} {what}; the build did not end, or the folder is no index") from e
