"""How does a Python function, or a language model at hand, answer conversations?

An endpoint somewhere else is in `endpoint.py`. All are `ChatModel`s (core/target/chat.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import TemplateError

from byheart.core.digest import digest_text
from byheart.core.errors import TargetError
from byheart.core.fetching import fetched
from byheart.core.target.chat import ChatReply, ChatRequest
from byheart.models.chat.limits import Budget

Answer = Callable[[list[dict[str, str]]], "str | ChatReply"]


@dataclass(frozen=True)
class CallableChat:
    """A function from messages to an answer.

    Args:
        answer: takes a list of `{"role", "content"}`; returns a text or a `ChatReply`.
        name: what reports call it.
        digest: names the function's behaviour; answers are kept under it.
        budget: what may be spent.
    """

    answer: Answer
    name: str = "a function"
    digest: str = "callable"
    budget: Budget = field(default_factory=Budget)

    def complete(self, requests: Sequence[ChatRequest]) -> Iterator[tuple[int, ChatReply]]:
        """As `ChatModel.complete`, one after the other."""
        for i, request in enumerate(requests):
            self.budget.claim()
            said = self.answer(as_dicts(request))
            reply = said if isinstance(said, ChatReply) else ChatReply(said)
            self.budget.used(reply.prompt_tokens + reply.new_tokens)
            yield i, reply


class OpenChat:
    """A language model at hand, asked through the chat template of its tokenizer.

    Without a template the contents of the messages are joined by empty lines, which is how a base model is asked.

    Args:
        model: a `CausalLM`.
        batch: conversations answered together.
        budget: what may be spent.
    """

    def __init__(self, model: Any, *, batch: int = 16, budget: Budget | None = None) -> None:
        self.model, self.batch, self.budget = model, batch, budget or Budget()
        self.name, self.digest = model.name, model.digest
        ends = getattr(getattr(model.module, "generation_config", None), "eos_token_id", None)
        listed = ends if isinstance(ends, (list, tuple)) else [ends]
        self._ends = {int(t) for t in [*listed, model.tokenizer.eos_token_id] if t is not None}

    def complete(self, requests: Sequence[ChatRequest]) -> Iterator[tuple[int, ChatReply]]:
        """As `ChatModel.complete`; requests of one length and temperature go together."""
        kinds = sorted({(r.max_tokens, r.temperature) for r in requests})
        for kind in kinds:
            rows = [i for i, r in enumerate(requests) if (r.max_tokens, r.temperature) == kind]
            for start in range(0, len(rows), self.batch):
                yield from self._batch(requests, rows[start : start + self.batch])

    def _batch(self, requests: Sequence[ChatRequest], rows: list[int]) -> Iterator[tuple[int, ChatReply]]:
        prompts = {i: self._prompt(requests[i]) for i in rows}
        n_new = requests[rows[0]].max_tokens
        for i in [i for i in rows if prompts[i].size + n_new > self.model.context]:
            n = prompts.pop(i).size
            room = f"{n} tokens of prompt and {n_new} of answer exceed the context of {self.model.context}"
            yield i, ChatReply("", "error", note=room)
        if not prompts:
            return
        for _ in prompts:
            self.budget.claim()
        first = requests[rows[0]]
        seeds = [requests[i].seed or 0 for i in prompts] if first.temperature > 0 else None
        made = self.model.generate(list(prompts.values()), n_new, temperature=first.temperature, seeds=seeds)
        for i, new in zip(prompts, made, strict=True):
            reply = self._reply(new, prompts[i].size)
            self.budget.used(reply.prompt_tokens + reply.new_tokens)
            yield i, reply

    def _reply(self, new: np.ndarray, n_prompt: int) -> ChatReply:
        ends = np.flatnonzero(np.isin(new, list(self._ends)))
        said = new[: ends[0]] if ends.size else new
        return ChatReply(
            self.model.decode(said), "stop" if ends.size else "length", int(n_prompt), int(said.size), self.digest[:12]
        )

    def _prompt(self, request: ChatRequest) -> np.ndarray:
        """Token ids of the conversation up to where the assistant speaks."""
        tokenizer, messages = self.model.tokenizer, as_dicts(request)
        if not tokenizer.chat_template:
            text = "\n\n".join(m["content"] for m in messages)
            return np.asarray(self.model.encode(text).ids, dtype=np.int32)
        goes_on = messages[-1]["role"] == "assistant"
        try:
            text = tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=not goes_on, continue_final_message=goes_on
            )
        except TemplateError as e:
            raise TargetError(f"the chat template refuses a conversation ({e}); leave that attack out") from e
        return np.asarray(tokenizer(text, add_special_tokens=False)["input_ids"], dtype=np.int32)


def as_dicts(request: ChatRequest) -> list[dict[str, str]]:
    """The messages as everybody else writes them."""
    return [{"role": role, "content": content} for role, content in request.messages]


def open_chat_model(
    source: Any, *, budget: Budget | None = None, device: str = "auto", dtype: str = "auto",
    trust_remote_code: bool = False,
) -> Any:  # fmt: skip
    """A chat model from what a user gives.

    Args:
        source: a `ChatModel`, a function from messages to an answer, a language model, or the name of one as
            `load_text_model` takes it.
        budget: what may be spent; a ready `ChatModel` has its own.
        device: auto, cpu or cuda.
        dtype: precision the model computes in, or auto.
        trust_remote_code: allow a model's own code and pickled weights.

    Raises:
        TargetError: if it is none of these, or cannot be opened.
    """
    if hasattr(source, "complete"):
        return source
    if hasattr(source, "generate") and hasattr(source, "tokenizer"):
        return OpenChat(source, budget=budget)
    if isinstance(source, (str, Path, tuple)):
        load = fetched("byheart.models.text.causal_lm", "load_text_model")  # torch and transformers are an extra
        return OpenChat(load(source, device=device, dtype=dtype, trust_remote_code=trust_remote_code), budget=budget)
    if callable(source):
        name = getattr(source, "__qualname__", type(source).__name__)
        return CallableChat(source, name, digest_text([name]), budget or Budget())
    raise TargetError(f"{type(source).__name__} is no chat model: give a function, a language model or its name")
