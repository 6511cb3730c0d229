"""Which stretch of a record does the model recite when it is prompted with all that stands before it?

Greedy decoding repeats a stretch exactly if, and only if, each of its tokens is the likeliest after the true text
before it; so the stretches can be read from one teacher-forced pass. A tie (gap 0) does not count.

Source: Carlini et al. 2022, arXiv 2202.07646 (discoverable memorization, section 3).
Departs from it: the prompt is as long as it takes, not fixed; the longest stretch of each record is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from byheart.core.ragged import Ragged
from byheart.core.signals import Signals

LONG = 50  # tokens; what the literature calls extracted


@dataclass(frozen=True, eq=False)
class Stretches:
    """The longest recited stretch of each record.

    Args:
        start, length: int64 (n,), first token and number of tokens; length 0 when no token is recited.
    """

    start: np.ndarray
    length: np.ndarray


@dataclass(frozen=True, eq=False)
class Recital:
    """What was recited, over all shards of a run.

    Args:
        ids, roles: (n,).
        start, length: int64 (n,), as in `Stretches`; the secret itself where it was recited whole.
        tokens: int64 (n,), tokens of each record.
        secret, recited: int64 (n,), tokens of the planted secret, and those of them that greedy decoding repeats.
        windows: int64 (n,), how many windows the record was read in.
    """

    ids: np.ndarray
    roles: np.ndarray
    start: np.ndarray
    length: np.ndarray
    tokens: np.ndarray
    secret: np.ndarray
    recited: np.ndarray
    windows: np.ndarray

    @property
    def whole_secret(self) -> np.ndarray:
        """Bool (n,): every token of the secret was recited."""
        whole: np.ndarray = (self.secret > 0) & (self.recited == self.secret)
        return whole


def longest_stretches(hits: Ragged) -> Stretches:
    """The longest run of true values in each row; the first of equals.

    Args:
        hits: bool, ragged (records, tokens).

    >>> s = longest_stretches(Ragged.of([[1, 0, 1, 1], [0]], dtype=bool))
    >>> s.start.tolist(), s.length.tolist()
    ([2, 0], [2, 0])
    """
    n = len(hits)
    start, length = np.zeros(n, np.int64), np.zeros(n, np.int64)
    hit, row = hits.values.astype(bool), hits.row
    first = hit.copy()
    first[1:] &= ~hit[:-1] | (row[1:] != row[:-1])
    begins = np.flatnonzero(first)
    if begins.size:
        run = np.cumsum(first)[hit] - 1
        sizes = np.bincount(run, minlength=begins.size)
        order = np.lexsort((begins, -sizes, row[begins]))
        rows, best = np.unique(row[begins][order], return_index=True)
        chosen = order[best]
        start[rows] = begins[chosen] - hits.offsets[rows]
        length[rows] = sizes[chosen]
    return Stretches(start, length)


def greedy_hits(signals: Signals) -> Ragged:
    """Bool, ragged (records, tokens): a scored token that greedy decoding repeats (`gap > 0`)."""
    gap = signals.ragged("gap")
    hits: np.ndarray = np.nan_to_num(gap.values, nan=-1.0) > 0
    if "scored" in signals.arrays:  # the other side's turns of a chat are given, not recited
        hits &= signals.ragged("scored").values.astype(bool)
    return gap.like(hits)


def recital(shards: Iterable[Signals]) -> Recital | None:
    """Read all shards, one in memory at a time; None if there is none."""
    parts = [_of_shard(s) for s in shards]
    if not parts:
        return None
    return Recital(*(np.concatenate([p[i] for p in parts]) for i in range(8)))


def _of_shard(signals: Signals) -> tuple[np.ndarray, ...]:
    hits = greedy_hits(signals)
    found = longest_stretches(hits)
    secret = hits.like(np.zeros(hits.values.size, bool))
    if "secret" in signals.arrays:
        secret = hits.like(signals.ragged("secret").values.astype(bool))
    windows = np.ones(len(signals), np.int64)
    if "n_windows" in signals.arrays:
        windows = signals.dense("n_windows").astype(np.int64)
    planted = np.bincount(secret.row[secret.values], minlength=len(signals))
    back = np.bincount(secret.row[secret.values & hits.values], minlength=len(signals))
    span = longest_stretches(secret)
    whole = (planted > 0) & (back == planted)
    start, length = np.where(whole, span.start, found.start), np.where(whole, span.length, found.length)
    return signals.ids, signals.roles, start, length, hits.lengths, planted, back, windows
