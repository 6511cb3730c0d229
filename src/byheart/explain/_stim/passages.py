"""Where in the corpus does it stand? The candidates with their counts, and passages, for who reads the report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from byheart.core.atomic import write_parquet
from byheart.core.findings import Findings
from byheart.core.randomness import derive_seed
from byheart.core.signals import Signals
from byheart.explain._stim.tokens import SOURCES, Reading, chosen_words, readings
from byheart.index import CorpusIndex

AROUND, PLACES, SOUGHT = 10, 2, 64
"""Tokens shown beside a match, passages for each source, places of a word that are looked at for a pair."""
SHOWN = 8


def save_evidence(
    folder: Path, found: Findings, signals: Signals, index: CorpusIndex, *, window: int, seed: int
) -> None:
    """Write `stim_candidates.parquet` and `stim_passages.parquet` beside the findings.

    Args:
        folder: findings of the run.
        found: of `stim`.
        signals: that it read.
        index: that it asked.
        window: largest distance of a pair.
        seed: draws the places.
    """
    write_parquet(pd.DataFrame(_candidates(found, index), columns=list(CANDIDATE)), folder / "stim_candidates.parquet")
    passages = [p for reading in readings(signals) for p in _passages(reading, found, index, window, seed)]
    write_parquet(pd.DataFrame(passages, columns=list(PASSAGE)), folder / "stim_passages.parquet")


CANDIDATE = ("address", "token_id", "text", "logprob", *SOURCES)
PASSAGE = ("address", "source", "document", "offset", "before", "match", "between", "other", "after", "gap")


def _candidates(found: Findings, index: CorpusIndex) -> Iterator[tuple[Any, ...]]:
    state = found.state
    for row, address in enumerate(found.address):
        own = int(found.columns["token_id"][row])
        shown = [i for i, c in enumerate(state["candidate"][row]) if i < SHOWN or c == own]
        for i in shown:
            token = int(state["candidate"][row, i])
            counts = (float(state[f"counts_{s}"][row, i]) for s in SOURCES)
            yield address, token, text_of(index, [token]), float(state["candidate_logprob"][row, i]), *counts


def text_of(index: CorpusIndex, ids: Any) -> str:
    """Tokens as text; those that the corpus cannot hold are marks."""
    return index.decode(np.asarray(ids, np.int64)) if all(0 <= int(i) < index.vocab_size for i in ids) else "…"


def _passages(
    reading: Reading, found: Findings, index: CorpusIndex, window: int, seed: int
) -> Iterator[tuple[Any, ...]]:
    rows = np.flatnonzero(found.columns["chain"] == reading.name)
    for i, row in enumerate(rows.tolist()):
        t, token = int(reading.position[i]), int(reading.ids[reading.position[i]])
        if token >= index.vocab_size:
            continue
        address, n = found.address[row], int(found.columns["ngram"][row])
        draw = derive_seed(seed, "passages", str(address))
        if n:
            for doc, offset in index.locate(reading.ids[t - n : t + 1], PLACES, seed=draw):
                yield (address, "local", *_cut(index, int(doc), (int(offset), n), (int(offset) + n, 1)))
        for source, asked in (("mid", False), ("long", True)):
            if np.isnan(found.columns[source][row]):
                continue
            terms = [term for _, term in chosen_words(reading, i, asked=asked, most=1)]
            for doc, a, b in _pairs(index, terms[0], token, window, draw) if terms else ():
                yield (address, source, *_cut(index, doc, (a, len(terms[0])), (b, 1)))


def _pairs(
    index: CorpusIndex, term: tuple[int, ...], token: int, window: int, seed: int
) -> Iterator[tuple[int, int, int]]:
    """Documents where a term and a token stand near each other, and where: nearest pair of some of the places."""
    n = 0
    for doc, offset in index.locate(term, SOUGHT, seed=seed).tolist():
        there = np.flatnonzero(index.document(doc) == token)
        there = there[(there < offset) | (there >= offset + len(term))]
        if there.size and (gap := np.abs(there - offset)).min() <= window:
            yield doc, offset, int(there[gap.argmin()])
            n += 1
        if n == PLACES:
            return


def _cut(index: CorpusIndex, doc: int, one: tuple[int, int], other: tuple[int, int]) -> tuple[Any, ...]:
    """Name, place, and the words around two stretches of a document; a long gap between them is left out."""
    ids, (first, second) = index.document(doc), sorted([one, other])
    end, far = first[0] + first[1], second[0] - first[0] - first[1]
    between = ids[end : second[0]] if far <= 2 * AROUND else ids[:0]
    parts = (
        ids[max(0, first[0] - AROUND) : first[0]], ids[first[0] : end], between,
        ids[second[0] : second[0] + second[1]], ids[second[0] + second[1] :][:AROUND],
    )  # fmt: skip
    return (index.document_name(doc), first[0], *(text_of(index, p) for p in parts), far if far > 2 * AROUND else 0)
