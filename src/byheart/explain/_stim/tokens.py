"""What does the corpus say of every scored token of one chain, through each of the three channels?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.signals import Signals
from byheart.explain._stim.counts import Neighbours, Term, local_counts, mean_cooccurrence, npmi
from byheart.signals.text.chain_words import FUNCTION_WORDS

SOURCES = ("local", "mid", "long")
LEAST = 3
"""Fewer candidates with a count make no order."""


@dataclass(frozen=True, eq=False)
class Reading:
    """One chain of the signals, by name.

    Args:
        ids: all tokens (n,).
        position, logprob, suffix, elicited, wrong: of the scored tokens (tokens,).
        candidate, candidate_logprob: (tokens, k).
        salience: (tokens, words).
        words: text, first token and end, and whether it stands in the question, of each word.
    """

    name: str
    group: str
    n_front: int
    answer: int
    ids: np.ndarray
    position: np.ndarray
    logprob: np.ndarray
    suffix: np.ndarray
    elicited: np.ndarray
    wrong: np.ndarray
    candidate: np.ndarray
    candidate_logprob: np.ndarray
    salience: np.ndarray
    words: list[tuple[str, int, int, bool]]


def readings(signals: Signals) -> Iterator[Reading]:
    """The chains, one after the other."""
    ragged = {name: array for name in signals.arrays if (array := signals.arrays[name]) is not None}
    for i in range(len(signals)):
        row = {name: np.asarray(array[i]) for name, array in ragged.items()}
        n = row["position"].size
        text = row["text"].tobytes().decode("utf-8", "surrogatepass")
        spans = zip(row["word_left"], row["word_right"], row["word_first"], row["word_end"], row["word_asked"],
                    strict=True)  # fmt: skip
        words = [(text[a:b].lower(), int(first), int(end), bool(asked)) for a, b, first, end, asked in spans]
        yield Reading(
            str(signals.ids[i]), str(signals.groups[i]), int(row["n_front"]), int(row["answer"]),
            row["token_ids"].astype(np.int64), row["position"].astype(np.int64), row["logprob"].astype(np.float64),
            row["suffix"].astype(np.int64), row["elicited"].astype(bool), row["wrong"],
            row["candidate"].astype(np.int64).reshape(n, -1 if n else int(row["k"])),
            row["candidate_logprob"].astype(np.float64).reshape(n, -1 if n else int(row["k"])),
            row["salience"].astype(np.float64).reshape(n, len(words)), words,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Counted:
    """What the corpus has of the candidates.

    Args:
        counts: float64 (sources, tokens, k), NaN where a source says nothing.
        bound: the same as NPMI.
        unigrams: how often each candidate stands anywhere, (tokens, k).
        why: of each source and token, why there is no score; empty where there is one.
        length, context: of the longest known end of the context, (tokens,).
        salient: the words that were taken, of each source and token.
    """

    counts: np.ndarray
    bound: np.ndarray
    unigrams: np.ndarray
    why: np.ndarray
    length: np.ndarray
    context: np.ndarray
    salient: list[list[list[str]]]


def count(reading: Reading, neighbours: Neighbours, n_salient: int) -> Counted:
    """Everything that is looked up for one chain."""
    index = neighbours.index
    n, k = reading.candidate.shape
    counts, bound = (np.full((len(SOURCES), n, k), np.nan) for _ in range(2))
    why = np.full((len(SOURCES), n), "", dtype=object)
    salient: list[list[list[str]]] = [[[] for _ in range(n)] for _ in SOURCES]
    known = reading.candidate < index.vocab_size
    unigrams = np.where(known, index.unigrams[np.minimum(reading.candidate, index.vocab_size - 1)], 0)
    front = reading.n_front
    local = local_counts(index, reading.ids[front:], reading.position - front, reading.candidate)
    counts[0] = local.counts
    bound[0] = npmi(local.counts, local.context[:, None], unigrams, index.n_tokens)
    for source, asked in ((1, False), (2, True)):
        for row in range(n):
            words = chosen_words(reading, row, asked=asked, most=n_salient)
            salient[source][row] = [text for text, _ in words]
            if words:
                terms = [term for _, term in words]
                found = mean_cooccurrence(neighbours, terms, reading.candidate[row])
                counts[source, row], bound[source, row] = found
            else:
                why[source, row] = "no word with content stands before it in the " + (
                    "question" if asked else "answer's eliciting end"
                )
    few = (np.nan_to_num(counts) > 0).sum(axis=2) < LEAST
    why[few & (why == "")] = f"fewer than {LEAST} of the {k} candidates have a count"
    level = (counts == counts[:, :, :1]).all(axis=2)
    why[level & (why == "")] = f"all {k} candidates have the same count"
    counts[why != ""], bound[why != ""] = np.nan, np.nan
    return Counted(counts, bound, unigrams, why, local.length, local.context, salient)


def chosen_words(reading: Reading, row: int, *, asked: bool, most: int) -> list[tuple[str, Term]]:
    """The most salient words of the question, or of the eliciting end, each once, with their tokens.

    The word that is scored is left out, however often it stands there.
    """
    t, start = int(reading.position[row]), int(reading.suffix[row])
    own = {text for text, first, end, _ in reading.words if first <= t < end}
    inside = [
        i
        for i, (text, first, end, in_question) in enumerate(reading.words)
        if in_question == asked and end <= t and (asked or first >= start) and text not in own | FUNCTION_WORDS
    ]
    worth = reading.salience[row, inside]
    order = np.argsort(-np.where(np.isnan(worth), -np.inf, worth), kind="stable")
    found: dict[str, Term] = {}
    for i in (inside[j] for j in order):
        text, first, end, _ = reading.words[i]
        found.setdefault(text, tuple(reading.ids[first:end].tolist()))
        if len(found) == most:
            break
    return list(found.items())


def leading(scores: np.ndarray) -> np.ndarray:
    """The source with the highest score, the first of equals; empty where none has one, (sources, tokens) to str."""
    told = np.where(np.isnan(scores), -np.inf, scores)
    names: np.ndarray = np.array(SOURCES, dtype=object)[told.argmax(axis=0)]
    return np.where(np.isnan(scores).all(axis=0), "", names)


def dominant(lead: np.ndarray, margin: np.ndarray, noise: np.ndarray, p: np.ndarray, level: float) -> np.ndarray:
    """The leading source where its margin is beyond its noise and its own p small; else `undetermined`.

    Args:
        lead: names (tokens,).
        margin: from `ranks.margins`, (tokens,).
        noise: likewise, (tokens,).
        p: of the leading source, (tokens,).
        level: of p.
    """
    with np.errstate(invalid="ignore"):
        sure = (margin > noise) & (margin > 0) & (p <= level)
    return np.where(lead == "", "", np.where(sure, lead, "undetermined"))


def joined(parts: Sequence[np.ndarray], like: np.ndarray) -> np.ndarray:
    """The tokens of all chains behind each other, along the first axis; `like` where there is no chain."""
    return np.concatenate(parts) if parts else like
