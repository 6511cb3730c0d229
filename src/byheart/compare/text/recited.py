"""How much of a continuation came back, and how much of that was told in the question?

Precision counts the common tokens among those that were said, recall among those that were hunted. As many are said as
are hunted, so the two agree, and one lucky token is not a precision of 1.

Source: Wu et al., arXiv 2412.07261 (ROUGE-L precision; the longest common stretch in its first version); Lin 2004,
ROUGE (longest common subsequence).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from byheart.compare.text.alignment import edit_similarity, longest_common_subsequence
from byheart.compare.text.substring import longest_common_substring
from byheart.core.errors import UsageError

KINDS = ("rougeL_p", "rougeL_r", "lccs", "edit")
NGRAM = 5
"""Tokens in a row that stand in the question and in the answer by no accident."""


@dataclass(frozen=True)
class RougeL:
    """The common subsequence as a share of what was said, of what was hunted, and their harmonic mean."""

    precision: float
    recall: float
    f1: float


def rouge_l(said: Sequence[int] | np.ndarray | str, hunted: Sequence[int] | np.ndarray | str) -> RougeL:
    """ROUGE-L of two sequences; all 0 where one is empty.

    >>> rouge_l("axc", "abcd")
    RougeL(precision=0.6666666666666666, recall=0.5, f1=0.5714285714285714)
    """
    if not len(said) or not len(hunted):
        return RougeL(0.0, 0.0, 0.0)
    common = longest_common_subsequence(said, hunted)
    return RougeL(common / len(said), common / len(hunted), 2 * common / (len(said) + len(hunted)))


def recited(said: np.ndarray, hunted: np.ndarray, kind: str = "rougeL_p") -> float:
    """How much of `hunted` was said: 0 for nothing, 1 for all of it, in order.

    Args:
        said: tokens (said,).
        hunted: tokens (hunted,); negative ones count as not said, whatever was said.
        kind: `rougeL_p` (precision), `rougeL_r` (recall), `lccs` (longest common stretch as a share of the hunted) or
            `edit` (1 - edits / tokens).

    Raises:
        UsageError: if there is no such kind.
    """
    if kind not in KINDS:
        raise UsageError(f"a score of the hunt is one of {', '.join(KINDS)}; got {kind!r}")
    if kind == "lccs":
        return longest_common_substring(said, hunted).length / hunted.size if hunted.size else 0.0
    if kind == "edit":
        return edit_similarity(said, hunted)
    found = rouge_l(said, hunted)
    return found.precision if kind == "rougeL_p" else found.recall


def told(hunted: np.ndarray, given: Sequence[np.ndarray], n: int = NGRAM) -> np.ndarray:
    """Which tokens of a continuation stand in what was given, as part of n tokens in a row, bool (hunted,).

    Args:
        hunted: the continuation, (tokens,).
        given: what the target was shown: the prompt, the beginning of the record.
        n: how many tokens in a row are no accident.

    >>> told(np.array([1, 2, 3, 4]), [np.array([9, 2, 3, 4])], n=3).tolist()
    [False, True, True, True]
    """
    mask = np.zeros(hunted.size, dtype=bool)
    shown = {tuple(g[i : i + n].tolist()) for g in given for i in range(g.size - n + 1)}
    for i in range(hunted.size - n + 1):
        if tuple(hunted[i : i + n].tolist()) in shown:
            mask[i : i + n] = True
    return mask


def without_told(hunted: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The continuation with the told tokens replaced by numbers that no token has, (hunted,)."""
    left: np.ndarray = np.where(mask, -1 - np.arange(hunted.size), hunted).astype(np.int64)
    return left
