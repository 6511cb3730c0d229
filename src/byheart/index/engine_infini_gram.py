"""Can infini-gram's own engine answer from the same files?

For published indexes, and as a second opinion on ours. It answers counts, next tokens and longest suffixes; what it is
known to get wrong is not asked of it (co-occurrence at document borders and above a frequency, matches at the first
row, next tokens of what ends a shard's last document), and an answer that it calls approximate is refused.

Source: Liu et al. 2024, arXiv 2401.17377; the package infini-gram 2.6.0, Python 3.11 or newer.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from byheart.core.errors import DataError, MissingExtra
from byheart.index.index import CorpusIndex, Ids, Suffix
from byheart.index.layout import WIDTHS, check_ids, separator, token_dtype

try:
    from infini_gram.engine import InfiniGramEngine
except ImportError:
    InfiniGramEngine = None

_EXACT = 1 << 62  # support above which the engine would sample


class InfiniGramIndex:
    """An index, asked through infini-gram's engine.

    Args:
        path: its folder.
        dtype: `u8`, `u16` or `u32`.
        vocab_size: ids are below it.

    Raises:
        MissingExtra: if infini-gram is not installed.
    """

    exact = True

    def __init__(self, path: Path | str, dtype: str, vocab_size: int) -> None:
        if InfiniGramEngine is None:
            raise MissingExtra("infini-gram", "infini-gram")
        self._end = min(vocab_size, separator(WIDTHS[dtype]) - 1)  # it takes no separator as the name of an end
        self.path, self.dtype, self.vocab_size = Path(path), token_dtype(WIDTHS[dtype]), vocab_size
        self._engine: Any = InfiniGramEngine(
            index_dir=str(path), eos_token_id=self._end, vocab_size=max(vocab_size, self._end + 1), token_dtype=dtype,
            ds_prefetch_depth=0, sa_prefetch_depth=0, od_prefetch_depth=0,
        )  # fmt: skip

    @classmethod
    def of(cls, index: CorpusIndex) -> InfiniGramIndex:
        """The engine on the files of one of our indexes."""
        return cls(index.path, index.facts.dtype, index.vocab_size)

    def count(self, ids: Ids) -> int:
        """How often a sequence of at least one token occurs."""
        return int(self._answer(self._engine.count(input_ids=self._list(ids)))["count"])

    def count_batch(self, list_of_ids: Sequence[Ids]) -> np.ndarray:
        """The same for many, one by one, int64 (sequences,)."""
        return np.array([self.count(ids) for ids in list_of_ids], np.int64)

    def count_next(self, ids: Ids) -> dict[int, int]:
        """How often each token follows a sequence, {token: count}, ends of documents left out.

        Raises:
            DataError: if the last document of a shard ends with the sequence: version 2.6.0 then calls every next token
                the end of a document.
        """
        if self._ends_a_shard(ids):
            raise DataError("infini-gram miscounts what follows the end of a shard; ask the index itself")
        found = self._answer(self._engine.ntd(prompt_ids=self._list(ids), max_support=_EXACT))
        told = {int(t): int(one["cont_cnt"]) for t, one in found["result_by_token_id"].items()}
        if self._end in told:  # ends of documents, and that token itself where the vocabulary has it
            told[self._end] = self.count([*ids, self._end]) if self._end < self.vocab_size else 0
        return {t: n for t, n in told.items() if n}

    def longest_suffix(self, ids: Ids) -> Suffix:
        """Length and count of the longest end of a sequence that occurs."""
        tokens = self._list(ids)
        low, high = 0, len(tokens)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.count(tokens[len(tokens) - middle :]) else (low, middle - 1)
        return Suffix(low, self.count(tokens[len(tokens) - low :]) if low else 0)

    def _ends_a_shard(self, ids: Ids) -> bool:
        query = np.array(self._list(ids), self.dtype).tobytes()
        for path in self.path.glob("tokenized.*"):
            with path.open("rb") as f:
                f.seek(max(0, path.stat().st_size - len(query)))
                if f.read() == query:
                    return True
        return False

    def _list(self, ids: Ids) -> list[int]:
        return [int(t) for t in check_ids(ids, self.vocab_size)]

    def _answer(self, found: dict[str, Any]) -> dict[str, Any]:
        if "error" in found:
            raise DataError(f"infini-gram refuses the query: {found['error']}")
        if found.get("approx"):
            raise DataError("infini-gram gives an approximate answer here; ask the index itself, which is exact")
        return found
