"""How are several tokens compared at once?

Eight bytes of a token array, read from any token on as one big-endian number, compare as the tokens do in a table of
infini-gram: byte by byte. So one comparison of two numbers stands for that of 8, 4 or 2 tokens (u8, u16, u32).
"""

from __future__ import annotations

import numpy as np

WORD = 8  # bytes


class Packed:
    """A token array that is read eight bytes at a time.

    Args:
        data: its little-endian bytes, uint8 (bytes,); may be a memory map.
        width: bytes per token: 1, 2 or 4.
    """

    def __init__(self, data: np.ndarray, width: int) -> None:
        self.width, self.per_word = width, WORD // width
        self.n_tokens = data.size // width
        self._words = data[: data.size // WORD * WORD].view("<u8")
        self._shift = (self.per_word - 1).bit_length()
        self._tail_start = max(0, self._words.size - 1) * self.per_word  # from here on a word may pass the end
        rest = np.zeros((self.n_tokens - self._tail_start) * width + 2 * WORD, np.uint8)
        rest[: data.size - self._tail_start * width] = data[self._tail_start * width :]
        at = np.arange(self.n_tokens - self._tail_start + 1)[:, None] * width + np.arange(WORD)
        self._tail = np.ascontiguousarray(rest[at]).view(">u8").ravel().astype(np.uint64)

    @classmethod
    def of(cls, tokens: np.ndarray) -> Packed:
        """Tokens in memory, uint8, uint16 or uint32."""
        return cls(np.ascontiguousarray(tokens).view(np.uint8), tokens.dtype.itemsize)

    def words(self, positions: np.ndarray) -> np.ndarray:
        """The tokens from each position on, as numbers that compare as they do; zeros stand after the end.

        Args:
            positions: int64 (n,), each from 0 to `n_tokens`.

        Returns:
            uint64 (n,).
        """
        if not self._tail_start:
            tail_only: np.ndarray = self._tail[positions]
            return tail_only
        word = positions >> self._shift
        low = self._words.take(word, mode="clip")
        high = self._words.take(word + 1, mode="clip")
        bits = ((positions & (self.per_word - 1)) * (8 * self.width)).view(np.uint64)
        # a shift by 64 bits is none in C, so it is one by 63 and one by 1
        made: np.ndarray = (low >> bits) | (high << (np.uint64(63) - bits) << np.uint64(1))
        made = made.byteswap()
        tail = positions >= self._tail_start
        if tail.any():
            made[tail] = self._tail[positions[tail] - self._tail_start]
        return made


def low_bits(n_tokens: np.ndarray, width: int) -> np.ndarray:
    """The bits of a word beyond its first tokens, as a mask.

    Args:
        n_tokens: how many tokens count, int64 (n,), each from 1 to 8 / width.
        width: bytes per token.

    Returns:
        uint64 (n,): set where a bit does not belong to them.

    >>> [hex(m) for m in low_bits(np.array([1, 3, 4]), 2).tolist()]
    ['0xffffffffffff', '0xffff', '0x0']
    """
    used = (8 * width * n_tokens).astype(np.uint64)
    ones = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
    rest: np.ndarray = np.where(used == 64, np.uint64(0), ones >> np.minimum(used, np.uint64(63)))
    return rest
