"""What is asked of every state of a model, unchanged or switched, so that the answers can be compared token by token?

Source: Carlini et al. 2023, arXiv 2202.07646 (a greedy continuation is exact if and only if each of its tokens is the
likeliest after the true ones).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from byheart.core.corpus import Corpus
from byheart.core.errors import TooFewRecords
from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.core.target import LanguageModel
from byheart.mitigate._proof.best_guesses import best_guesses
from byheart.signals.text.continuations import cut_record
from byheart.signals.text.forced import forced
from byheart.signals.text.token_events import TWICE, given_twice
from byheart.signals.text.token_logprobs import token_logprobs


@dataclass(frozen=True, eq=False)
class State:
    """What one state of the model answers.

    Args:
        read: `token_logprobs` of all texts.
        said: the true continuations read after their prompts, as `forced` leaves them.
        best: the likeliest token at each place of the held-out texts.
    """

    read: Signals
    said: dict[str, Ragged]
    best: Ragged


@dataclass(frozen=True, eq=False)
class Asked:
    """The questions.

    Args:
        candidates: records that may be recited.
        prompts, expected: each of them cut in two, token ids.
        texts: the candidates, behind them held-out texts, and behind these the same texts given twice.
        batch: tokens per forward pass, or auto.
    """

    candidates: Corpus
    prompts: list[np.ndarray]
    expected: list[np.ndarray]
    texts: Corpus
    batch: int | Literal["auto"]

    @classmethod
    def of(
        cls, target: LanguageModel, corpus: Corpus, prefix_tokens: int, new_tokens: int, batch: int | Literal["auto"]
    ) -> Asked:
        """From records with roles.

        Raises:
            TooFewRecords: if none may be recited.
        """
        candidates = corpus.where("member", "canary")
        cuts = [cut_record(target, candidates, i, prefix_tokens, new_tokens) for i in range(len(candidates))]
        rows = [i for i, (_, expected) in enumerate(cuts) if expected.size]
        if not rows:
            raise TooFewRecords("no member or canary is long enough to be cut in two; nothing can be switched off")
        candidates = candidates.take(rows)
        unseen = corpus.where("nonmember") if (corpus.roles == "nonmember").any() else corpus.where("canary_control")
        texts = candidates + unseen
        texts = texts + given_twice(target, unseen) if len(unseen) else texts
        return cls(candidates, [cuts[i][0] for i in rows], [cuts[i][1] for i in rows], texts, batch)

    @cached_property
    def second_from(self) -> np.ndarray:
        """Where in each text the second copy begins, in characters; infinite without one, float64 (texts,)."""
        column = self.texts.columns.get(TWICE, np.zeros(len(self.texts)))
        return np.array([v if v and v == v else np.inf for v in column.tolist()], np.float64)

    @cached_property
    def is_unseen(self) -> np.ndarray:
        """Which texts are held-out ones as they are, bool (texts,)."""
        found: np.ndarray = (np.arange(len(self.texts)) >= len(self.candidates)) & np.isinf(self.second_from)
        return found

    @cached_property
    def unseen(self) -> Corpus:
        """The held-out texts."""
        return self.texts.take(self.is_unseen)

    def of_state(self, model: LanguageModel) -> State:
        """All answers of a model."""
        read = token_logprobs(model, self.texts, max_tokens_per_batch=self.batch)
        return State(read, self.forced(model, np.arange(len(self.prompts))), best_guesses(model, self.unseen))

    def forced(self, model: LanguageModel, rows: np.ndarray) -> dict[str, Ragged]:
        """The true continuations of some candidates, read after their prompts."""
        prompts, expected = [self.prompts[i] for i in rows], [self.expected[i] for i in rows]
        return forced(model, prompts, expected, max_tokens_per_batch=self.batch)


def exact(said: dict[str, Ragged]) -> np.ndarray:
    """Whether every token of a continuation is the best guess, bool (rows,)."""
    gap = said["gap"]
    misses = np.bincount(gap.row, ~(gap.values > 0), minlength=len(gap))
    found: np.ndarray = (misses == 0) & (gap.lengths > 0)
    return found


def mean_logprob(said: dict[str, Ragged]) -> np.ndarray:
    """Mean log-probability of each continuation, nats per token, float64 (rows,)."""
    logprob = said["logprob"]
    mean: np.ndarray = np.bincount(logprob.row, logprob.values, minlength=len(logprob)) / logprob.lengths
    return mean
