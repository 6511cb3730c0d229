"""Which tokens does a model read for a record, where do they stand in the text, and where was the training loss?

Texts get the special tokens that the tokenizer puts in front of training text, once. Chats go through the tokenizer's
own template; the loss is on the assistant's parts, as marked by the template or, failing that, found in its output.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from jinja2 import TemplateError

from byheart.core.errors import DataError, MissingExtra, TargetError
from byheart.core.target import Encoded

try:
    from transformers.utils.chat_template_utils import render_jinja_template
except ImportError as e:
    raise MissingExtra("transformers", "text") from e

GENERATION = re.compile(r"\{%-?\s*generation\s*-?%\}")  # where a template marks what the assistant says
Spans = list[tuple[int, int]]


class TextCodec:
    """A fast tokenizer of transformers, as byheart reads records with it.

    Args:
        tokenizer: the tokenizer.
        vocabulary: rows of the model's embedding.

    Raises:
        TargetError: if the tokenizer has no offsets or does not fit the model.
    """

    def __init__(self, tokenizer: Any, vocabulary: int) -> None:
        if not getattr(tokenizer, "is_fast", False):
            raise TargetError(f"{type(tokenizer).__name__} gives no character offsets; save it with a tokenizer.json")
        largest = max(tokenizer.get_vocab().values(), default=-1)
        if not 0 <= largest < vocabulary:
            raise TargetError(
                f"the tokenizer does not fit the model: its ids go up to {largest}, the model knows 0 to "
                f"{vocabulary - 1}; give the tokenizer the model was trained with"
            )
        self.tokenizer = tokenizer
        self.front = np.array(_front(tokenizer), dtype=np.int32)

    def encode(self, item: Any) -> Encoded:
        """A text, a list of messages, or a prompt with its completion, as tokens.

        Raises:
            DataError: if the record is none of these, or the template refuses it.
            TargetError: if it is a chat and the tokenizer has no chat template.
        """
        if isinstance(item, str):
            return self._tokens(item, [(0, len(item))], self.front)
        if isinstance(item, dict) and {"prompt", "completion"} <= item.keys():
            prompt, completion = item["prompt"], item["completion"]
            if isinstance(prompt, str) and isinstance(completion, str):
                text = prompt + completion
                return self._tokens(text, [(len(prompt), len(text))], self.front)
            if isinstance(prompt, list) and isinstance(completion, list):
                return self._chat(prompt + completion, first=len(prompt))
        if isinstance(item, list) and item and all(isinstance(m, dict) and "role" in m for m in item):
            return self._chat(item)
        raise DataError(
            f"a record is a text, a list of messages with role and content, or a prompt and a completion; "
            f"got {type(item).__name__}: {str(item)[:60]!r}"
        )

    def decode(self, ids: np.ndarray | Sequence[int]) -> str:
        """Tokens as text, special tokens included."""
        tokens = [int(i) for i in ids]
        text: str = self.tokenizer.decode(tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text

    def _tokens(self, text: str, learned: Spans, front: np.ndarray) -> Encoded:
        made = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        offsets = np.array(made["offset_mapping"], dtype=np.int32).reshape(-1, 2)
        offsets = np.concatenate([np.zeros((front.size, 2), np.int32), offsets])
        ids = np.concatenate([front, np.array(made["input_ids"], dtype=np.int32)])
        start, end = np.ascontiguousarray(offsets.T)
        scored = np.zeros(ids.size, dtype=bool)
        for left, right in learned:
            scored |= (end > left) & (start < right)
        scored[: max(1, front.size)] = False
        return Encoded(text, ids, start, end, scored)

    def _chat(self, messages: list[dict[str, Any]], first: int = 0) -> Encoded:
        template = self.tokenizer.chat_template
        if not template:
            raise TargetError(
                "the tokenizer has no chat template, and the record is a chat; give texts, or a chat model"
            )
        try:
            text, learned = self._marked(messages) if GENERATION.search(str(template)) else ("", [])
            if not learned or first:
                text, learned = self._found(messages, first)
        except TemplateError as e:
            raise DataError(f"the chat template refuses a record: {e}") from e
        return self._tokens(text, learned, np.zeros(0, np.int32))

    def _marked(self, messages: list[dict[str, Any]]) -> tuple[str, Spans]:
        """The assistant's parts as the template itself marks them."""
        rendered: Any = render_jinja_template(
            conversations=[messages],
            chat_template=self.tokenizer.get_chat_template(),
            return_assistant_tokens_mask=True,
            **self.tokenizer.special_tokens_map,
        )
        texts, spans = rendered
        return texts[0], [(int(a), int(b)) for a, b in spans[0]]

    def _found(self, messages: list[dict[str, Any]], first: int) -> tuple[str, Spans]:
        """The assistant's parts as found in what each message adds to the text."""
        text = self._render(messages)
        learned: Spans = []
        for i, message in enumerate(messages):
            if message["role"] != "assistant" or i < first:
                continue
            left = _common(text, self._render(messages[:i])) if i else 0
            content = _content(message)
            for said in (content, content.strip()):
                at = text.find(said, left) if said else -1
                if at >= 0:
                    learned.append((at, at + len(said)))
                    break
            else:
                right = _common(text, self._render(messages[: i + 1]))
                learned.append((left, right))
        return text, learned

    def _render(self, messages: list[dict[str, Any]]) -> str:
        text: str = self.tokenizer.apply_chat_template(messages, tokenize=False)
        return text


def _content(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _common(a: str, b: str) -> int:
    """How many characters two texts have in common from their start."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _front(tokenizer: Any) -> list[int]:
    """The special tokens that the tokenizer puts before a text."""
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    full = tokenizer("a")["input_ids"]
    for n in range(len(full) - len(bare) + 1):
        if full[n : n + len(bare)] == bare:
            return list(full[:n])
    return []
