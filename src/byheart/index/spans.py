"""Which stretches of a text stand word for word in the corpus, and where?

A maximal span is a match that can be made longer on neither side. From the longest match at each token on, the spans
are those whose end is further than all ends before.

Source: Liu et al. 2025, arXiv 2504.07096 (OLMoTrace), section 3: spans, their cut at sentence ends and whole words, and
their order by the probability of their tokens.
Departs from it: every span carries what chance would give; nothing is dropped unless asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Span:
    """One verbatim stretch.

    Args:
        start: its first token in the text.
        end: first token behind it.
        count: how often it stands in the corpus.
        sources: (document number, token offset in it), int64 (n, 2); some of them where there are more.
        log_unigram: sum of the log-probabilities of its tokens by their frequency, natural; the lower the rarer.
        expected: longest match that random text of the traced length would have, tokens.
        p: share of held-out windows of that length with a match as long, NaN without held-out text.
    """

    start: int
    end: int
    count: int
    sources: np.ndarray
    log_unigram: float
    expected: float
    p: float

    @property
    def length(self) -> int:
        """Tokens."""
        return self.end - self.start


def maximal(
    lengths: np.ndarray, *, starts: np.ndarray | None = None, breaks: np.ndarray | None = None, min_len: int = 1
) -> np.ndarray:
    """First token and end of each maximal span.

    Args:
        lengths: longest match from each token on, int64 (tokens,).
        starts: where a word begins, bool (tokens,): spans begin there, and end before one. All tokens if None.
        breaks: tokens after which a span is cut (a full stop, a line break), bool (tokens,).
        min_len: shortest span, tokens.

    Returns:
        int64 (spans, 2), in order; starts and ends both rise.

    >>> maximal(np.array([2, 3, 2, 1, 0, 1])).tolist()
    [[0, 2], [1, 4], [5, 6]]
    """
    n = lengths.size
    begin = np.arange(n)
    end = begin + lengths
    if breaks is not None:
        places = np.append(np.flatnonzero(breaks), n)
        end = np.minimum(end, places[np.searchsorted(places, begin)] + 1)
    if starts is not None:
        word_ends = np.append(np.flatnonzero(starts), n)
        end = word_ends[np.searchsorted(word_ends, end, "right") - 1] if starts.any() else np.zeros(n, np.int64)
        end = np.where(starts & (end > begin), end, 0)
    so_far = np.maximum.accumulate(np.append(0, end))[:-1]
    kept = (end > so_far) & (end - begin >= max(1, min_len))
    return np.stack([begin[kept], end[kept]], axis=1)
