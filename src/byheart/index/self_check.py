"""Are the files of an index what they should be? A sorted table of every position, whole documents, honest facts."""

from __future__ import annotations

import numpy as np

from byheart.core.errors import IndexCorruptError
from byheart.core.randomness import generator
from byheart.index.shard import Shard

SAMPLE = 256  # neighbouring rows compared on opening
SHOWN = 4096  # bytes of two suffixes that are compared


def check_sample(shard: Shard) -> None:
    """Look at some neighbouring rows: positions inside the text, in order.

    Raises:
        IndexCorruptError: if they are not.
    """
    if shard.n_rows < 2:
        return
    rows = generator(0, "corpus index", str(shard.n_rows)).integers(0, shard.n_rows - 1, SAMPLE)
    at, after = shard.positions(rows), shard.positions(rows + 1)
    _check_inside(shard, np.concatenate([at, after]))
    for a, b in zip(at * shard.width, after * shard.width, strict=True):
        if not shard.bytes[a : a + SHOWN] <= shard.bytes[b : b + SHOWN]:
            _corrupt(shard, "is not in order")


def check_whole(shard: Shard) -> None:
    """Look at every row: each position once, in order, and each document where its offset says.

    Raises:
        IndexCorruptError: if not.
    """
    seen = np.zeros(shard.n_rows, bool)
    for start in range(0, shard.n_rows, 1 << 20):
        positions = shard.positions(np.arange(start, min(start + (1 << 20), shard.n_rows)))
        _check_inside(shard, positions)
        seen[positions] = True
        words = shard.packed.words(positions)
        if (words[1:] < words[:-1]).any():
            _corrupt(shard, "is not in order")
    if not seen.all():
        _corrupt(shard, f"misses position {int(np.flatnonzero(~seen)[0])}")
    begin, _ = shard.bounds(np.arange(shard.n_docs))
    if (np.diff(begin) < 1).any() or begin[-1] > shard.n_rows or (shard.tokens[begin - 1] != shard.separator).any():
        _corrupt(shard, "has documents that do not begin at a separator", file="offset")


def _check_inside(shard: Shard, positions: np.ndarray) -> None:
    if (positions >= shard.n_rows).any():
        _corrupt(shard, f"names position {int(positions.max()):,} of {shard.n_rows:,}")


def _corrupt(shard: Shard, what: str, file: str = "table") -> None:
    raise IndexCorruptError(f"{shard.folder / file}.{shard.number} {what}; build the index again")
