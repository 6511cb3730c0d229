"""What are the symbols of a text: characters of a string, or token ids.

Every comparison in this room takes either, and sees them through the two functions here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Symbols = str | Sequence[int] | np.ndarray


def as_codes(text: Symbols) -> np.ndarray:
    """The symbols as integers, int64 (length,).

    >>> as_codes("ab").tolist(), as_codes([7, 7]).tolist()
    ([97, 98], [7, 7])
    """
    if isinstance(text, str):
        return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.int64)
    return np.asarray(text, dtype=np.int64)


def as_strings(a: Symbols, b: Symbols) -> tuple[str, str]:
    """Both as strings with one character per symbol, equal exactly where the symbols are.

    Token ids are renumbered over the pair, so that any ids fit and bit-parallel string algorithms apply.
    """
    if isinstance(a, str) and isinstance(b, str):
        return a, b
    codes_a, codes_b = as_codes(a), as_codes(b)
    _, numbers = np.unique(np.concatenate([codes_a, codes_b]), return_inverse=True)
    text = numbers.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    return text[: codes_a.size], text[codes_a.size :]
