"""From which prefix on does greedy decoding recite the rest of a text?

Greedy decoding from the first t tokens gives the rest of the text exactly when the model's best guess is right at every
later position (by induction: as long as it was right, what it has read is the text). So one pass over the text answers
for every prefix length at once: the answer is the run of hits at the end.
"""

from __future__ import annotations

import numpy as np

from byheart.core.ragged import Ragged
from byheart.core.signals import Signals


def greedy_hits(signals: Signals) -> Ragged:
    """Where greedy decoding takes the text's token, bool, scored tokens only. A tie is not a hit.

    Args:
        signals: `token_logprobs`; reads `gap` and, if there, `scored`.
    """
    gap = scored_only(signals, "gap")
    return gap.like(gap.values > 0)


def scored_only(signals: Signals, which: str | Ragged) -> Ragged:
    """A ragged array, by name or itself, at the scored tokens only; all tokens if nothing says which are scored."""
    array = which if isinstance(which, Ragged) else signals.ragged(which)
    mask = signals.arrays.get("scored")
    return array.keep(mask.values.astype(bool)) if isinstance(mask, Ragged) else array


def trailing_runs(hits: Ragged) -> np.ndarray:
    """Length of the run of hits at the end of each row, int64 (rows,).

    >>> trailing_runs(Ragged.of([[1, 0, 1, 1], [1, 0], [1], []], dtype=bool)).tolist()
    [2, 0, 1, 0]
    """
    last_miss = hits.offsets[:-1] - 1
    misses = np.flatnonzero(~hits.values.astype(bool))
    np.maximum.at(last_miss, hits.row[misses], misses)
    runs: np.ndarray = hits.offsets[1:] - 1 - last_miss
    return runs


def longest_runs(hits: Ragged) -> np.ndarray:
    """Length of the longest run of hits anywhere in each row, int64 (rows,): the longest recited stretch.

    >>> longest_runs(Ragged.of([[1, 1, 0, 1], [0, 0], []], dtype=bool)).tolist()
    [2, 0, 0]
    """
    position = np.arange(hits.values.size)
    barrier = np.where(hits.values.astype(bool), hits.offsets[:-1][hits.row] - 1, position)
    run_here = position - np.maximum.accumulate(barrier)
    longest = np.zeros(len(hits), dtype=np.int64)
    np.maximum.at(longest, hits.row, run_here)
    return longest


def runs(hits: Ragged, least: int = 1) -> np.ndarray:
    """Every run of hits that can be made longer on neither side: row, first position in it, length, int64 (runs, 3).

    >>> runs(Ragged.of([[1, 1, 0, 1], [0, 0], [1]], dtype=bool), 1).tolist()
    [[0, 0, 2], [0, 3, 1], [2, 0, 1]]
    """
    hit, row = hits.values.astype(bool), hits.row
    first = np.flatnonzero(np.diff(np.where(hit, row, -1), prepend=-1) * hit)
    length = np.diff(np.append(np.cumsum(hit)[first] - 1, hit.sum()))
    found = np.stack([row[first], first - hits.offsets[row[first]], length], axis=1)
    return found[length >= least]


def recited_from(hits: Ragged) -> Ragged:
    """The all-prefix table: for each position, would greedy decoding from there recite the rest? bool.

    >>> recited_from(Ragged.of([[1, 0, 1, 1]], dtype=bool))[0].tolist()
    [False, False, True, True]
    """
    first = hits.offsets[1:] - trailing_runs(hits)
    return hits.like(np.arange(hits.values.size) >= first[hits.row])


def suffix_lengths(n_tokens: np.ndarray, suffix: int) -> np.ndarray:
    """How many tokens at the end are to be recited, int64: `suffix`, or half of a shorter text; at least 1.

    >>> suffix_lengths(np.array([200, 20, 1, 0]), 50).tolist()
    [50, 10, 1, 1]
    """
    lengths: np.ndarray = np.clip(n_tokens // 2, 1, suffix)
    return lengths
