"""What may a method ask of a chat model, however far away?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Finish = Literal["stop", "length", "filter", "cut", "refusal", "error"]


@dataclass(frozen=True)
class ChatRequest:
    """One conversation to be answered.

    Args:
        messages: (role, content) each; where the last role is `assistant`, its content is to be continued.
        max_tokens: longest answer.
        temperature: 0 takes the likeliest token each time.
        seed: of the sampling, where the server offers one.
        again: which repetition of the same request; not sent.
    """

    messages: tuple[tuple[str, str], ...]
    max_tokens: int
    temperature: float = 0.0
    seed: int | None = None
    again: int = 0


@dataclass(frozen=True)
class ChatReply:
    """What came back.

    Args:
        text: the answer; empty if there is none.
        finish: why it ended: by itself, at `max_tokens`, by the provider's filter, cut on the way, refused by a field
            of its own, or no answer at all.
        prompt_tokens, new_tokens: as the server counts them, 0 if it does not.
        served: which model the server says it is, with its fingerprint.
        note: in words, what went wrong.
    """

    text: str
    finish: Finish = "stop"
    prompt_tokens: int = 0
    new_tokens: int = 0
    served: str = ""
    note: str = ""


class ChatModel(Protocol):
    """Anything that answers conversations, however far away."""

    @property
    def name(self) -> str:
        """What reports call it."""

    @property
    def digest(self) -> str:
        """Fingerprint of what is asked: weights, or address and name."""

    def complete(self, requests: Sequence[ChatRequest]) -> Iterator[tuple[int, ChatReply]]:
        """The number of a request and its answer, each as soon as it is there, in any order."""
