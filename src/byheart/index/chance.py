"""How long a verbatim match would chance alone give?

Common phrases stand in every corpus, so a match says nothing until it is longer than matches of texts that were never
copied. Two yardsticks. The law: the longest match between random texts of L and N tokens, drawn alike and independently
with probabilities p, is close to log(L N) / -log(sum p^2). Real text repeats itself more than that, so the law is a
floor. The measure: texts that are known not to be in the corpus, cut into windows as long as the traced text; the share
of windows whose longest match is at least as long, (1 + windows so long) / (1 + windows), is a p-value if the traced
text is one more such window.

Source: Arratia & Waterman 1985 (doi 10.1016/0001-8708(85)90003-9), theorem 1, for equal distributions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Chance:
    """What chance gives for a text of some length.

    Args:
        expected: longest match of random text, in tokens, by the law.
        held_out: longest match of each held-out window of that length, int64 (windows,); empty without held-out text.
    """

    expected: float
    held_out: np.ndarray

    def p(self, length: int) -> float:
        """Share of held-out windows with a match as long, NaN without held-out text."""
        if not self.held_out.size:
            return math.nan
        return float((1 + (self.held_out >= length).sum()) / (1 + self.held_out.size))


def expected_longest(n_text: int, unigrams: np.ndarray) -> float:
    """Longest match of a random text with a random corpus, in tokens.

    Args:
        n_text: tokens of the text.
        unigrams: how often each token occurs in the corpus, int (vocabulary,).

    Returns:
        At least 0; infinite when the corpus is one token over and over.

    >>> round(expected_longest(1000, np.array([500_000, 500_000])), 1)  # log2(1000 x 1,000,000)
    29.9
    """
    total = int(unigrams.sum())
    if not total or not n_text:
        return 0.0
    collision = float(((unigrams / total) ** 2).sum())
    return math.log(n_text * total) / -math.log(collision) if collision < 1 else math.inf


def expected_count(ids: np.ndarray, unigrams: np.ndarray) -> float:
    """How often a sequence would occur if the corpus's tokens stood in any order.

    Args:
        ids: int (tokens,).
        unigrams: how often each token occurs in the corpus, int (vocabulary,).

    >>> round(expected_count(np.array([0, 1]), np.array([50, 50])), 6)  # 100 x 1/2 x 1/2
    25.0
    """
    total = int(unigrams.sum())
    return total * float(np.prod(unigrams[ids] / total)) if total else 0.0


def longest_in_windows(lengths: np.ndarray, window: int) -> np.ndarray:
    """Longest match inside each whole window of a text.

    Args:
        lengths: longest match from each token on, int64 (tokens,).
        window: tokens per window, at least 1.

    Returns:
        int64 (tokens // window,); matches are cut at the window's end.

    >>> longest_in_windows(np.array([3, 2, 1, 1, 5]), 2).tolist()
    [2, 1]
    """
    n = lengths.size // window
    left = window - np.arange(window)
    longest: np.ndarray = np.minimum(lengths[: n * window].reshape(n, window), left).max(axis=1)
    return longest
