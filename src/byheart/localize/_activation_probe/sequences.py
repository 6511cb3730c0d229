"""Is a text recited, and where in it?

Every token gets log-odds from one forward pass; a text gets their mean over the tokens that begin a word. Against texts
that the model never saw this gives a conformal p-value, and the stretch whose log-odds stand out most, summed, is where
the text is recited.

Source: Bates et al. 2023, arXiv 2104.08279 (conformal p-values, Benjamini-Hochberg); Bentley 1984, Communications of
the ACM 27:865-873 (Kadane's algorithm for the segment of largest sum).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from byheart.core.corpus import Corpus
from byheart.core.ragged import Ragged
from byheart.core.signals import Array, Signals
from byheart.core.target import LanguageModel
from byheart.localize._activation_probe.events import walk
from byheart.localize._activation_probe.lines import Line
from byheart.models.text.sites import Site
from byheart.signals.text.token_events import word_starts
from byheart.signals.text.token_logprobs import n_front

UNSEEN_QUANTILE = 0.95


def tokens_of(target: LanguageModel, corpus: Corpus) -> Signals:
    """Records as tokens, without a forward pass: what `token_odds` reads."""
    encoded = [target.encode(item) for item in corpus.items]
    arrays: dict[str, Array] = {
        "token_ids": Ragged.of([e.ids for e in encoded], np.int32),
        "start": Ragged.of([e.start for e in encoded], np.int32),
        "end": Ragged.of([e.end for e in encoded], np.int32),
        "word_start": Ragged.of([word_starts(e) for e in encoded], np.uint8),
        "n_front": np.array([n_front(target, e) for e in encoded], np.int64),
    }
    return Signals(corpus.ids, corpus.roles, corpus.groups, arrays)


def token_odds(
    target: LanguageModel, signals: Signals, site: Site, lines: Sequence[Line],
    *, max_tokens_per_batch: int | None = None,
) -> list[Ragged]:  # fmt: skip
    """Log-odds of every token under each of several probes of one site, from one forward pass per text.

    Returns:
        A ragged array per probe, float32 per token; NaN for special tokens and for the first token of a text, whose
        prediction has nothing to stand on.
    """
    ids = signals.ragged("token_ids")
    place = np.arange(ids.values.size) - ids.offsets[:-1][ids.row]
    flat = np.flatnonzero(place > np.maximum(signals.dense("n_front"), 1)[ids.row])
    found = np.full((len(lines), ids.values.size), np.nan, np.float32)
    w, b = np.stack([line.w for line in lines]), np.array([line.b for line in lines])
    read = walk(target, signals, ids.row[flat], place[flat], [site], max_tokens_per_batch=max_tokens_per_batch)
    for rows, by_site in read:
        found[:, flat[rows]] = (by_site[site].astype(np.float64) @ w.T + b).T
    return [ids.like(values) for values in found]


def text_scores(odds: Ragged, begins: Ragged) -> np.ndarray:
    """Mean log-odds of each text over the tokens that begin a word, float64 (texts,); over all where none does."""
    told = np.isfinite(odds.values)
    words = told & (begins.values > 0)
    some = np.bincount(odds.row, words, len(odds)) > 0
    on = np.where(some[odds.row], words, told)
    n = np.bincount(odds.row, on, len(odds))
    total = np.bincount(odds.row, np.where(on, odds.values, 0).astype(np.float64), len(odds))
    scores: np.ndarray = np.where(n > 0, total / np.maximum(n, 1), np.nan)
    return scores


def best_stretch(values: np.ndarray) -> tuple[int, int, float]:
    """Where the segment of largest sum begins and ends, and its sum; (0, 0, 0.0) where nothing is above 0. O(n).

    >>> best_stretch(np.array([-1.0, 2.0, -0.5, 3.0, -4.0, 1.0]))
    (1, 4, 4.5)
    """
    if not values.size:
        return 0, 0, 0.0
    running = np.concatenate([[0.0], np.cumsum(values)])
    least = np.minimum.accumulate(running)
    end = int(np.argmax(running - least))
    total = float(running[end] - least[end])
    if total <= 0:
        return 0, 0, 0.0
    begin = int(np.flatnonzero(running[: end + 1] == least[end])[-1])
    return begin, end, total


def stretches(odds: Ragged, start: Ragged, end: Ragged, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each text the stretch where log-odds exceed `level` most: first and last character, and the sum above it.

    Args:
        odds: log-odds per token; NaN breaks nothing and counts nothing.
        start: first character of each token.
        end: the character behind each token.
        level: what unseen tokens hardly exceed, such as their 95th percentile.

    Returns:
        int64, int64 and float64 (texts,); 0, 0 and 0 where no token exceeds it.
    """
    found = []
    for values, begins, ends in zip(odds, start, end, strict=True):
        above = np.where(np.isfinite(values), values.astype(np.float64) - level, 0.0)
        i, j, total = best_stretch(above)
        found.append((int(begins[i]), int(ends[j - 1]), total) if total > 0 else (0, 0, 0.0))
    first, last, sums = zip(*found, strict=True) if found else ((), (), ())
    return np.array(first, np.int64), np.array(last, np.int64), np.array(sums, np.float64)
