"""The expensive passes of a text audit, as jobs that any engine can do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from byheart.audit.profiles import Profile
from byheart.core.corpus import Corpus
from byheart.core.digest import digest_json
from byheart.core.randomness import generator
from byheart.core.signals import SignalKey, Signals

if TYPE_CHECKING:
    from byheart.core.target import LanguageModel

N_SHOTS = 7
"""Records in a shared prefix, as in ReCaLL (Xie et al. 2024)."""


class Opener:
    """Opens a model: the one at hand in this process, a fresh one in a worker.

    Args:
        target: the model at hand.
    """

    def __init__(self, target: LanguageModel) -> None:
        self._at_hand: LanguageModel | None = target
        self._open = target.opener

    def __getstate__(self) -> dict[str, Any]:
        return {"_at_hand": None, "_open": self._open}

    def __call__(self) -> LanguageModel:
        """The model, loaded at most once per process."""
        if self._at_hand is None:
            self._at_hand = self._open()
        return self._at_hand


@dataclass(frozen=True, eq=False)
class Pass:
    """One pass over records, picklable.

    Args:
        name: of the signals it leaves.
        corpus: the records it reads.
        opener: opens the model, once per worker.
        recipe: from (model, records) to signals.
        target: digest of the model.
        of_base: read with the adapter switched off.
        seed: for what the recipe draws.
        facts: whatever else the numbers depend on, for the key.
    """

    name: str
    corpus: Corpus
    opener: Callable[[], LanguageModel]
    recipe: Callable[..., Signals]
    target: str
    of_base: bool = False
    seed: int = 0
    facts: tuple[Any, ...] = ()
    threads: int = field(default_factory=torch.get_num_threads)

    @property
    def key(self) -> SignalKey:
        """What its signals are made from."""
        recipe = digest_json([self.name, self.of_base, *self.facts])
        return SignalKey(self.target, self.corpus.digest, recipe, self.seed)

    def open(self) -> LanguageModel:
        """The model, ready to read."""
        return self.opener()

    def work(self, state: LanguageModel, rows: np.ndarray) -> Signals:
        """The signals of these rows."""
        base = state.base() if self.of_base else nullcontext(state)
        assert base is not None, "a pass of the base is planned only where there is one"
        with base as model:
            return replace(self.recipe(model, self.corpus.take(rows), seed=self.seed), key=self.key)
