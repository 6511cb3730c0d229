"""Was this text made into tokens by the tokenizer that the index speaks?

Counts are those of a tokenizer's ids: "the" and " the" are two, and no other tokenizer splits alike. So an index stores
a fingerprint of its tokenizer, and refuses another one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from byheart.core.digest import digest_json
from byheart.core.errors import DataError, MissingExtra, TokenizerMismatchError, UsageError

try:
    from tokenizers import Tokenizer
except ImportError:
    Tokenizer = None  # type: ignore[assignment,misc]

BYTES = "utf-8"
FRAME = ("padding", "truncation", "post_processor")  # what stands around a text's own tokens
Encode = Callable[[Any], Any]


def fingerprint(tokenizer: Any) -> str:
    """What a tokenizer does to text, as a digest (hex); how it pads, cuts or frames a text does not count.

    Args:
        tokenizer: of the tokenizers library, or a fast one of transformers, or anything with `get_vocab()`.
    """
    plain = _backend(tokenizer)
    if hasattr(plain, "to_str"):
        rules = json.loads(plain.to_str())
        return digest_json({k: v for k, v in rules.items() if k not in FRAME})
    return digest_json(plain.get_vocab())


def check_tokenizer(tokenizer: Any, stored: str) -> None:
    """Refuse a tokenizer that is not the one of the index.

    Raises:
        TokenizerMismatchError: if the fingerprints differ, or the index knows of none.
    """
    given = fingerprint(tokenizer)
    if given != stored:
        known = {BYTES: "UTF-8 bytes", "": "token ids without a tokenizer"}.get(stored, f"the tokenizer {stored[:12]}")
        raise TokenizerMismatchError(
            f"the index was built from {known}, but the tokenizer given is {given[:12]}; its counts would be of other "
            "tokens: build the index with this tokenizer"
        )


def vocabulary(tokenizer: Any) -> int:
    """One more than the largest id."""
    return int(max(_backend(tokenizer).get_vocab().values())) + 1


def encoder(tokenizer: Any) -> Encode:
    """Text to ids, without special tokens; UTF-8 bytes without a tokenizer.

    Raises:
        UsageError: from the function, if the tokenizer has no way to encode.
    """
    if tokenizer is None:
        return utf8
    plain = _backend(tokenizer)
    if hasattr(plain, "to_str"):
        whole = type(plain).from_str(plain.to_str())  # a copy, as one that pads or cuts is not ours to change
        whole.no_truncation()
        whole.no_padding()
        return lambda text: whole.encode(_text(text), add_special_tokens=False).ids
    if callable(getattr(plain, "encode", None)):
        return lambda text: list(plain.encode(_text(text)))
    raise UsageError(f"{type(tokenizer).__name__} has no encode; give a tokenizer of tokenizers or transformers")


def utf8(text: str | bytes) -> np.ndarray:
    """A text as its bytes, uint8 (bytes,).

    Raises:
        DataError: if the byte 0xFF, the separator, is among them; it never is in UTF-8.

    >>> utf8("hé").tolist()
    [104, 195, 169]
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)
    if b"\xff" in data:
        raise DataError(f"byte {data.index(255)} is 0xff, which separates documents; give UTF-8 text, or ids as u16")
    return np.frombuffer(data, np.uint8)


def save_tokenizer(tokenizer: Any, path: Path) -> None:
    """Keep a tokenizer with the index, where it can be written down."""
    plain = _backend(tokenizer)
    if hasattr(plain, "to_str"):
        path.write_text(plain.to_str(), encoding="utf-8")


def saved_tokenizer(path: Path) -> Any:
    """The tokenizer kept with an index.

    Raises:
        MissingExtra: without the tokenizers library.
    """
    if Tokenizer is None:
        raise MissingExtra("tokenizers", "text")
    return Tokenizer.from_file(str(path))


def decoded(ids: Sequence[int] | np.ndarray, tokenizer: Any) -> str:
    """Ids as text for a reader's eye; bytes that are no text are shown as such."""
    if tokenizer is None:
        return bytes(int(i) for i in ids).decode("utf-8", "backslashreplace")
    plain = _backend(tokenizer)
    ids = [int(i) for i in ids]
    options = {"skip_special_tokens": False} if hasattr(plain, "to_str") else {}
    return str(plain.decode(ids, **options))


def _backend(tokenizer: Any) -> Any:
    """The tokenizer of the tokenizers library inside one of transformers."""
    return getattr(tokenizer, "backend_tokenizer", tokenizer)


def _text(text: str | bytes) -> str:
    return text if isinstance(text, str) else text.decode("utf-8")
