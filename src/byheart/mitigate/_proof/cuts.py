"""Records cut in two: what is given to the model, what it should go on with, and whether it does.

Source: Carlini et al. 2023, arXiv 2202.07646 (a greedy continuation is exact if and only if each of its tokens is the
likeliest after the true ones).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from byheart.core.corpus import Corpus
from byheart.core.ragged import Ragged
from byheart.core.target import LanguageModel
from byheart.signals.text.continuations import cut_record
from byheart.signals.text.forced import forced

Batch = int | Literal["auto"]


@dataclass(frozen=True, eq=False)
class Cuts:
    """Records cut in two.

    Args:
        records: those long enough.
        prompts, expected: the two parts of each, token ids.
    """

    records: Corpus
    prompts: list[np.ndarray]
    expected: list[np.ndarray]

    @classmethod
    def of(cls, target: LanguageModel, records: Corpus, prefix_tokens: int, new_tokens: int) -> Cuts:
        """Cut them; those too short are left out."""
        cuts = [cut_record(target, records, i, prefix_tokens, new_tokens) for i in range(len(records))]
        rows = [i for i, (_, expected) in enumerate(cuts) if expected.size]
        return cls(records.take(rows), [cuts[i][0] for i in rows], [cuts[i][1] for i in rows])

    def forced(self, model: LanguageModel, rows: np.ndarray, batch: Batch) -> dict[str, Ragged]:
        """The true continuations of some of them, read after their prompts."""
        prompts, expected = [self.prompts[i] for i in rows], [self.expected[i] for i in rows]
        return forced(model, prompts, expected, max_tokens_per_batch=batch)

    def generated(self, model: LanguageModel, rows: np.ndarray) -> list[np.ndarray]:
        """What the model says after the prompts of some of them, each as long as the truth."""
        if not rows.size:
            return []
        made = model.generate([self.prompts[i] for i in rows], max(self.expected[i].size for i in rows))
        return [new[: self.expected[i].size] for i, new in zip(rows, made, strict=True)]


def exact(said: dict[str, Ragged]) -> np.ndarray:
    """Whether every token of a continuation is the best guess, bool (rows,)."""
    gap = said["gap"]
    misses = np.bincount(gap.row, ~(gap.values > 0), minlength=len(gap))
    hits: np.ndarray = (misses == 0) & (gap.lengths > 0)
    return hits


def mean_logprob(said: dict[str, Ragged]) -> np.ndarray:
    """Mean log-probability of each continuation, nats per token, float64 (rows,)."""
    logprob = said["logprob"]
    mean: np.ndarray = np.bincount(logprob.row, logprob.values, minlength=len(logprob)) / logprob.lengths
    return mean
