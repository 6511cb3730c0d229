"""How does a language model look from outside while some of its activations are changed?"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch

from byheart.core.digest import digest_text
from byheart.core.errors import TargetError
from byheart.core.target import Encoded, LanguageModel, Prefix
from byheart.models.text.activations import Change, writing
from byheart.models.text.sites import Site

Changes = Callable[[Any], Mapping[Site, Change]]
"""From a model's module to what is changed in it."""


class SwitchedLM:
    """A `LanguageModel` whose every pass runs with changed activations; the model it is made of stays as it is.

    It has no `module`: a gradient taken there would be that of the unchanged model.

    Args:
        target: the model, with open weights.
        changes: what is changed.
        mark: fingerprint of the changes, for the digest.

    Raises:
        TargetError: if the model's activations cannot be reached.
    """

    def __init__(self, target: LanguageModel, changes: Changes, mark: str) -> None:
        self._target, self._changes, self._mark = target, changes, mark
        self._edits = changes(module_of(target))
        self.name, self.digest = f"{target.name}, switched", digest_text([target.digest, mark])
        self.device, self.context, self.vocabulary = target.device, target.context, target.vocabulary
        self.front = target.front
        self.opener = partial(opened_switched, target.opener, changes, mark)

    def _on(self) -> AbstractContextManager[None]:
        return writing(module_of(self._target), self._edits)

    def encode(self, item: Any) -> Encoded:
        """A record as tokens."""
        return self._target.encode(item)

    def decode(self, ids: np.ndarray | Sequence[int]) -> str:
        """Tokens as text."""
        return self._target.decode(ids)

    def hidden(self, ids: torch.Tensor, *, prefix: Prefix | None = None) -> torch.Tensor:
        """Last hidden states of the changed model."""
        with self._on():
            return self._target.hidden(ids, prefix=prefix)

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Next-token logits of hidden states; there is no site behind these."""
        return self._target.logits(hidden)

    def read_prefix(self, ids: np.ndarray) -> Prefix:
        """Read a context once with the changed model."""
        with self._on():
            return self._target.read_prefix(ids)

    def generate(self, prompts: Sequence[np.ndarray], n_new: int, **options: Any) -> list[np.ndarray]:
        """Continue each prompt with the changed model."""
        with self._on():
            return self._target.generate(prompts, n_new, **options)

    def base(self) -> AbstractContextManager[LanguageModel] | None:
        """The model without its adapter and without the changes; None if it has no adapter."""
        return self._target.base()


def opened_switched(opener: Callable[[], LanguageModel], changes: Changes, mark: str) -> SwitchedLM:
    """The same in another process."""
    return SwitchedLM(opener(), changes, mark)


@contextmanager
def switched(target: Any, changes: Changes, mark: str) -> Iterator[Any]:
    """The model itself with its activations changed, for the time of a `with` block.

    Args:
        target: a `LanguageModel` with open weights, or a bare module of transformers.
        changes: what is changed.
        mark: fingerprint of the changes.
    """
    with writing(module_of(target), changes(module_of(target))):
        if not hasattr(target, "hidden"):
            yield target
            return
        known = copy.copy(target)
        known.name, known.digest = f"{target.name}, switched", digest_text([target.digest, mark])
        known.opener = partial(opened_switched, target.opener, changes, mark)
        yield known


def module_of(target: Any) -> Any:
    """The module inside a model.

    Raises:
        TargetError: if there is none.
    """
    module = getattr(target, "module", target)
    if not isinstance(module, torch.nn.Module):
        raise TargetError(f"the activations of {getattr(target, 'name', target)!r} cannot be reached; open its weights")
    return module
