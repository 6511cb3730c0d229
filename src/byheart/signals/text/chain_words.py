"""Which words of a text carry its content, and which tokens are they?

A word is a run of letters or digits, with apostrophes and with points inside numbers; the signs of arithmetic are words
too. Function words carry no content of their own.

Source: Li et al. 2025, arXiv 2508.02037 (STIM): stop words and punctuation are neither scored nor salient, but
`+ - * / = %` are.
Departs from it: a short list of English function words of our own, in place of NLTK's; other languages keep all words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from byheart.core.target import Encoded

WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W_]+(?:['’][^\W_]+)*|[+\-*/=%]")
_FUNCTION_WORDS = """
    a an the this that these those some any no each every all both either neither such own same other
    i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers
    herself it its itself they them their theirs themselves who whom whose which what where when why how
    am is are was were be been being do does did doing done have has had having will would shall should can could may
    might must ought and but or nor so yet if then else than as because while although though unless until since
    whether of at by for with about against between into through during before after above below to from up down in
    out on off over under again further once here there not only very too just also more most few less least now
    don't doesn't didn't isn't aren't wasn't weren't won't wouldn't can't couldn't shouldn't haven't hasn't hadn't
    it's that's there's i'm you're we're they're he's she's let's i've you've we've they've i'll you'll we'll
    s t d ll re ve m
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())


@dataclass(frozen=True)
class Word:
    """A word with content.

    Args:
        text: in small letters.
        left, right: its characters.
        first, end: its tokens, those that overlap it.
    """

    text: str
    left: int
    right: int
    first: int
    end: int


def content_words(encoded: Encoded, left: int, right: int) -> list[Word]:
    """The words with content in a stretch of a text, in order.

    Args:
        encoded: the text and its tokens.
        left: first character of the stretch.
        right: first character behind it.
    """
    found = []
    for match in WORD.finditer(encoded.text, left, right):
        text = match[0].lower().replace("’", "'")
        if text in FUNCTION_WORDS:
            continue
        tokens = np.flatnonzero((encoded.end > match.start()) & (encoded.start < match.end()))
        if tokens.size:
            found.append(Word(text, match.start(), match.end(), int(tokens[0]), int(tokens[-1]) + 1))
    return found
