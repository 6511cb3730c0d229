"""Which stretches of an article are not its own: agency lines, credits, quoted laws, that other articles have too?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from byheart.compare.text.plain_text import MASKED, word_codes, words
from byheart.stats.sides import number_groups

RUN = 8
"""Words in a row that two articles share only when one quotes, or both do."""


def mask_shared(
    texts: Sequence[str], groups: Sequence[str] | np.ndarray, public: Sequence[str] = (), *, run: int = RUN
) -> list[str]:
    """The texts with every run of words masked that stands in another group's text, or in a public one.

    Args:
        texts: normalised articles.
        groups: of each article, (texts,); articles of one group (reprints) may share what they like.
        public: normalised texts that are nobody's: boilerplate, licences, famous quotations.
        run: shortest run of words that counts.

    Returns:
        Texts of the same lengths, shared characters replaced by `MASKED`.

    >>> mask_shared(["a b c d", "x a b c"], ["1", "2"], run=3) == [MASKED * 5 + " d", "x " + MASKED * 5]
    True
    """
    starts = shared_runs([words(t) for t in texts], groups, [words(t) for t in public], run=run)
    return [_masked(text, at, run) for text, at in zip(texts, starts, strict=True)]


def shared_runs(
    texts: Sequence[Sequence[str]],
    groups: Sequence[str] | np.ndarray,
    public: Sequence[Sequence[str]] = (),
    *,
    run: int,
) -> list[list[int]]:
    """Where in each text a run of words begins that stands in another group's text, or in a public one.

    Args:
        texts: words of each article.
        groups: of each article, (texts,).
        public: words of texts that are nobody's.
        run: length of the runs, in words.

    >>> shared_runs(["a b c d".split(), "x a b c".split()], ["1", "2"], run=3)
    [[0], [1]]
    """
    owner, n_groups = number_groups(list(groups))
    owners = np.concatenate([owner, n_groups + np.arange(len(public))]).astype(np.int64)
    names = [_runs(c, run) for c in word_codes(*texts, *public)]
    whose = np.repeat(owners, [r.size for r in names])
    pairs = np.unique(np.stack([np.concatenate([np.zeros(0, np.int64), *names]), whose]), axis=1)
    several, count = np.unique(pairs[0], return_counts=True)
    shared = several[count > 1]
    return [np.flatnonzero(np.isin(r, shared)).tolist() for r in names[: len(texts)]]


def _runs(codes: np.ndarray, run: int) -> np.ndarray:
    """A number for each run of words, the same for the same (64-bit polynomial hash), int64 (words - run + 1,)."""
    n = max(codes.size - run + 1, 0)
    total = np.zeros(n, dtype=np.uint64)
    for k in range(run):
        total = total * np.uint64(0x9E3779B97F4A7C15) + (codes[k : k + n].astype(np.uint64) + np.uint64(1))
        total ^= total >> np.uint64(29)
    return total.view(np.int64)


def _masked(text: str, starts: list[int], run: int) -> str:
    """The text without the runs that begin at these words."""
    if not starts:
        return text
    places = _spans(text)
    out = list(text)
    for start in starts:
        for k in range(places[start][0], places[start + run - 1][1]):
            out[k] = MASKED
    return "".join(out)


def _spans(text: str) -> list[tuple[int, int]]:
    spans, at = [], 0
    for word in words(text):
        at = text.index(word, at)
        spans.append((at, at + len(word)))
        at += len(word)
    return spans
