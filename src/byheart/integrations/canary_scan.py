"""Where do the secrets of a manifest stand in the training data, and is the loss on them?

Rows are searched as text, so that a secret is found however it was cut into tokens, and every find is traced back to
its tokens.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from byheart.core.progress import bar
from byheart.data.canaries.canaries import Canary, Manifest
from byheart.integrations.needles import Needles
from byheart.integrations.trained_rows import Row, is_stream, trained_batches
from byheart.models.text.text_codec import TextCodec

LEAD = 32  # characters before a secret by which its record is known again


@dataclass
class Scan:
    """What was seen in the training data.

    Args:
        n_batches: batches read.
        n_tokens: tokens in them, padding left out.
        whole: false if reading stopped before the end of the data.
        learned: times each secret stands there with the loss on all of it, by canary id.
        unlearned: times it stands there with a token that the loss is not on.
        prompted: of the latter, those where the loss is neither on it nor on the token before it, and begins behind it.
        cut: times the words before a secret stand in a row more often than the whole secret does.
        opened: canaries that stand at least once behind the very words that they will be asked with.
        longest: tokens of the longest row.
    """

    n_batches: int = 0
    n_tokens: int = 0
    whole: bool = True
    learned: dict[str, int] = field(default_factory=dict)
    unlearned: dict[str, int] = field(default_factory=dict)
    prompted: dict[str, int] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)
    longest: int = 0

    def __str__(self) -> str:
        part = "all of the training data" if self.whole else "the training data were not read to their end"
        return f"{self.n_batches} batches scanned, {self.n_tokens} tokens ({part})"


def scan(
    loader: Any, tokenizer: Any, manifest: Manifest, *, scan_batches: int | None = None, layout: str | None = None
) -> Scan:
    """Count where the secrets stand; refuses nothing.

    Args:
        loader: the training dataloader.
        tokenizer: the tokenizer that made the data.
        manifest: the canaries.
        scan_batches: batches read at most; None for all. A stream is read until every canary is found.
        layout: how the canaries will be asked for; by default as the manifest says.
    """
    search, seen = _Search(tokenizer, manifest, layout), Scan()
    total = None if is_stream(loader) else len(loader)
    with bar("Looking for the canaries in the training data", total) as shown:
        for rows in trained_batches(loader):
            done = total is None and all(seen.learned.get(c.id, 0) >= c.repetitions for c in manifest.planted)
            if seen.n_batches == scan_batches or done:
                seen.whole = False
                break
            seen.n_batches += 1
            texts = tokenizer.batch_decode([r.ids.tolist() for r in rows], clean_up_tokenization_spaces=False)
            for row, text in zip(rows, texts, strict=True):
                search.note(row, text, seen)
            shown.advance()
    return seen


class _Search:
    """What is looked for: each secret, the words before it, and all that the model will be asked with."""

    def __init__(self, tokenizer: Any, manifest: Manifest, layout: str | None) -> None:
        self.tokenizer, self.canaries = tokenizer, manifest.canaries
        self.leads = [_lead(c) for c in manifest.canaries]
        self.needles = Needles([*(c.secret for c in manifest.canaries), *self.leads])
        codec = TextCodec(tokenizer, len(tokenizer))
        texts = [codec.encode(item).text for item in manifest.corpus(layout).items]
        self.openings = [t[: t.find(c.secret)] + c.secret for t, c in zip(texts, manifest.canaries, strict=True)]

    def note(self, row: Row, text: str, seen: Scan) -> None:
        """Count what stands in one row."""
        seen.n_tokens += row.ids.size
        seen.longest = max(seen.longest, row.ids.size)
        for i in {found % len(self.canaries) for found in self.needles.within(text)}:
            canary = self.canaries[i]
            _count(seen.cut, canary.id, text.count(self.leads[i]) - text.count(canary.secret))
            if self.openings[i] in text:
                seen.opened.add(canary.id)
            for first, last in spans(row.ids, canary.secret, self.tokenizer):
                _note_place(row, first, last, canary, seen)


def _note_place(row: Row, first: int, last: int, canary: Canary, seen: Scan) -> None:
    """Count one place where a secret stands, tokens first to last - 1."""
    inside, behind = row.learned[first:last], row.learned[last:]
    if inside.all():
        _count(seen.learned, canary.id)
    elif first == 0 and inside[1:].all():  # the row begins with it: its first token has nothing before it
        _count(seen.cut, canary.id)
    else:
        _count(seen.unlearned, canary.id)
        if behind.any() and not row.learned[first - 1] and not inside.any():
            _count(seen.prompted, canary.id)


def spans(ids: np.ndarray, secret: str, tokenizer: Any) -> Iterator[tuple[int, int]]:
    """First and last + 1 token of each place where a secret stands, however it was cut into tokens."""
    at = 0
    while secret in _text(tokenizer, ids[at:]):
        rest = ids[at:]
        shortest = _least(lambda k, rest=rest: secret in _text(tokenizer, rest[:k]), rest.size)
        last = at + shortest
        held = ids[:last]
        length = _least(lambda k, held=held: secret in _text(tokenizer, held[-k:]), shortest)
        yield last - length, last
        at = last


def _least(holds: Any, n: int) -> int:
    """The smallest k in 1..n for which a condition holds that, once true, stays true."""
    low, high = 1, n
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def _lead(canary: Canary) -> str:
    """The words before a secret, which are the canary's own; the whole text if the secret stands first."""
    before = canary.text[: canary.text.find(canary.secret)].rstrip()
    return before[-LEAD:] or canary.text


def _text(tokenizer: Any, ids: np.ndarray) -> str:
    text: str = tokenizer.decode(ids.tolist(), clean_up_tokenization_spaces=False)
    return text


def _count(counts: dict[str, int], name: str, n: int = 1) -> None:
    if n > 0:
        counts[name] = counts.get(name, 0) + n
