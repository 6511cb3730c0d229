"""How much of a sequence of tokens could one leave out, or foretell from the rest of it?

The abstract of the paper that this serves does not define redundancy, so every plausible reading stands here under a
name of its own. All are 0 for a sequence without any (all tokens different) and grow towards 1.

Source: Zhang et al. 2025, arXiv 2506.12321 (redundancy and memorization); Lempel & Ziv 1976, doi
10.1109/TIT.1976.1055501 (phrases); Dentan et al. 2026 (guess and recall, by ROUGE of prefix and suffix); Prashanth et
al. 2024, arXiv 2406.17746 (templates).
Departs from it: phrases are normalised by n / log_a(n), with a the number of different tokens (at least 2); for two
kinds of tokens that is the usual n / log2(n).
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from byheart.compare.text.alignment import longest_common_subsequence
from byheart.compare.text.ngrams import ngrams

EMPTY = len(zlib.compress(b"", 9))


def repeated_tokens(ids: np.ndarray) -> float:
    """R1 = 1 - different tokens / tokens: 0 if all differ, 1 - q/n for period q; NaN for none.

    >>> repeated_tokens(np.array([1, 2, 1, 2]))
    0.5
    """
    return 1 - np.unique(ids).size / ids.size if ids.size else math.nan


def repeated_ngrams(ids: np.ndarray, n: int) -> float:
    """1 - different n-grams / n-grams; NaN where the sequence is shorter than n."""
    total = ids.size - n + 1
    return 1 - len(ngrams(ids.tolist(), n)) / total if total > 0 else math.nan


def compressed(text: bytes) -> float:
    """R2 = 1 - compressed / plain bytes, zlib's constant header not counted; NaN for none.

    Below some 200 bytes it says more about zlib than about the text, and may be negative; do not rank by it alone.
    """
    return 1 - (len(zlib.compress(text, 9)) - EMPTY) / len(text) if text else math.nan


def lempel_ziv(ids: np.ndarray) -> float:
    """1 - phrases / (n / log_a(n)), phrases being the shortest stretches not seen before; NaN below 2 tokens."""
    n = int(ids.size)
    if n < 2:
        return math.nan
    a = max(2, np.unique(ids).size)
    return 1 - n_phrases(ids) * math.log(n, a) / n


def n_phrases(ids: np.ndarray) -> int:
    """Phrases of Lempel & Ziv (1976): each is the shortest one that cannot be copied from what stands before its end.

    >>> n_phrases(np.array([0, 0, 0, 1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 1]))
    6
    """
    words, phrases, start = [f"{t}," for t in ids.tolist()], 0, 0
    while start < len(words):
        length = 1
        while start + length <= len(words):
            phrase, seen = "".join(words[start : start + length]), "".join(words[: start + length - 1])
            if f",{phrase}" not in f",{seen}":
                break
            length += 1
        phrases, start = phrases + 1, start + length
    return phrases


def uneven(ids: np.ndarray) -> float:
    """1 - entropy of the tokens' shares / log2(n); NaN below 2 tokens."""
    if ids.size < 2:
        return math.nan
    shares = np.unique(ids, return_counts=True)[1] / ids.size
    return float(1 + (shares * np.log2(shares)).sum() / np.log2(ids.size))


def copies(n_elsewhere: float) -> float:
    """R4 = log2(1 + copies elsewhere in the corpus): 0 for none."""
    return math.log2(1 + n_elsewhere)


def free_order(ids: np.ndarray) -> float:
    """R5 = sum_k ln(m_k!) / ln(n!): the part of all orders of the tokens that look the same. NaN below 2 tokens.

    >>> round(free_order(np.resize(np.arange(4), 32)), 4)
    0.5201
    """
    if ids.size < 2:
        return math.nan
    repeats = np.unique(ids, return_counts=True)[1]
    return sum(math.lgamma(m + 1) for m in repeats.tolist()) / math.lgamma(ids.size + 1)


def equal_swap(ids: np.ndarray) -> float:
    """Chance that a random swap of two places exchanges equal tokens; NaN below 2 tokens.

    >>> round(equal_swap(np.resize(np.arange(4), 32)), 4)
    0.2258
    """
    if ids.size < 2:
        return math.nan
    repeats = np.unique(ids, return_counts=True)[1]
    return float((repeats * (repeats - 1)).sum() / (ids.size * (ids.size - 1)))


def smallest_period(ids: np.ndarray) -> int:
    """Fewest tokens after which the sequence repeats itself to its end; its length if it never does."""
    return next((q for q in range(1, ids.size) if np.array_equal(ids[q:], ids[:-q])), int(ids.size))


def repeating(ids: np.ndarray) -> bool:
    """Whether the sequence is something said at least twice over."""
    return bool(ids.size > 1 and 2 * smallest_period(ids) <= ids.size)


def counting(text: str) -> bool:
    """Whether the numbers in a text, three or more, go up or down in equal steps."""
    steps = np.diff([int(x) for x in re.findall(r"\d{1,15}", text)])
    return bool(steps.size > 1 and steps[0] != 0 and (steps == steps[0]).all())


def guessable(prefix: np.ndarray, continuation: np.ndarray, text: str, *, threshold: float = 0.5) -> bool:
    """Whether the continuation can be foretold from its prefix, so that reciting it need not be memory.

    Half of it stands in the prefix, as a subsequence (ROUGE-L) or in runs of three (ROUGE-3), or the whole is a
    template (repeats itself, or counts).

    Args:
        prefix: token ids (n,).
        continuation: token ids (L,).
        text: both, decoded.
        threshold: which share of the continuation must be found.
    """
    p, c = prefix.tolist(), continuation.tolist()
    if not c:
        return False
    threes, before = ngrams(c, 3), ngrams(p, 3)
    found = sum((threes & before).values()) / max(sum(threes.values()), 1)
    shared = longest_common_subsequence(p, c) / len(c)
    return max(found, shared) >= threshold or repeating(np.concatenate([prefix, continuation])) or counting(text)


def huffman_length(text: str) -> float:
    """Mean bits per character of a code by rounded-up information, sum_c ceil(-log2 p_c) p_c; 0 for an empty text."""
    return sum(math.ceil(-math.log2(m / len(text))) * m / len(text) for m in Counter(text).values())


MEASURES: dict[str, Callable[[np.ndarray, bytes], float]] = {
    "rep": lambda ids, text: repeated_tokens(ids),
    "ngram2": lambda ids, text: repeated_ngrams(ids, 2),
    "ngram3": lambda ids, text: repeated_ngrams(ids, 3),
    "zip": lambda ids, text: compressed(text),
    "phrases": lambda ids, text: lempel_ziv(ids),
    "entropy": lambda ids, text: uneven(ids),
    "order": lambda ids, text: free_order(ids),
    "swap": lambda ids, text: equal_swap(ids),
}


def redundancy_table(
    rows: Sequence[np.ndarray], texts: Sequence[bytes], measures: Sequence[str] = tuple(MEASURES)
) -> dict[str, np.ndarray]:
    """Each measure of each sequence, float64 (n,) by name.

    Args:
        rows: token ids (n_tokens,) of each.
        texts: the same as UTF-8.
        measures: keys of `MEASURES`.
    """
    return {
        name: np.array([MEASURES[name](ids, text) for ids, text in zip(rows, texts, strict=True)], np.float64)
        for name in measures
    }
