"""What of an answer is only the question given back?"""

from __future__ import annotations

import re

from byheart.compare.text.plain_text import GONE
from byheart.compare.text.substring import longest_common_substring

SHORTEST = 30
"""Characters: a shorter stretch that prompt and answer share may be chance."""


def strip_echo(reply: str, prompt: str, truth: str = "", *, shortest: int = SHORTEST) -> str:
    """The answer without what it repeats of the prompt.

    Models begin by saying the prompt's end again, or all of it; a match with that is no memory. First the longest end
    of the prompt that the answer begins with goes, if it is two words or more; then every shared stretch of `shortest`
    characters or more, which leaves a mark that matches nothing. Where an article repeats itself, a stretch of the
    prompt that goes on, or began, as the truth does for `shortest` characters more is recited, and stays.

    >>> strip_echo("the cat sat on the mat and slept", "once upon a time the cat")
    ' sat on the mat and slept'
    """
    left = reply[_overlap(prompt, reply) :]
    said = looked_at = left
    while True:
        found = longest_common_substring(looked_at, prompt)
        if found.length < shortest:
            return re.sub(f"{GONE}+", GONE, said)
        start, end = found.start_a, found.start_a + found.length
        looked_at = _without(looked_at, start, end)
        around = left[max(0, start - shortest) : end], left[start : end + shortest]
        if not any(len(part) >= found.length + shortest and part in truth for part in around):
            said = _without(said, start, end)


def _without(text: str, start: int, end: int) -> str:
    return text[:start] + GONE * (end - start) + text[end:]


def _overlap(prompt: str, reply: str) -> int:
    """Length of the longest end of the prompt, at least two words, that the reply begins with."""
    for length in range(min(len(prompt), len(reply)), 2, -1):
        begun = length == len(prompt) or not prompt[-length - 1].isalnum() or not prompt[-length].isalnum()
        if begun and prompt.endswith(reply[:length]) and " " in reply[:length].strip():
            return length
    return 0
