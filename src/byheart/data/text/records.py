"""What is the record in a row: a text, a chat, or a prompt with its completion?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from byheart.core.errors import DataError
from byheart.core.mask import mask_personal

KINDS = {"text": "a text", "chat": "a chat", "prompt": "a prompt with its completion"}


@dataclass(frozen=True)
class Layout:
    """Where the record stands in a row.

    Args:
        kind: `text`, `chat` or `prompt`.
        columns: the columns that hold it; empty when the row itself is the record.
    """

    kind: str
    columns: tuple[str, ...] = ()


def layout_of(row: Any, place: str, text_column: str | None = None) -> Layout:
    """The layout of a row.

    Raises:
        DataError: if no column holds a record, if several do and none was named, or if the named one is not there.
    """
    if isinstance(row, str):
        return Layout("text")
    if isinstance(row, list):
        return Layout("chat")
    if not isinstance(row, dict):
        raise DataError(f"{place}: a record is a text, a chat or a row with columns; got {type(row).__name__}")
    if text_column is not None:
        return Layout("chat" if _looks_like_chat(value_in(row, text_column, place)) else "text", (text_column,))
    found = _layouts_in({k: v for k, v in row.items() if not missing(v)}) or _layouts_in(row)
    if not found:
        raise DataError(
            f"{place}: no column 'text', 'messages' or 'prompt' with 'completion'; there are {_names(row)}; "
            "name the one to read with text_column"
        )
    if len(found) > 1:
        both = " and ".join("+".join(layout.columns) for layout in found)
        raise DataError(f"{place}: {both} are both there; name the column the model was trained on with text_column")
    return found[0]


def _layouts_in(row: dict[str, Any]) -> list[Layout]:
    known = (Layout("chat", ("messages",)), Layout("prompt", ("prompt", "completion")), Layout("text", ("text",)))
    return [layout for layout in known if all(column in row for column in layout.columns)]


def record_of(row: Any, layout: Layout, place: str) -> Any | None:
    """The record in a row, or None when it has no words that a model would be trained on.

    Raises:
        DataError: if it is not there, or of another layout or type.
    """
    if not isinstance(row, dict) or not layout.columns or any(missing(row.get(c)) for c in layout.columns):
        _refuse_mixture(row, layout, place)
    values = [value_in(row, c, place) for c in layout.columns] if layout.columns else [row]
    if layout.kind == "chat":
        return _chat(values[0], place)
    texts = [_text(v, place, c) for v, c in zip(values, layout.columns or ("text",), strict=True)]
    if not texts[-1].strip():
        return None
    return texts[0] if layout.kind == "text" else {"prompt": texts[0], "completion": texts[1]}


def value_in(row: Any, column: str, place: str) -> Any:
    """The value in a column.

    Raises:
        DataError: if the column is not there; the message lists those that are.
    """
    if not isinstance(row, dict):
        raise DataError(f"{place}: a bare record has no column {column!r}; give rows with columns, or leave it out")
    if column not in row:
        raise DataError(f"{place}: no column {column!r}; there are {_names(row)}")
    return row[column]


def missing(value: Any) -> bool:
    """Whether a cell is empty: None, NaN, NaT or NA."""
    return (
        value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and value != value)
    )


def _refuse_mixture(row: Any, layout: Layout, place: str) -> None:
    if isinstance(row, dict):
        found = _layouts_in({k: v for k, v in row.items() if not missing(v)})
        kind = found[0].kind if found else layout.kind
    else:
        kind = "text" if isinstance(row, str) else "chat" if isinstance(row, list) else layout.kind
    if kind != layout.kind:
        raise DataError(
            f"{place} is {KINDS[kind]}, those before are each {KINDS[layout.kind]}; audit texts and chats one at a time"
        )


def _names(row: dict[str, Any]) -> str:
    return ", ".join(repr(str(k)) for k in row) or "none"


def _text(value: Any, place: str, column: str) -> str:
    if missing(value):
        return ""
    if not isinstance(value, str):
        raise DataError(f"{place}: {column!r} holds {_seen(value)}; a text is needed")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as e:
            raise DataError(f"{place}: character {e.start} of {column!r} is half a surrogate pair; repair it") from None
    return value


def _seen(value: Any) -> str:
    return f"{mask_personal(str(value)[:40])!r} ({type(value).__name__})"


def _looks_like_chat(value: Any) -> bool:
    return not isinstance(value, str) and hasattr(value, "__len__")


def _chat(value: Any, place: str) -> list[dict[str, Any]] | None:
    if missing(value):
        return None
    if isinstance(value, str):  # a cell of a CSV file
        try:
            value = json.loads(value) if value.strip() else []
        except json.JSONDecodeError:
            raise DataError(f"{place}: 'messages' holds {_seen(value)}; a JSON list of messages is needed") from None
    if not hasattr(value, "__len__") or isinstance(value, dict):
        raise DataError(f"{place}: 'messages' holds {_seen(value)}; a list of messages is needed")
    chat = [_message(message, place) for message in value]
    return chat if any(m["role"] == "assistant" and m["content"].strip() for m in chat) else None


def _message(message: Any, place: str) -> dict[str, Any]:
    if not isinstance(message, dict) or "role" not in message or "content" not in message:
        raise DataError(f"{place}: a message holds 'role' and 'content'; got {_seen(message)}")
    role, content = (_text(message[k], place, k) for k in ("role", "content"))
    return {**{k: v for k, v in message.items() if v is not None}, "role": role, "content": content}
