"""Can the planted canaries tell anything in this training run?

A canary that the loss is not on, that was cut off, or that is not in the data at all, stays unknown to any model, and
its silence would be taken for safety. So the batches are searched before the first step, and the run is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from byheart.core.errors import DataError
from byheart.core.progress import bar
from byheart.data.canaries import Canary, Manifest
from byheart.integrations.needles import Needles
from byheart.integrations.trained_rows import Row, is_stream, trained_batches

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
        longest: tokens of the longest row.
    """

    n_batches: int = 0
    n_tokens: int = 0
    whole: bool = True
    learned: dict[str, int] = field(default_factory=dict)
    unlearned: dict[str, int] = field(default_factory=dict)
    prompted: dict[str, int] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    longest: int = 0

    def __str__(self) -> str:
        part = "all of the training data" if self.whole else "the training data were not read to their end"
        return f"{self.n_batches} batches scanned, {self.n_tokens} tokens ({part})"


def preflight(loader: Any, tokenizer: Any, manifest: Manifest, *, scan_batches: int | None = None) -> Scan:
    """Search the training data for the canaries, and refuse a run in which they would tell nothing.

    Args:
        loader: the training dataloader; its data and its collation are read, its order is not.
        tokenizer: the tokenizer that made the data.
        manifest: the canaries that should be in them.
        scan_batches: batches read at most; None for all. A stream is read until every canary is found.

    Returns:
        What was seen.

    Raises:
        DataError: if a twin is in the data, or a canary is not there, cut off, masked, on the prompt's side, or there
            another number of times than the manifest says. One line, with the first canary concerned.
    """
    seen = scan(loader, tokenizer, manifest, scan_batches)
    _refuse_twins(manifest, seen)
    _refuse_unlearned(manifest, seen)
    _refuse_lost(manifest, seen)
    _refuse_miscounted(manifest, seen)
    return seen


def scan(loader: Any, tokenizer: Any, manifest: Manifest, scan_batches: int | None = None) -> Scan:
    """Count where the secrets of a manifest stand in the training data; refuses nothing."""
    strings = [c.secret for c in manifest.canaries]
    leads = [_lead(c) for c in manifest.canaries]
    needles, seen = Needles([*strings, *leads]), Scan()
    missing = {c.id: c.repetitions for c in manifest.planted}
    total = None if is_stream(loader) else len(loader)
    with bar("Looking for the canaries in the training data", total) as shown:
        for rows in trained_batches(loader):
            if seen.n_batches == scan_batches or (total is None and not missing):
                seen.whole = False
                break
            seen.n_batches += 1
            for row, text in zip(rows, _texts(tokenizer, rows), strict=True):
                _note(row, text, needles.within(text), manifest.canaries, tokenizer, seen)
            missing = {i: n for i, n in missing.items() if seen.learned.get(i, 0) < n}
            shown.advance()
    return seen


def _note(
    row: Row, text: str, found: set[int], canaries: Sequence[Canary], tokenizer: Any, seen: Scan
) -> None:  # fmt: skip
    """Count what stands in one row; `found` holds the numbers of secrets, then those of the words before them."""
    seen.n_tokens += row.ids.size
    seen.longest = max(seen.longest, row.ids.size)
    n = len(canaries)
    for i in sorted(found):
        canary = canaries[i % n]
        if i >= n:
            _count(seen.cut, canary.id, text.count(_lead(canary)) - text.count(canary.secret))
            continue
        for first, last in spans(row.ids, canary.secret, tokenizer):
            inside, before, behind = row.learned[first:last], row.learned[first - 1], row.learned[last:]
            if first == 0 and inside[1:].all():  # cut off just before it: its first token has nothing before it
                _count(seen.cut, canary.id)
                continue
            _count(seen.learned if inside.all() else seen.unlearned, canary.id)
            if behind.any() and not before and not inside.any():
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


def _refuse_twins(manifest: Manifest, seen: Scan) -> None:
    planted = {c.id for c in manifest.planted}
    twins = [i for i in [*seen.learned, *seen.unlearned] if i not in planted]
    if twins:
        raise DataError(
            f"{len(set(twins))} never-planted twins stand in the training data (first: {min(twins)}); they are what "
            f"the canaries are compared with, so take them out ({seen})"
        )


def _refuse_unlearned(manifest: Manifest, seen: Scan) -> None:
    hit = [c.id for c in manifest.planted if c.id in seen.unlearned]
    if not hit:
        return
    if any(i in seen.prompted for i in hit):
        why = "stand on the prompt's side, where there is no loss; plant them in the completion or the assistant's turn"
        hit = [i for i in hit if i in seen.prompted]
    else:
        why = "have labels of -100 on their secret; they would never be learned, so plant them where the loss is"
    raise DataError(f"{_named(hit, manifest)} {why} ({seen})")


def _refuse_lost(manifest: Manifest, seen: Scan) -> None:
    lost = [c.id for c in manifest.planted if c.id not in seen.learned]
    cut = [i for i in lost if i in seen.cut]
    if cut:
        raise DataError(
            f"{_named(cut, manifest)} are cut off before their secret ends: rows have at most {seen.longest} tokens; "
            f"raise max_length or plant shorter records ({seen})"
        )
    if lost:
        read = "" if seen.whole else "; more may stand in what was not read, raise scan_batches"
        raise DataError(
            f"{_named(lost, manifest)} do not occur in the training data, or are cut off whole: rows have at most "
            f"{seen.longest} tokens; train on the data that `byheart canaries inject` wrote{read} ({seen})"
        )


def _refuse_miscounted(manifest: Manifest, seen: Scan) -> None:
    """A copy that the packing cut in two counts as there, as long as most copies of the canary are whole."""
    wrong = [c for c in manifest.planted if not _fits(seen.learned[c.id], seen.cut.get(c.id, 0), c.repetitions)]
    if wrong:
        c = wrong[0]
        cut = f", {seen.cut[c.id]} more cut off" if c.id in seen.cut else ""
        read = "" if seen.whole else "; more may stand in what was not read, raise scan_batches"
        raise DataError(
            f"{_named([w.id for w in wrong], manifest)} occur another number of times than the manifest says: "
            f"{seen.learned[c.id]} times{cut}, not {c.repetitions}; train on the data that the manifest belongs to"
            f"{read} ({seen})"
        )


def _fits(n_whole: int, n_cut: int, repetitions: int) -> bool:
    return n_whole == repetitions or (n_whole < repetitions <= n_whole + n_cut and 2 * n_whole > repetitions)


def _named(ids: Sequence[str], manifest: Manifest) -> str:
    return f"{len(ids)} of {len(manifest.planted)} planted canaries (first: {ids[0]})"


def _lead(canary: Canary) -> str:
    """The words before a secret, which are the canary's own; the whole text if the secret stands first."""
    before = canary.text[: canary.text.find(canary.secret)].rstrip()
    return before[-LEAD:] or canary.text


def _texts(tokenizer: Any, rows: Sequence[Row]) -> list[str]:
    texts: list[str] = tokenizer.batch_decode([r.ids.tolist() for r in rows], clean_up_tokenization_spaces=False)
    return texts


def _text(tokenizer: Any, ids: np.ndarray) -> str:
    text: str = tokenizer.decode(ids.tolist(), clean_up_tokenization_spaces=False)
    return text


def _count(counts: dict[str, int], name: str, n: int = 1) -> None:
    if n > 0:
        counts[name] = counts.get(name, 0) + n
