"""What may a method ask of a language model?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class Encoded:
    """One record as the model reads it.

    Args:
        text: the record as one string, a chat through its template.
        ids: token ids, int32 (tokens,), special tokens included.
        start, end: where each token stands in `text`, in characters, int32 (tokens,); equal for special tokens.
        scored: bool (tokens,), true where the training loss is: all tokens of a text, the assistant's in a chat.
            Never true at position 0, which nothing predicts.
    """

    text: str
    ids: np.ndarray
    start: np.ndarray
    end: np.ndarray
    scored: np.ndarray


class Prefix(Protocol):
    """A context read once and shared by many texts."""

    @property
    def ids(self) -> np.ndarray:
        """Its token ids, int32 (tokens,)."""


class LanguageModel(Protocol):
    """A causal language model.

    `hidden` then `logits` is one forward pass cut in two, so that the vocabulary is only ever opened for the positions,
    and in the portions, that a caller wants.
    """

    name: str
    digest: str
    device: torch.device
    context: int
    vocabulary: int
    front: np.ndarray  # special tokens that open every text, such as BOS, int32 (0 or more,)
    opener: Callable[[], LanguageModel]

    def encode(self, item: Any) -> Encoded:
        """A record (text, list of chat messages, prompt and completion) as tokens."""

    def decode(self, ids: np.ndarray | Sequence[int]) -> str:
        """Tokens as text."""

    def hidden(self, ids: torch.Tensor, *, prefix: Prefix | None = None) -> torch.Tensor:
        """Last hidden states (texts, tokens, width) of right-padded ids (texts, tokens), after an optional prefix."""

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Next-token logits, float32 (positions, vocabulary), of hidden states (positions, width)."""

    def read_prefix(self, ids: np.ndarray) -> Prefix:
        """Read a context once, to be shared by many texts."""

    def generate(
        self,
        prompts: Sequence[np.ndarray],
        n_new: int,
        *,
        temperature: float = 0.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seeds: Sequence[int] | None = None,
    ) -> list[np.ndarray]:
        """Continue each prompt (tokens,) by n_new tokens; temperature 0 is greedy; one seed per prompt otherwise."""

    def base(self) -> AbstractContextManager[LanguageModel] | None:
        """The model without its adapter, for the time of a `with` block; None if it has no adapter."""
