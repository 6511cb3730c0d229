"""How many runs of n words do two texts share?

Source: BLEU is Papineni et al. 2002 (doi 10.3115/1073083.1073135), four n-gram orders, one reference, brevity penalty.
Smoothing of zero counts is the exponential one of sacrebleu (NIST): the i-th order without a match counts as 2^-i.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


def ngrams(words: Sequence[T], n: int) -> Counter[tuple[T, ...]]:
    """All runs of n words with how often each occurs.

    >>> ngrams("a b a b".split(), 2)[("a", "b")]
    2
    """
    return Counter(zip(*(words[i:] for i in range(n)), strict=False))


def ngram_overlap(words: Sequence[T], other: Sequence[T], n: int) -> float:
    """Share of the n-grams of `words`, repeats counted, that occur in `other`; NaN when there are none.

    >>> ngram_overlap("a b c d".split(), "x b c d".split(), 2)
    0.6666666666666666
    """
    mine, theirs = ngrams(words, n), ngrams(other, n)
    total = sum(mine.values())
    return sum(count for gram, count in mine.items() if gram in theirs) / total if total else math.nan


def bleu(candidate: Sequence[T], reference: Sequence[T], *, max_order: int = 4) -> float:
    """BLEU of one sequence against one reference.

    Args:
        candidate: what was generated, words or token ids.
        reference: what was to be said.
        max_order: longest n-gram; shorter when the candidate is (the effective order).

    Returns:
        Between 0 (not one symbol shared, or nothing generated) and 1 (equal).

    >>> bleu("a b c d e".split(), "a b c d e".split())
    1.0
    """
    if not candidate or not reference:
        return 0.0
    logs, halving = [], 1.0
    for n in range(1, min(max_order, len(candidate)) + 1):
        mine, theirs = ngrams(candidate, n), ngrams(reference, n)
        matches = float(sum((mine & theirs).values()))
        if n == 1 and not matches:
            return 0.0
        if not matches:
            halving /= 2
            matches = halving
        logs.append(math.log(matches / (len(candidate) - n + 1)))
    brevity = min(0.0, 1.0 - len(reference) / len(candidate))
    return math.exp(brevity + sum(logs) / len(logs))
