"""How is a corpus made into an index? Documents in, sorted shards on disk out, one shard in memory at a time."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError, TooFewRecords, UsageError
from byheart.core.items.texts import as_text
from byheart.core.progress import bar
from byheart.index.index import CorpusIndex, open_index
from byheart.index.layout import (
    MAX_VOCABULARY,
    SAMPLE_EVERY,
    WIDTHS,
    Facts,
    check_ids,
    check_vocabulary,
    separator,
    token_dtype,
    width_for,
    write_table,
)
from byheart.index.packed import Packed
from byheart.index.suffix_array import suffix_array, suffix_sorter
from byheart.index.tokenizer import BYTES, encoder, fingerprint, save_tokenizer, vocabulary

logger = logging.getLogger(__name__)

SHARD_TOKENS = 1 << 27  # about 2.5 GB of memory while such a shard of u16 tokens is sorted


def build_index(
    docs: Iterable[Any] | Corpus,
    path: Path | str,
    *,
    tokenizer: Any = None,
    dtype: str = "auto",
    vocab_size: int | None = None,
    names: Sequence[str] | None = None,
    shard_tokens: int = SHARD_TOKENS,
    overwrite: bool = False,
) -> CorpusIndex:
    """Index documents.

    Args:
        docs: texts, or sequences of token ids; read once, one shard in memory at a time. A corpus gives its ids as
            names.
        path: folder to make.
        tokenizer: of the tokenizers or transformers library; makes ids of texts. Its fingerprint is stored, with token
            ids too. Without it texts are indexed as UTF-8 bytes.
        dtype: `u8`, `u16`, `u32`, or `auto`: the smallest that holds the vocabulary.
        vocab_size: ids are below it; else the tokenizer's, or the largest id found in the first shard.
        names: one per document.
        shard_tokens: tokens per shard, at most; a longer document has a shard of its own.
        overwrite: replace an index that is there.

    Returns:
        The index, open.

    Raises:
        TooFewRecords: without a document.
        DataError: if an id does not fit the vocabulary, or a document is neither text nor ids.
        UsageError: if there is something at the path, or the options contradict each other.
        MissingExtra: without pydivsufsort.
    """
    suffix_sorter()
    if isinstance(docs, Corpus):
        names = [str(i) for i in docs.ids]
        docs = (as_text(item) for item in docs.items)
    if dtype != "auto" and dtype not in WIDTHS:
        raise UsageError(f"dtype is auto, {', '.join(WIDTHS)}; got {dtype!r}")
    if shard_tokens < 1:
        raise UsageError(f"shard_tokens is at least 1; got {shard_tokens}")
    folder = _fresh(Path(path), overwrite)
    encoded = _Encoded(docs, tokenizer, vocab_size)
    writer = _Writer(folder, encoded, dtype, iter(names) if names is not None else None)
    with bar("Sorting the corpus") as progress:
        for block in _blocks(encoded, shard_tokens):
            writer.add(block)
            progress.advance()
    writer.finish()
    if tokenizer is not None:
        save_tokenizer(tokenizer, folder / "tokenizer.json")
    return open_index(folder)


def _fresh(folder: Path, overwrite: bool) -> Path:
    if folder.exists() and any(folder.iterdir()):
        ours = (folder / "tokenized.0").exists()
        unfinished = ours and not (folder / "index.json").exists()
        if not ((ours and overwrite) or unfinished):
            what = "an index; give overwrite (--overwrite), or another path" if ours else "other files; give a new path"
            raise UsageError(f"{folder} already holds {what}")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class _Encoded:
    """Documents as token ids, and what is known of the ids."""

    def __init__(self, docs: Iterable[Any], tokenizer: Any, vocab_size: int | None) -> None:
        iterator = iter(docs)
        first = next(iterator, None)
        if first is None:
            raise TooFewRecords("no document to index; give at least one")
        self._docs: Iterator[Any] = chain([first], iterator)
        self.texts = isinstance(first, (str, bytes))
        self._encode = encoder(tokenizer)
        self.fingerprint = fingerprint(tokenizer) if tokenizer is not None else (BYTES if self.texts else "")
        known = vocabulary(tokenizer) if tokenizer is not None else (255 if self.texts else None)
        if vocab_size and known and vocab_size < known:
            raise UsageError(f"vocab_size is {vocab_size:,}, but the tokenizer has ids up to {known - 1:,}")
        self.vocab_size = vocab_size or known
        self.kind = token_dtype(width_for(self.vocab_size) if self.vocab_size else 4)

    def __iter__(self) -> Iterator[np.ndarray]:
        for number, doc in enumerate(self._docs):
            if isinstance(doc, (str, bytes)) is not self.texts:
                raise DataError(f"document {number} is a {type(doc).__name__}, unlike the first; give texts or ids")
            yield self._ids(doc, number)

    def _ids(self, doc: Any, number: int) -> np.ndarray:
        try:
            return check_ids(self._encode(doc) if self.texts else doc, self.vocab_size or separator(4))
        except DataError as e:
            raise DataError(f"document {number}: {e}") from None


def _blocks(docs: _Encoded, most: int) -> Iterator[list[np.ndarray]]:
    """Documents in groups of at most so many tokens, separators included; one document at least."""
    block: list[np.ndarray] = []
    size = 0
    for doc in docs:
        if block and size + doc.size + 1 > most:
            yield block
            block, size = [], 0
        block.append(doc.astype(docs.kind))
        size += doc.size + 1
    yield block


class _Writer:
    """Writes shard after shard, and at the end the facts."""

    def __init__(self, folder: Path, encoded: _Encoded, dtype: str, names: Iterator[str] | None) -> None:
        self.folder, self.encoded, self.dtype, self.names = folder, encoded, dtype, names
        self.docs_per_shard: list[int] = []
        self.counts = np.zeros(0, np.int64)

    def add(self, block: list[np.ndarray]) -> None:
        """Sort and write one shard."""
        if not self.docs_per_shard:
            self._settle(block)
        number, kind = len(self.docs_per_shard), token_dtype(self.width)
        self._make_room(block)
        lengths = np.array([doc.size + 1 for doc in block], np.int64)
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        tokens = np.full(int(starts[-1]), separator(self.width), kind)
        for doc, start in zip(block, starts, strict=False):
            tokens[start + 1 : start + 1 + doc.size] = doc
        tokens.tofile(self.folder / f"tokenized.{number}")
        (starts[:-1].astype("<u8") * np.uint64(self.width)).tofile(self.folder / f"offset.{number}")
        if self.names is not None:
            self._name(number, len(block))
        order = suffix_array(tokens)
        write_table(order, self.width, self.folder / f"table.{number}")
        Packed.of(tokens).words(order[::SAMPLE_EVERY].astype(np.int64)).astype("<u8").tofile(
            self.folder / f"sample.{number}"
        )
        for part in np.array_split(tokens, 1 + tokens.size // (1 << 22)):
            self.counts += np.bincount(part[part != separator(self.width)], minlength=self.counts.size)
        self.docs_per_shard.append(len(block))

    def _settle(self, block: list[np.ndarray]) -> None:
        """Decide the width, when the first shard is there."""
        largest = max((int(doc.max()) for doc in block if doc.size), default=0)
        vocab_size = self.encoded.vocab_size or largest + 1
        self.width = width_for(vocab_size) if self.dtype == "auto" else WIDTHS[self.dtype]
        check_vocabulary(vocab_size, self.width)
        self.counts = np.zeros(vocab_size, np.int64)

    def _make_room(self, block: list[np.ndarray]) -> None:
        """Let a vocabulary that nobody named grow, as far as the width of the first shard allows."""
        largest = max((int(doc.max()) for doc in block if doc.size), default=0)
        if largest >= min(separator(self.width), MAX_VOCABULARY):
            raise DataError(
                f"the id {largest:,} does not fit into the {self.width} bytes that the first shard's ids asked for; "
                "say how many ids there are with vocab_size"
            )
        self.counts = np.pad(self.counts, (0, max(0, largest + 1 - self.counts.size)))

    def _name(self, number: int, n: int) -> None:
        """One line of JSON per document, and where it starts."""
        assert self.names is not None
        given = [next(self.names, None) for _ in range(n)]
        if None in given:
            raise UsageError("there are fewer names than documents; give one each")
        lines = [
            (json.dumps({"path": "", "linenum": i, "metadata": {"id": name}}) + "\n").encode()
            for i, name in enumerate(given)
        ]
        (self.folder / f"metadata.{number}").write_bytes(b"".join(lines))
        ends = np.cumsum([0, *(len(line) for line in lines)])
        ends[:-1].astype("<u8").tofile(self.folder / f"metaoff.{number}")

    def finish(self) -> None:
        """Write what is known of the whole: only now it is an index."""
        np.save(self.folder / "unigram.npy", self.counts)
        dtype = next(name for name, width in WIDTHS.items() if width == self.width)
        Facts(
            dtype, self.counts.size, self.encoded.fingerprint, int(self.counts.sum()), sum(self.docs_per_shard),
            tuple(self.docs_per_shard),
        ).save(self.folder)  # fmt: skip
