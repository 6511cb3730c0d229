"""Which of many strings stand in a text?

Every text is passed over once, however many strings are looked for: its byte windows are numbers, a table of hashes
rules almost all of them out, and what is left is compared byte by byte.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from byheart.core.errors import DataError

WINDOW = 8  # bytes, as they fit a 64-bit number
TABLE_BITS = 16
MIX = np.uint64(0x9E3779B97F4A7C15)  # spreads numbers over the table: 2^64 divided by the golden ratio


class Needles:
    """Strings to be looked for.

    Args:
        strings: none of them empty.

    Raises:
        DataError: if one is empty.

    >>> sorted(Needles(["ale", "wheat"]).within("a tale of wheat"))
    [0, 1]
    """

    def __init__(self, strings: Sequence[str]) -> None:
        self._bytes = [_utf8(s) for s in strings]
        if not all(self._bytes):
            raise DataError(f"string {self._bytes.index(b'')} of {len(self._bytes)} to be looked for is empty")
        self._width = min([WINDOW, *map(len, self._bytes)])
        self._at: dict[int, list[int]] = {}
        for i, needle in enumerate(self._bytes):
            self._at.setdefault(int(self._windows(needle[: self._width])[0]), []).append(i)
        self._table = np.zeros(1 << TABLE_BITS, dtype=bool)
        self._table[_place(np.array(list(self._at), dtype=np.uint64))] = True

    def within(self, text: str) -> set[int]:
        """Numbers of the strings that stand in the text."""
        hay = _utf8(text)
        if len(hay) < self._width:
            return set()
        windows = self._windows(hay)
        places = np.flatnonzero(self._table[_place(windows)])
        return {
            needle
            for place, window in zip(places.tolist(), windows[places].tolist(), strict=True)
            for needle in self._at.get(window, ())
            if hay.startswith(self._bytes[needle], place)
        }

    def _windows(self, data: bytes) -> np.ndarray:
        """Each run of `width` bytes as one number, uint64 (bytes - width + 1,)."""
        each = np.frombuffer(data, dtype=np.uint8)
        n = each.size - self._width + 1
        numbers = np.zeros(n, dtype=np.uint64)
        for i in range(self._width):
            numbers = (numbers << np.uint64(8)) | each[i : i + n]
        return numbers


def _place(numbers: np.ndarray) -> np.ndarray:
    return (numbers * MIX) >> np.uint64(64 - TABLE_BITS)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
