"""What would a chat model answer whose memory, and whose manners, are known exactly? Ground truth for verbatim audits.

Behind a server (`models/toy/chat_server.py`) it takes the place of a provider's model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from byheart.core.errors import UsageError
from byheart.core.randomness import generator

VOWELS, ENDS = ("a", "e", "i", "o", "u", "ai"), ("n", "rk", "st", "vel", "mo")
VOCABULARY = [a + b + c for a in "bdfgklmnprst" for b in VOWELS for c in ENDS]
POLICIES = ("plain", "refuse_direct", "filter", "paraphrase")
REFUSAL = "I'm sorry, but I can't continue this article, as it may be protected by copyright."
RUN = 8
"""Words in a row by which an article is recognised; no two articles share so many."""
ODD = "Quibble"
"""A word that no article has: what follows it is made up."""


def made_up_article(seed: int, n_words: int = 330) -> str:
    """Sentences of made-up words; no two articles share a run of words."""
    rng = np.random.default_rng(seed)
    said = [str(w) for w in rng.choice(VOCABULARY, n_words)]
    at = 0
    while at < n_words:
        said[at] = said[at].capitalize()
        at += int(rng.integers(20, 45))
        said[min(at, n_words) - 1] += "."
    return " ".join(said)


class Oracle:
    """Knows each article for so many words after any prefix, then makes words up; behind one of four policies.

    Args:
        known: words known by heart, by article; None is all of it.
        policy: plain; refuse_direct (recites in a role play only); filter (stops after `limit` words of recitation);
            paraphrase (the article's words in another order).
        limit: of the filter, in words.

    Raises:
        UsageError: if there is no such policy.
    """

    LIMIT = 50

    def __init__(self, known: Mapping[str, int | None], policy: str = "plain", limit: int = LIMIT) -> None:
        if policy not in POLICIES:
            raise UsageError(f"the oracle's policy is one of {', '.join(POLICIES)}; got {policy!r}")
        self.known, self.policy, self.limit = known, policy, limit
        self._places = {run: (text, end) for text in known for run, end in _ends(text)}

    def __call__(self, body: Mapping[str, Any]) -> tuple[str, str]:
        """Content and finish reason of the answer to one request."""
        asked = " ".join(m["content"] for m in body["messages"])
        text, at = self._find(asked)
        rng = generator(0, "oracle", asked)
        if self.policy == "refuse_direct" and "reciting" not in asked:
            return REFUSAL, "stop"
        if text is None:
            return _talk(rng, 60), "stop"
        rest, knows = text[at:].split(), self.known[text]
        n = len(rest) if knows is None else min(knows, len(rest))
        if self.policy == "paraphrase":
            return " ".join(str(w) for w in rng.permutation([w.strip(".").lower() for w in rest[:150]])), "stop"
        if self.policy == "filter" and n > self.limit:
            return " ".join(rest[: self.limit]), "stop"
        if n == len(rest):
            return " ".join(rest), "stop"
        return " ".join(rest[:n]) + f" {ODD} {_talk(rng, 40)}", "stop"

    def _find(self, asked: str) -> tuple[str | None, int]:
        """The article that the request ends with a passage of, and where in it that passage ends."""
        said = asked.split()
        for end in range(len(said), RUN - 1, -1):
            found = self._places.get(tuple(said[end - RUN : end]))
            if found is not None:
                return found
        return None, 0


def _ends(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Every run of words, and where it ends in characters."""
    found = list(re.finditer(r"\S+", text))
    for k in range(RUN, len(found) + 1):
        yield tuple(m[0] for m in found[k - RUN : k]), found[k - 1].end()


def _talk(rng: np.random.Generator, n: int) -> str:
    return " ".join(str(w) for w in rng.choice(VOCABULARY, n)).capitalize() + "."
