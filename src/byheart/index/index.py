"""How often, where and in which documents does this stand in the training data? An index, open for questions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from byheart.core.errors import IndexCorruptError, TokenizerMismatchError, UsageError
from byheart.core.randomness import generator
from byheart.index import cooccurrence, duplicates, longest, next_tokens, spans
from byheart.index.chance import Chance, expected_longest, longest_in_windows
from byheart.index.layout import WIDTHS, Facts, check_ids, check_vocabulary, token_dtype
from byheart.index.packed import Packed
from byheart.index.search import find, find_many
from byheart.index.self_check import check_sample, check_whole
from byheart.index.shard import Shard
from byheart.index.tokenizer import (
    BYTES,
    check_tokenizer,
    decoded,
    encoder,
    saved_tokenizer,
)

Ids = Sequence[int] | np.ndarray


@dataclass(frozen=True)
class Suffix:
    """The longest end of a context that occurs, and how often."""

    length: int
    count: int


class CorpusIndex:
    """Exact counts and places of token sequences in a corpus. Made by `open_index` and `build_index`.

    Nothing crosses from one document into the next, nothing is sampled, and separators are never counted. The files
    are memory maps: open the index in each process that uses it.
    """

    exact = True

    def __init__(self, path: Path, facts: Facts) -> None:
        self.path, self.facts = path, facts
        self.vocab_size, self.n_tokens, self.n_docs = facts.vocab_size, facts.n_tokens, facts.n_docs
        self.tokenizer_fingerprint = facts.tokenizer_fingerprint
        self.dtype = token_dtype(facts.width)
        first = np.cumsum([0, *facts.docs_per_shard])
        self.shards = [Shard(path, s, facts.width, int(first[s])) for s in range(len(facts.docs_per_shard))]
        self._first_doc = first
        for shard, n_docs in zip(self.shards, facts.docs_per_shard, strict=True):
            if shard.n_docs != n_docs:
                raise IndexCorruptError(f"offset.{shard.number} of {path} holds {shard.n_docs} documents, not {n_docs}")
            check_sample(shard)

    # ------------------------------------------------------------------------------------------------ how often

    def count(self, ids: Ids) -> int:
        """How often a sequence occurs; of no tokens, how many tokens there are."""
        query = self._query(ids)
        if not query:
            return self.n_tokens
        return sum(end - first for first, end in (find(shard, query) for shard in self.shards))

    def count_batch(self, list_of_ids: Sequence[Ids]) -> np.ndarray:
        """The same for many sequences at once, int64 (sequences,)."""
        lengths = np.fromiter(map(len, list_of_ids), np.int64, len(list_of_ids))
        flat = np.fromiter(chain.from_iterable(list_of_ids), np.int64, int(lengths.sum()))
        return self.count_stretches(flat, np.cumsum(lengths) - lengths, lengths)

    def count_stretches(self, ids: Ids, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """How often stretches of one token sequence occur.

        Args:
            ids: the tokens, (tokens,).
            starts: first token of each stretch, int64 (stretches,).
            lengths: its tokens, int64 (stretches,).

        Returns:
            int64 (stretches,).
        """
        text = Packed.of(self._tokens(ids))
        counts = np.where(lengths == 0, self.n_tokens, 0).astype(np.int64)
        asked = np.flatnonzero(lengths > 0)
        for shard in self.shards if asked.size else ():
            first, end = find_many(shard, text, starts[asked], lengths[asked])
            counts[asked] += end - first
        return counts

    def count_next(self, ids: Ids) -> dict[int, int]:
        """How often each token follows a sequence, {token: count}; empty if none does.

        The counts sum to `count(ids) - count_at_end(ids)`; of no tokens, they are the unigram counts.
        """
        return {token: n for token, n in self._following(ids).items() if token != self.separator}

    def count_at_end(self, ids: Ids) -> int:
        """How often a sequence of at least one token ends a document."""
        return self._following(ids).get(self.separator, 0)

    def longest_suffix(self, ids: Ids) -> Suffix:
        """Length and count of the longest end of a sequence that occurs; (0, n_tokens) if not even the last token."""
        tokens = check_ids(ids, self.vocab_size)
        low, high = 0, int(tokens.size)  # the count never rises with the length: bisect it
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.count(tokens[tokens.size - middle :]) else (low, middle - 1)
        return Suffix(low, self.count(tokens[tokens.size - low :]))

    def cooccur(self, a_ids: Ids, b_list: Sequence[Ids], window: int, *, unit: cooccurrence.Unit = "a") -> np.ndarray:
        """How often a term stands within `window` tokens of each of others, in one document.

        Args:
            a_ids: the term.
            b_list: the others, (others,).
            window: largest distance between first tokens.
            unit: what is counted: occurrences of the term (`a`), of the rarer of the two, as infini-gram does
                (`rarer`), or documents that hold such a pair (`docs`).

        Returns:
            int64 (others,), exact.
        """
        a, others = self._query(a_ids), [self._query(b) for b in b_list]
        if window < 0 or not a or not all(others) or unit not in ("a", "rarer", "docs"):
            raise UsageError("a window is at least 0, a term has at least one token, a unit is a, rarer or docs")
        found = self._near(a, others, window, by_document=unit == "docs")
        if unit == "rarer":
            for i in np.flatnonzero(self.count_batch(b_list) < self.count(a_ids)):
                found[i] = self._near(others[i], [a], window)[0]
        return found

    # ---------------------------------------------------------------------------------------------------- where

    def locate(self, ids: Ids, limit: int | None = None, *, seed: int = 0) -> np.ndarray:
        """Where a sequence stands.

        Args:
            ids: at least one token.
            limit: at most so many places, drawn without replacement, each with the same chance.
            seed: of the draw.

        Returns:
            Document number and token offset in it, int64 (places, 2), sorted.
        """
        query = self._query(ids)
        if not query:
            raise UsageError("a sequence of no tokens stands everywhere; give at least one")
        found = [find(shard, query) for shard in self.shards]
        behind = np.cumsum([end - first for first, end in found])
        total = int(behind[-1])
        if limit is None or limit >= total:
            chosen = np.arange(total)
        else:
            chosen = np.sort(generator(seed, "locate").choice(total, limit, replace=False, shuffle=False))
        parts = []
        for shard, (first, end), upto in zip(self.shards, found, behind, strict=True):
            begin = upto - (end - first)
            rows = chosen[(chosen >= begin) & (chosen < upto)] - begin + first
            parts.append(self._places(shard, shard.positions(rows)))
        places = np.concatenate(parts)
        return places[np.lexsort((places[:, 1], places[:, 0]))]

    def document(self, doc: int) -> np.ndarray:
        """Token ids of a document, by its number, (tokens,)."""
        shard, inside = self._shard_of(doc)
        return shard.document(inside)

    def document_name(self, doc: int) -> str:
        """Name of a document; its number if names were not given."""
        shard, inside = self._shard_of(doc)
        name = shard.name(inside)
        return str(doc) if name is None else name

    # ------------------------------------------------------------------------------------------ verbatim matches

    def match_lengths(self, ids: Ids) -> np.ndarray:
        """Length of the longest match in the corpus that starts at each token, int64 (tokens,)."""
        tokens = self._tokens(ids)
        lengths = np.zeros(tokens.size, np.int64)
        for shard in self.shards if tokens.size else ():
            lengths = np.maximum(lengths, longest.match_lengths(shard, tokens))
        return lengths

    def chance(self, n_tokens: int, held_out: Iterable[Ids] = ()) -> Chance:
        """How long the longest match of a text of so many tokens is by chance.

        Args:
            n_tokens: tokens of the text that is to be traced.
            held_out: token ids of texts that are not in the corpus; those shorter than the text give no window.
        """
        windows = [longest_in_windows(self.match_lengths(ids), n_tokens) for ids in held_out] if n_tokens else []
        return Chance(expected_longest(n_tokens, self.unigrams), np.concatenate([np.zeros(0, np.int64), *windows]))

    def maximal_spans(
        self, ids: Ids, min_len: int = 1, max_count: int | None = None, *, starts: np.ndarray | None = None,
        breaks: np.ndarray | None = None, sources: int = 10, chance: Chance | None = None, seed: int = 0,
    ) -> list[spans.Span]:  # fmt: skip
        """All stretches of a text that stand in the corpus and can be made longer on neither side.

        Args:
            ids: the text, (tokens,).
            min_len: shortest span, tokens.
            max_count: leave out what stands more often than this in the corpus.
            starts: where a word begins, bool (tokens,); spans are then of whole words.
            breaks: tokens after which a span is cut, bool (tokens,).
            sources: at most so many places per span, drawn if there are more.
            chance: what `chance` said for a text of this length, with held-out text; else the law alone.
            seed: of the draw of places.

        Returns:
            The spans in order, each with its count, its places and what chance gives.
        """
        tokens = check_ids(ids, self.vocab_size)
        found = spans.maximal(self.match_lengths(tokens), starts=starts, breaks=breaks, min_len=min_len)
        counts = self.count_stretches(tokens, found[:, 0], found[:, 1] - found[:, 0])
        chance = chance or self.chance(tokens.size)
        log_p = np.log(np.maximum(self.unigrams[tokens], 1) / max(1, self.n_tokens))
        return [
            spans.Span(
                int(start), int(end), int(count), self.locate(tokens[start:end], sources, seed=seed),
                float(log_p[start:end].sum()), chance.expected, chance.p(int(end - start)),
            )
            for (start, end), count in zip(found, counts, strict=True)
            if max_count is None or count <= max_count
        ]  # fmt: skip

    def duplicates(self, min_len: int = 50) -> duplicates.DuplicateReport:
        """What stands more than once in the corpus, in runs of at least so many tokens."""
        return duplicates.find_duplicates(self, min_len)

    # ------------------------------------------------------------------------------------------------ the index

    @cached_property
    def unigrams(self) -> np.ndarray:
        """How often each token occurs, int64 (vocabulary,)."""
        path = self.path / "unigram.npy"
        if path.exists():
            counts: np.ndarray = np.load(path, mmap_mode="r")
            return counts
        tokens = np.arange(self.vocab_size)
        return self.count_stretches(tokens, tokens, np.ones(self.vocab_size, np.int64))

    @property
    def separator(self) -> int:
        """The id that stands before each document; never part of a query."""
        return self.shards[0].separator

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer kept with the index, None for bytes.

        Raises:
            TokenizerMismatchError: if none was kept, or it is not the one whose fingerprint is stored.
        """
        if self.tokenizer_fingerprint == BYTES:
            return None
        path = self.path / "tokenizer.json"
        if not path.exists():
            raise TokenizerMismatchError(
                f"{self.path} keeps no tokenizer, so text cannot be made into its ids; give ids, or open it with the "
                "tokenizer that made them"
            )
        kept = saved_tokenizer(path)
        check_tokenizer(kept, self.tokenizer_fingerprint)
        return kept

    def encode(self, text: str) -> np.ndarray:
        """A text as the index's token ids, int64 (tokens,), without special tokens."""
        return check_ids(self._encoder(text), self.vocab_size)

    def decode(self, ids: Ids) -> str:
        """Token ids as text."""
        return decoded(ids, self.tokenizer)

    def check(self) -> None:
        """Look at every row of every table.

        Raises:
            IndexCorruptError: if a table is not the sorted list of all positions, or a document begins elsewhere.
        """
        for shard in self.shards:
            check_whole(shard)

    @cached_property
    def _encoder(self) -> Any:
        return encoder(self.tokenizer)

    def _query(self, ids: Ids) -> bytes:
        return self._tokens(ids).tobytes()

    def _tokens(self, ids: Ids) -> np.ndarray:
        return check_ids(ids, self.vocab_size).astype(self.dtype)

    def _following(self, ids: Ids) -> dict[int, int]:
        query = self._query(ids)
        if not query:
            return {int(t): int(self.unigrams[t]) for t in np.flatnonzero(self.unigrams)}
        counts: dict[int, int] = {}
        for shard in self.shards:
            first, end = find(shard, query)
            if first < end:
                found = next_tokens.next_tokens(shard, first, end, len(query) // shard.width)
                for token, n in zip(*(a.tolist() for a in found), strict=True):
                    counts[token] = counts.get(token, 0) + n
        return counts

    def _near(self, a: bytes, others: list[bytes], window: int, *, by_document: bool = False) -> np.ndarray:
        counts = np.zeros(len(others), np.int64)
        for shard in self.shards:
            counts += cooccurrence.cooccurrences(shard, a, others, window, by_document=by_document)
        return counts

    def _places(self, shard: Shard, positions: np.ndarray) -> np.ndarray:
        docs = shard.docs(positions)
        begin, _ = shard.bounds(docs)
        return np.stack([docs + shard.first_doc, positions - begin], axis=1)

    def _shard_of(self, doc: int) -> tuple[Shard, int]:
        if not 0 <= doc < self.n_docs:
            raise UsageError(f"documents go from 0 to {self.n_docs - 1}; got {doc}")
        s = int(np.searchsorted(self._first_doc, doc, "right")) - 1
        return self.shards[s], doc - int(self._first_doc[s])


def open_index(
    path: Path | str, *, tokenizer: Any = None, dtype: str | None = None, vocab_size: int | None = None
) -> CorpusIndex:
    """Open an index.

    Args:
        path: its folder.
        tokenizer: refuse the index if it was built with another one.
        dtype: `u8`, `u16` or `u32`, for an index that infini-gram's own builder made.
        vocab_size: for such an index; else the most its dtype holds.

    Raises:
        IndexCorruptError: if the folder is no index, its build did not end, or its files contradict each other.
        TokenizerMismatchError: if the tokenizer is not the index's.
    """
    folder = Path(path)
    facts = _facts(folder) if (folder / "index.json").exists() or dtype is None else _foreign(folder, dtype, vocab_size)
    if tokenizer is not None:
        check_tokenizer(tokenizer, facts.tokenizer_fingerprint)
    index = CorpusIndex(folder, facts)
    if tokenizer is not None:
        index.tokenizer = tokenizer
    return index


def _facts(folder: Path) -> Facts:
    path = folder / "index.json"
    if not path.exists():
        what = "is the rest of a build that did not end; build it again" if folder.exists() else "is not there"
        if (folder / "table.0").exists():
            what = "has no index.json: give dtype if infini-gram built it, else build it again"
        raise IndexCorruptError(f"{folder} {what}")
    try:
        return Facts.from_dict(json.loads(path.read_text(encoding="utf-8")), folder)
    except json.JSONDecodeError as e:
        raise IndexCorruptError(f"{path} is not JSON ({e}); build the index again") from e


def _foreign(folder: Path, dtype: str, vocab_size: int | None) -> Facts:
    """The facts of an index without `index.json`, from the sizes of its files."""
    if dtype not in WIDTHS:
        raise UsageError(f"dtype is {', '.join(WIDTHS)}; got {dtype!r}")
    width = WIDTHS[dtype]
    vocab_size = vocab_size or min((1 << 8 * width) - 1, 1 << 24)
    check_vocabulary(vocab_size, width)
    n_shards = 0
    docs, tokens = [], 0
    while (folder / f"table.{n_shards}").exists():
        shard = Shard(folder, n_shards, width)
        docs.append(shard.n_docs)
        tokens += shard.n_rows - shard.n_docs
        n_shards += 1
    if not docs:
        raise IndexCorruptError(f"{folder} holds no table.0; it is no index")
    return Facts(dtype, vocab_size, "", tokens, sum(docs), tuple(docs))
