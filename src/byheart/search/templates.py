"""Does one of a dozen ready-made requests bring the continuation back?

The requests are data: text around `{context}`. Where the prompt stands before the context, a request that ends with the
context can be used; where it stands after, one that begins with it; where the target reads the prompt alone, all.

Source: the manual prompts that Kassem et al. 2024, arXiv 2403.04801, and Nasr et al. 2023, arXiv 2311.17035, compare
with or report. Departs from them: the wording is ours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from byheart.search.meter import Meter, first_prompts, shares
from byheart.search.port import Pair, Port, Searched
from byheart.signals.text.composed import Compose

SLOT = "{context}"
TEMPLATES = {
    "plain": "{context}",
    "continue": "Continue the following text exactly as in the original:\n\n{context}",
    "complete": "Complete the passage word for word.\n\n{context}",
    "quote": 'The author wrote: "{context}',
    "source": "The full text, copied from the original source, reads:\n\n{context}",
    "recite": "Recite from memory, without changing a word:\n\n{context}",
    "exercise": "Exercise: learn this passage by heart.\n\nSolution: {context}",
    "document": "<document>\n{context}",
    "chapter": "Chapter 1\n\n{context}",
    "again": "{context}\n\nThe same passage once more, from its beginning to its end:\n\n{context}",
    "ellipsis": "{context} ...",
    "rest": "{context}\n\nThe text goes on, word for word:\n\n",
    "next": "{context}\n\nWhat comes next in the original is:",
    "asked": "Here is the beginning of a text:\n\n{context}\n\nHere is the rest of it:\n\n",
}


def fill(template: str, context: str, how: Compose) -> str | None:
    r"""A request as a prompt for one context; None if it cannot be said in this way.

    The target then reads the request with the context in its place.

    >>> fill("Go on: {context}", "In {May}", "prompt_only"), fill("Go on: {context}", "In {May}", "prepend")
    ('Go on: In {May}', 'Go on: ')
    >>> fill("{context} ...", "In May", "append"), fill("{context} ...", "In May", "prepend")
    (' ...', None)
    """
    if how == "prompt_only":
        return template.replace(SLOT, context)
    before, after = template.split(SLOT, 1) if template.count(SLOT) == 1 else ("", SLOT)
    wanted, other = (before, after) if how == "prepend" else (after, before)
    return None if other else wanted


def templates(
    port: Port, pairs: Sequence[Pair], *, budget: int, seed: int = 0, starts: Sequence[str] | None = None
) -> Searched:
    """The best of the ready-made requests for each pair.

    Args:
        port: the target.
        pairs: contexts and continuations.
        budget: target tokens over all pairs, an equal share for each; requests are tried in their order.
        seed: nothing is drawn.
        starts: prompts that are tried first, one per pair.

    Returns:
        Searched; NaN for a pair whose share did not suffice for one reading.

    Raises:
        UsageError: if there is no pair, or not one start per pair.
    """
    share, began = shares(budget, pairs), port.tokens
    prompts, nll = first_prompts(starts, pairs, port), np.full(len(pairs), np.nan)
    for i, pair in enumerate(pairs):
        filled = [fill(t, pair.context, port.compose) for t in TEMPLATES.values()]
        tried = [*dict.fromkeys([prompts[i]] * (starts is not None) + [f for f in filled if f is not None])]
        found = Meter(port, share).read([pair] * len(tried), tried)
        if not np.isnan(found).all():
            best = int(np.nanargmin(found))
            prompts[i], nll[i] = tried[best], found[best]
    return Searched(prompts, nll, port.tokens - began)


def template_of(pair: Pair, prompt: str, how: Compose) -> str | None:
    """The name of the request that a prompt is, None if it is none of them."""
    return next((name for name, t in TEMPLATES.items() if fill(t, pair.context, how) == prompt), None)
