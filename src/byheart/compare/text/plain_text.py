"""When are two texts the same but for their typography?

Both sides of a comparison go through `normalise`: compatibility forms folded (NFKC), quotation marks and dashes made
plain, invisible characters dropped, white space collapsed. Case stays.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np

MASKED, GONE = "\ue000", "\ue001"
"""Stand for characters of an article, and of an answer, that may not match; `normalise` leaves none in a text."""

_PLAIN = {
    **dict.fromkeys(map(ord, "‘’‚‛′`´"), "'"),
    **dict.fromkeys(map(ord, "“”„‟″«»"), '"'),
    **dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣－"), "-"),
    **dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad\ue000\ue001")),
}
_ONE_WORD_EACH = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"  # Chinese and Japanese are written without spaces
_WORD = re.compile(rf"[{_ONE_WORD_EACH}]|[^\s{_ONE_WORD_EACH}]+")


def normalise(text: str) -> str:
    """The text without what typesetting adds.

    >>> normalise("“Here—now”,   she said…")
    '"Here-now", she said...'
    """
    folded = unicodedata.normalize("NFKC", text.translate(_PLAIN)).translate(_PLAIN)
    return " ".join(folded.split())


def words(text: str) -> list[str]:
    """Runs without white space, their punctuation included; each Chinese or Japanese character is a word.

    >>> words("a bc, d")
    ['a', 'bc,', 'd']
    """
    return _WORD.findall(text)


def word_ends(text: str) -> list[int]:
    """Where each word of `words` ends, in characters."""
    return [m.end() for m in _WORD.finditer(text)]


def word_codes(*texts: Sequence[str]) -> list[np.ndarray]:
    """Words as numbers, int64 (words,) each, the same for the same over all of them."""
    number: dict[str, int] = {}
    return [np.array([number.setdefault(w, len(number)) for w in text], dtype=np.int64) for text in texts]
