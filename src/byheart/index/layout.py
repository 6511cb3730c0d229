"""How does a corpus index lie on disk?

One folder, for each shard s: `tokenized.s` (token ids, little-endian; before each document a separator, all bits set),
`table.s` (the sorted suffixes: byte positions in as few bytes as the largest needs), `offset.s` (byte position of each
document's separator, 8 bytes each), `metadata.s` and `metaoff.s` (one JSON line per document, and where it starts).
These are infini-gram's files, which its engine reads. Beside them: `sample.s` (the first eight bytes of every 32nd
suffix, to begin a search), `unigram.npy` (how often each token occurs), `tokenizer.json` where there is one, and
`index.json`, written last: a folder without it is a build that did not end.

Source: layout of Liu et al. 2024, arXiv 2401.17377 (infini-gram 2.6.0, index version 4).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from byheart.core.atomic import write_json
from byheart.core.errors import DataError, IndexCorruptError, UsageError

FORMAT = "byheart.corpus_index/1"
WIDTHS = {"u8": 1, "u16": 2, "u32": 4}
MAX_VOCABULARY = 1 << 24
SAMPLE_EVERY = 32  # rows
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Facts:
    """What `index.json` says of an index.

    Args:
        dtype: `u8`, `u16` or `u32`.
        vocab_size: token ids are below it.
        tokenizer_fingerprint: of the tokenizer that made the ids; `utf-8` for bytes, empty when unknown.
        n_tokens: tokens of all documents, separators not counted.
        n_docs: documents.
        docs_per_shard: documents of each shard.
    """

    dtype: str
    vocab_size: int
    tokenizer_fingerprint: str
    n_tokens: int
    n_docs: int
    docs_per_shard: tuple[int, ...]

    @property
    def width(self) -> int:
        """Bytes per token."""
        return WIDTHS[self.dtype]

    def save(self, folder: Path) -> None:
        """Write `index.json`: the index is whole now."""
        write_json({"schema": FORMAT, **asdict(self)}, folder / "index.json")

    @classmethod
    def from_dict(cls, fields: dict[str, Any], folder: Path) -> Facts:
        """Read what `save` wrote.

        Raises:
            IndexCorruptError: if it is something else.
        """
        fields = dict(fields)
        if fields.pop("schema", None) != FORMAT or set(fields) != set(cls.__dataclass_fields__):
            raise IndexCorruptError(f"{folder / 'index.json'} is not of the format {FORMAT}; build the index again")
        return cls(**{**fields, "docs_per_shard": tuple(fields["docs_per_shard"])})


def token_dtype(width: int) -> np.dtype[Any]:
    """The type of a token id of so many bytes."""
    return np.dtype(f"<u{width}")


def separator(width: int) -> int:
    """The id that stands before each document: all bits set."""
    return int((1 << (8 * width)) - 1)


def width_for(vocab_size: int) -> int:
    """Bytes per token; ids stay below the separator.

    >>> [width_for(v) for v in (255, 256, 65_535, 65_536)]
    [1, 2, 2, 4]
    """
    return next((w for w in WIDTHS.values() if vocab_size <= separator(w)), 4)


def check_vocabulary(vocab_size: int, width: int) -> None:
    """Refuse ids that do not fit.

    Raises:
        UsageError: if an id could be the separator, or the vocabulary is beyond all tokenizers.
    """
    if not 1 <= vocab_size <= min(separator(width), MAX_VOCABULARY):
        raise UsageError(
            f"ids of {width} bytes go with vocabularies of 1 to {min(separator(width), MAX_VOCABULARY):,} "
            f"(the last id is the separator); got {vocab_size:,}"
        )


def check_ids(ids: Any, vocab_size: int) -> np.ndarray:
    """Token ids as int64 (tokens,).

    Raises:
        DataError: if one is no integer or outside the vocabulary.
    """
    array = np.asarray(ids)
    if array.size == 0:
        return np.zeros(0, np.int64)
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise DataError(f"token ids are a list of integers; got {array.dtype} of shape {array.shape}")
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= vocab_size:
        bad = low if low < 0 else high
        raise DataError(f"token ids go from 0 to {vocab_size - 1}; got {bad}; is it another tokenizer's?")
    return array.astype(np.int64)


def pointer_size(n_bytes: int) -> int:
    """Bytes per entry of a table over so many bytes of tokens.

    >>> [pointer_size(n) for n in (1, 2, 256, 257, 1 << 24, 1 << 32)]
    [1, 1, 1, 2, 3, 4]
    """
    return max(1, math.ceil(math.log2(n_bytes) / 8))


def write_table(order: np.ndarray, width: int, path: Path) -> None:
    """Write sorted suffixes, positions in tokens (rows,), as byte pointers."""
    size = pointer_size(order.size * width)
    with path.open("wb") as f:
        for start in range(0, order.size, _CHUNK):
            pointers = order[start : start + _CHUNK].astype("<u8") * np.uint64(width)
            f.write(np.ascontiguousarray(pointers.view(np.uint8).reshape(-1, 8)[:, :size]).tobytes())
