"""Which training documents hold the passages that the model recites, and how often?

A passage is a run of tokens that greedy decoding repeats exactly; the index of the training data tells where it stands.
A passage that stands there many times was learned many times. Random passages of the same lengths, from the same
records, are the control: they tell how often such a passage is repeated whether it is recited or not.

Source: Liu et al. 2025, arXiv 2504.07096 (OLMoTrace: maximal spans and their documents); Lee et al. 2022, arXiv
2107.06499 (what is repeated in training is recited).
Departs from it: every passage carries what chance would give, by held-out text and by random passages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from byheart.compare.text.runs import runs
from byheart.core.card import method
from byheart.core.findings import Findings
from byheart.core.ragged import Ragged
from byheart.core.randomness import generator
from byheart.core.signals import Signals
from byheart.core.verdict import Estimate
from byheart.index import Chance, CorpusIndex
from byheart.index.chance import expected_longest, longest_in_windows
from byheart.stats.intervals import proportion

LEAST = 10  # tokens; ordinary text has shorter stretches
TRAINED = ("member", "canary")
COLUMNS = ("record", "role", "start", "length", "passage", "count", "offset", "p")


@method(
    paper="2504.07096",
    family="text",
    needs=("token_logprobs",),
    unit="tokens found word for word",
    cost="an index of the training data (seconds for a million tokens), then microseconds a passage",
    limits="word for word only; it tells where a passage stands, not that the model learned it there",
)
def sources(
    token_logprobs: Signals, *, index: CorpusIndex, least: int = LEAST, places: int = 5, seed: int = 0
) -> Findings:
    """Where each recited passage stands in the training data.

    Args:
        token_logprobs: the signals of that name, of records that were trained on, and of others as control.
        index: of the training data, in tokens of the same model.
        least: shortest passage, tokens; the secret of a canary counts at any length when it is recited whole.
        places: documents told per stretch, drawn where there are more.
        seed: of the draws.

    Returns:
        Findings of kind record: an address (name of a training document) for each place; the weight is the length of
        the stretch found there, tokens. Columns: `record`, `role`, `start` (token in the record), `length`, `passage`
        (length of the recited passage it is part of; equal when the whole passage was found), `count` (how often the
        stretch stands in the training data), `offset` (token in the document), `p` (share of control windows of that
        length with a match as long; NaN without control). Estimates, each over passages: `repeated, recited` and
        `repeated, random` (stand more than once), `found, control` (recited passages of records never trained on that
        stand in the training data all the same).
    """
    token_logprobs = token_logprobs.take(np.argsort(token_logprobs.ids, kind="stable"))  # one order, so one draw
    passages = recited_passages(token_logprobs, least)
    ids = token_logprobs.ragged("token_ids")
    texts = [ids[int(r)][a : a + n] for r, a, n in passages]
    counts = index.count_batch(texts) if texts else np.zeros(0, np.int64)
    chance = _Chance(index, [ids[int(i)] for i in np.flatnonzero(token_logprobs.roles == "nonmember")])
    rows: list[tuple[Any, ...]] = []
    for (r, a, n), text, count in zip(passages, texts, counts, strict=True):
        spans = [(0, int(n), int(count))] if count else _parts(index, text, least)
        for start, length, times in spans:
            at = index.locate(text[start : start + length], places, seed=seed)
            who = (token_logprobs.ids[r], token_logprobs.roles[r], int(a) + start, length, int(n), times)
            p = chance.p(int(n), length) if token_logprobs.roles[r] != "nonmember" else np.nan
            rows += [(index.document_name(int(doc)), *who, int(offset), p) for doc, offset in at]
    table = [np.array(column, dtype=object) for column in zip(*rows, strict=True)] or [np.zeros(0, object)] * 9
    kinds = (object, object, np.int64, np.int64, np.int64, np.int64, np.int64, np.float64)
    columns = {k: c.astype(kind) for k, c, kind in zip(COLUMNS, table[1:], kinds, strict=True)}
    estimates = _shares(token_logprobs, index, passages, counts, seed)
    return Findings(
        "record", table[0], columns["length"].astype(np.float64), sources.card,  # type: ignore[attr-defined]
        estimates=estimates, columns=columns,
        params={
            "least": least, "places": places, "seed": seed, "passages": len(passages),
            "records": int(np.unique(passages[:, 0]).size), "documents": index.n_docs, "tokens": index.n_tokens,
        },
    )  # fmt: skip


def recited_passages(signals: Signals, least: int) -> np.ndarray:
    """Every run of at least so many tokens that greedy decoding repeats: record, first token, length, int64 (m, 3).

    A canary's secret that is recited whole stands there too, at any length, unless it is part of such a run.
    """
    gap = signals.ragged("gap")
    hits = np.nan_to_num(gap.values, nan=-1.0) > 0
    if "scored" in signals.arrays:
        hits &= signals.ragged("scored").values.astype(bool)
    found = runs(gap.like(hits), least)
    if "secret" not in signals.arrays:
        return found
    secret = signals.ragged("secret").values.astype(bool)
    short = [s for s in runs(gap.like(secret)) if _whole(gap.like(hits), s) and not _inside(s, found)]
    return np.array(sorted([*found.tolist(), *(s.tolist() for s in short)]), dtype=np.int64).reshape(-1, 3)


def _whole(hits: Ragged, stretch: np.ndarray) -> bool:
    row, start, length = stretch
    return bool(hits[int(row)][start : start + length].all())


def _inside(stretch: np.ndarray, found: np.ndarray) -> bool:
    row, start, length = stretch
    same = found[found[:, 0] == row]
    return bool(((same[:, 1] <= start) & (same[:, 1] + same[:, 2] >= start + length)).any())


def _parts(index: CorpusIndex, text: np.ndarray, least: int) -> list[tuple[int, int, int]]:
    """Start, length and count of the stretches of a passage that stand in the corpus when the whole does not."""
    spans = index.maximal_spans(text, min(least, text.size), sources=1)
    return [(s.start, s.length, s.count) for s in spans]


class _Chance:
    """How often held-out text has a match as long; the matches of the held-out texts are found once."""

    def __init__(self, index: CorpusIndex, held_out: Sequence[np.ndarray]) -> None:
        self.index, self.lengths = index, [index.match_lengths(ids) for ids in held_out]
        self.of: dict[int, Chance] = {}

    def p(self, window: int, length: int) -> float:
        if window not in self.of:
            parts = [longest_in_windows(row, window) for row in self.lengths]
            held_out = np.concatenate([np.zeros(0, np.int64), *parts])
            self.of[window] = Chance(expected_longest(window, self.index.unigrams), held_out)
        return self.of[window].p(length)


def _shares(
    signals: Signals, index: CorpusIndex, passages: np.ndarray, counts: np.ndarray, seed: int
) -> dict[str, Estimate]:
    """How many recited passages stand more than once, how many random ones do, and how many of the control's stand."""
    roles, groups = signals.roles[passages[:, 0]], signals.groups[passages[:, 0]]
    trained, held_out = np.isin(roles, TRAINED), roles == "nonmember"
    drawn, whose = _random_passages(signals, passages[trained, 2], seed)
    known = {
        "repeated, recited": (counts[trained] > 1, groups[trained]),
        "repeated, random": (index.count_batch(drawn) > 1 if drawn else np.zeros(0, bool), signals.groups[whose]),
        "found, control": (counts[held_out] > 0, groups[held_out]),
    }
    return {name: proportion(hits, of) for name, (hits, of) in known.items() if hits.size}


def _random_passages(signals: Signals, lengths: np.ndarray, seed: int) -> tuple[list[np.ndarray], np.ndarray]:
    """A passage of each length from anywhere in the members, each place with the same chance; and its record."""
    ids = signals.ragged("token_ids")
    members = np.flatnonzero(signals.roles == "member")
    sizes, rng = ids.lengths[members], generator(seed, "random passages")
    drawn, whose = [], []
    for n in lengths:
        room = np.maximum(sizes - n + 1, 0)
        if not room.sum():
            continue
        row = members[rng.choice(members.size, p=room / room.sum())]
        at = int(rng.integers(ids[int(row)].size - n + 1))
        drawn.append(ids[int(row)][at : at + n])
        whose.append(row)
    return drawn, np.array(whose, dtype=np.int64)
