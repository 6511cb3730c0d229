"""Which step of a chain is looked at? The first doubtful one of a wrong answer, the most doubtful one of a right one.

What the steps are worth is said by a process reward: any function of the prompt and the steps that gives each step's
probability of being right.

Source: Li et al. 2025, arXiv 2508.02037 (STIM), section 4 (VersaPRM, threshold 0.9).
Departs from it: steps are cut by a rule of ours; numbers of a list stay with their sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from byheart.core.errors import DataError

Reward = Callable[[str, Sequence[str]], Sequence[float]]
"""From a prompt and the steps of its completion to the probability that each is right."""
END = re.compile(r"\n+|(?<=[.!?])[\"')\]]*\s+(?=\S)")
BARE = re.compile(r"\W*(?:\d{1,3}\s*[.):]?|let'?s think step by step)\W*", re.IGNORECASE)


def split_steps(completion: str) -> list[tuple[int, int]]:
    r"""First character and end of each step: sentences and lines, without bare list numbers and set phrases.

    >>> text = "1. Add 2 and 3. That is 5.0 apples.\nSo it is 5."
    >>> [text[a:b] for a, b in split_steps(text)]
    ['1. Add 2 and 3.', 'That is 5.0 apples.', 'So it is 5.']
    """
    ends = [(m.start(), m.end()) for m in END.finditer(completion)]
    steps: list[tuple[int, int]] = []
    first = begin = 0
    for left, right in [*ends, (len(completion), len(completion))]:
        told = completion[begin:left]
        if not BARE.fullmatch(told.strip()) and told.strip():
            steps.append((first + len(completion[first:left]) - len(completion[first:left].lstrip()), left))
            first = right
        elif re.search(r"step by step", told, re.IGNORECASE) or not told.strip():
            first = right
        begin = right
    return steps


def select_step(probabilities: Sequence[float], correct: bool, threshold: float = 0.9) -> int | None:
    """The step that is looked at.

    Args:
        probabilities: that each step is right.
        correct: whether the answer is.
        threshold: a step below it is doubtful.

    Returns:
        Of a wrong answer the first doubtful step, None without one; of a right answer the least probable step.

    Raises:
        DataError: if there is no step, or a probability is none.

    >>> select_step([0.95, 0.4, 0.1], correct=False), select_step([0.95, 0.4, 0.1], correct=True)
    (1, 2)
    """
    p = np.asarray(probabilities, np.float64)
    if not p.size or not ((p >= 0) & (p <= 1)).all():
        raise DataError(f"the process reward gives each step a probability; got {p.tolist()}")
    if correct:
        return int(p.argmin())
    doubtful = np.flatnonzero(p < threshold)
    return int(doubtful[0]) if doubtful.size else None
