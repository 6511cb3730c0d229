"""How much of a text comes back in blocks, not only how long is the longest?

Source: ACS as adapted for verbatim audits after Freeman et al. 2024, arXiv 2412.06370 (the paper's further metrics are
not published; blocks of m = 8 words, longest first, are ours).
"""

from __future__ import annotations

import numpy as np

from byheart.compare.text.substring import longest_common_substring
from byheart.compare.text.symbols import Symbols, as_codes


def covered(text: Symbols, other: Symbols, *, block: int = 8) -> int:
    """Symbols of `text` inside blocks of at least `block` symbols that occur in `other` too.

    Blocks are taken longest first; neither text lends a symbol to two of them.

    Args:
        text: what is to be covered, characters of a string or codes.
        other: where the blocks must stand.
        block: shortest block that counts, at least 1.

    >>> covered("abcdefgh--ijklm", "ijklm..abcdefgh", block=5)
    13
    """
    a, b = as_codes(text).copy(), as_codes(other).copy()
    total, used = 0, min(int(a.min(initial=0)), int(b.min(initial=0)))
    while True:
        found = longest_common_substring(a, b)
        if found.length < max(block, 1):
            return total
        total += found.length
        for codes, start in ((a, found.start_a), (b, found.start_b)):
            codes[start : start + found.length] = used - 1 - np.arange(found.length)  # numbers that occur nowhere
            used -= found.length
