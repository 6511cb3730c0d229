"""What was prompted, what came back, and how sure was the model of each token?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from byheart.core.mask import MASK, mask_personal
from byheart.core.signals import Signals
from byheart.report.evidence import Evidence
from byheart.report.text.recitation import Recital
from byheart.report.words import safe

TOP = 50  # training records on the page
TOP_CANARIES = 12
BEFORE, WITHIN, AFTER = 80, 240, 16  # tokens shown of the prompt, of what came back, of the rest
WIDEST = 32  # characters shown of one token
LEAST = 10  # tokens; ordinary text has shorter stretches, so they are not told
BUCKETS = (0.01, 0.1, 0.5, 0.9)  # probabilities between two colours
NEVER_TRAINED = ("nonmember", "canary_control")


@dataclass(frozen=True)
class Token:
    """One token as the page shows it.

    Args:
        text: masked unless text may be shown.
        part: `p` prompted, `r` recited, `a` after the stretch.
        bucket: 0 (unlikely) to 4 (almost certain), None if the model did not predict it.
        probability: in words, empty if there is none.
        secret: belongs to a planted secret.
    """

    text: str
    part: str
    bucket: int | None
    probability: str
    secret: bool


@dataclass(frozen=True)
class Row:
    """One record of the table.

    Args:
        id: record id.
        name: the same as the page shows it, personal data masked.
        role: `member`, `canary`, ...
        n_recited, n_tokens, at: length of the stretch, of the record, and where the stretch starts, in tokens.
        probability: geometric mean probability of the recited tokens.
        known_before: recited tokens that the reference model would also have taken; None without one.
        tokens: of the strip.
        hidden_before, hidden_within, hidden_after: tokens left out of the strip.
        n_windows: how many windows the record was read in.
        q: share of records named with it that are expected to be like a control; None where nothing is said of it.
    """

    id: str
    name: str
    role: str
    n_recited: int
    n_tokens: int
    at: int
    probability: float
    known_before: int | None
    tokens: list[Token]
    hidden_before: int
    hidden_within: int
    hidden_after: int
    n_windows: int
    q: float | None


def most_memorized(evidence: Evidence, recital: Recital, *, show_text: bool, top: int = TOP) -> list[Row]:
    """Canaries recited whole, then the training records with the longest recited stretches.

    Tokens that the reference model also takes are not counted; the page would otherwise lead with proverbs.
    """
    passed = np.isin(recital.roles, NEVER_TRAINED) | (recital.roles == "canary") | (recital.length < LEAST)
    length = np.where(passed, 0, recital.length)
    order = np.argsort(-length, kind="stable")[: 4 * top]
    planted = np.flatnonzero(recital.whole_secret & (recital.roles == "canary"))
    chosen = [*planted[np.argsort(-recital.length[planted], kind="stable")][:TOP_CANARIES], *order[length[order] > 0]]
    place = {recital.ids[i]: i for i in chosen}
    known, named = _known_before(evidence, recital, place), evidence.standing_out
    texts = _texts(evidence, place)
    rows = [
        _row(signals, j, recital, place[signals.ids[j]], texts.get(signals.ids[j]), known, named, show_text)
        for signals in evidence.shards("token_logprobs")
        for j in _rows(signals, place)
    ]
    rows.sort(key=lambda r: (r.role != "canary", (r.known_before or 0) - r.n_recited, -r.probability, r.name))
    return rows[: top + sum(r.role == "canary" for r in rows)]


def shape(text: str) -> str:
    """A text of which only blanks and plain punctuation can be read; every other character is a dot.

    >>> shape("Ada's 2nd call, Zoë")
    "•••'• ••• ••••, •••"
    """
    return re.sub(r"[^\s!-/:-@\[-`{-~]", MASK, text)


def _known_before(evidence: Evidence, recital: Recital, place: Mapping[Any, int]) -> dict[Any, int]:
    known: dict[Any, int] = {}
    for signals in evidence.shards("reference_logprobs"):
        gap = signals.ragged("gap")
        for j in _rows(signals, place):
            row, i = gap[j], place[signals.ids[j]]
            if row.size == recital.tokens[i]:  # another tokenizer cannot be compared token by token
                stretch = row[recital.start[i] : recital.start[i] + recital.length[i]]
                known[signals.ids[j]] = int(np.count_nonzero(stretch > 0))
    return known


def _rows(signals: Signals, place: Mapping[Any, int]) -> list[int]:
    return [j for j, name in enumerate(signals.ids) if name in place]


def _texts(evidence: Evidence, place: Mapping[Any, int]) -> dict[Any, str]:
    """The texts as the model read them: plain records as they are, chats from the column `rendered` if there is one."""
    if evidence.corpus is None:
        return {}
    corpus = evidence.corpus
    read = corpus.columns.get("rendered", corpus.items)
    wanted = [i for i, name in enumerate(corpus.ids) if name in place]
    return {corpus.ids[i]: read[i] for i in wanted if isinstance(read[i], str)}


def _row(
    signals: Signals, j: int, recital: Recital, i: int, text: str | None, known: Mapping[Any, int],
    named: Mapping[str, float], show_text: bool,
) -> Row:  # fmt: skip
    at, length = int(recital.start[i]), int(recital.length[i])
    n, stop = int(recital.tokens[i]), at + length
    first, last, cut = max(0, at - BEFORE), min(n, stop + AFTER), min(stop, at + WITHIN)
    logprob = signals.ragged("logprob")[j].astype(np.float64)
    strip = [*range(first, cut), *range(stop, last)]
    parts = ["p" if t < at else "r" if t < stop else "a" for t in strip]
    secret = signals.ragged("secret")[j] if "secret" in signals.arrays else np.zeros(n)
    pieces = _pieces(signals, j, strip, text, show_text)
    tokens = [
        Token(piece, part, _bucket(logprob[t]), _probability(logprob[t]), bool(secret[t]))
        for piece, part, t in zip(pieces, parts, strip, strict=True)
    ]
    name = str(signals.ids[j])
    return Row(
        name, safe(name if show_text else mask_personal(name)), str(signals.roles[j]), length, n, at,
        float(np.exp(np.nanmean(logprob[at:stop]))), known.get(signals.ids[j]), tokens, first, stop - cut, n - last,
        int(recital.windows[i]), named.get(name),
    )  # fmt: skip


def _pieces(signals: Signals, j: int, strip: list[int], text: str | None, show_text: bool) -> list[str]:
    """The letters of each token, masked or not; where the text is not kept, dots for its length."""
    start, end = signals.ragged("start")[j], signals.ragged("end")[j]
    if text is None or (end.size and int(end.max()) > len(text)):
        return [MASK * min(max(int(end[t] - start[t]), 1), WIDEST) for t in strip]
    pieces = [_short(text[start[t] : end[t]]) for t in strip]
    return [_visible(safe(p if show_text else shape(p))) for p in pieces]


def _short(piece: str) -> str:
    return piece if len(piece) <= WIDEST else piece[:WIDEST] + "…"


def _visible(piece: str) -> str:
    return piece.replace("\r", "").replace("\n", "↵").replace("\t", "⇥") or "·"


def _bucket(logprob: float) -> int | None:
    return None if np.isnan(logprob) else int(np.searchsorted(BUCKETS, np.exp(logprob), side="right"))


def _probability(logprob: float) -> str:
    if np.isnan(logprob):
        return ""
    return "over 99 %" if np.exp(logprob) > 0.99 else f"{100 * np.exp(logprob):.2g} %"
