"""Is a canary manifest what it says, and do these data hold its canaries?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError
from byheart.data.canaries.canaries import Canary, Manifest, commitment_to, drawn, refuse_without_twins
from byheart.data.sources import name_of, source_digest
from byheart.data.text.read import reading


@dataclass(frozen=True)
class Verification:
    """What was checked, in sentences; whatever is wrong is an error instead."""

    checked: tuple[str, ...]
    open: tuple[str, ...] = ()


def verify_manifest(manifest: Manifest, source: Any | None = None, *, text_column: str | None = None) -> Verification:
    """Check a manifest against its own commitment, and data against the manifest.

    Args:
        manifest: the manifest; with its seed revealed, strings and roles are drawn again and compared.
        source: data that should hold the canaries, anything `read` takes.
        text_column: as in `read`.

    Raises:
        DataError: on the first thing that is not so.
    """
    refuse_without_twins(manifest.canaries)
    _refuse_odd_canaries(manifest.canaries)
    checked = [f"{len(manifest.planted)} of {len(manifest.canaries)} strings are planted, each pool has its twins."]
    unchecked = []
    if manifest.seed is None or manifest.salt is None:
        unchecked.append("The seed is not revealed, so the draw could not be repeated.")
    else:
        _redraw(manifest)
        checked.append("Seed and salt fit the commitment, and drawn again give the same strings and the same roles.")
    if manifest.kept:
        unchecked.append("Which high-perplexity candidates were kept depends on the scorer and was not recomputed.")
    if source is not None:
        checked.append(check_planted(manifest, source, text_column=text_column))
    return Verification(tuple(checked), tuple(unchecked))


def check_planted(manifest: Manifest, source: Any, *, text_column: str | None = None, or_before: bool = False) -> str:
    """Check that data hold each planted string its number of times and no twin.

    Data whose bytes are those that `inject` wrote need no search; others (converted, shuffled) are searched for the
    canaries' records.

    Args:
        manifest: the manifest.
        source: the data, anything `read` takes.
        text_column: as in `read`.
        or_before: whether the data from before the canaries were planted will do as well.

    Returns:
        What was found, a sentence.

    Raises:
        DataError: if they do not, as with a manifest from other data.
    """
    name = name_of(source)
    facts = manifest.data or {}
    if facts.get("after") == source_digest(source):
        return f"{name} is byte for byte the data that the canaries were planted in."
    if facts.get("before") == source_digest(source):
        if or_before:
            return f"{name} is byte for byte the data from before the canaries were planted."
        raise DataError(f"{name} is the data from before the canaries were planted; give the data that `inject` wrote")
    found = Counter(_own_words(item) for item in reading(source, text_column=text_column, minimum=1).corpus.items)
    wrong = [c for c in manifest.canaries if found[c.text] != c.repetitions]
    if not wrong:
        return f"{name} is another file than the one written, but holds every canary its number of times and no twin."
    present = sum(found[c.text] > 0 for c in manifest.planted)
    raise DataError(
        f"the canary manifest is from other data: {name} holds {present} of its {len(manifest.planted)} canaries, and "
        f"{wrong[0].id} {found[wrong[0].text]} times instead of {wrong[0].repetitions}"
    )


def without_canaries(corpus: Corpus, manifest: Manifest) -> Corpus:
    """The records of a corpus that are no canary or twin of the manifest: what may be called members."""
    texts = {c.text for c in manifest.canaries}
    return corpus.take(np.array([_own_words(item) not in texts for item in corpus.items], dtype=bool))


def _own_words(item: Any) -> str:
    if isinstance(item, str):
        return item.strip()
    if isinstance(item, dict):
        return str(item["completion"]).strip()
    return next((str(m["content"]).strip() for m in reversed(item) if m["role"] == "assistant"), "")


def _refuse_odd_canaries(canaries: Sequence[Canary]) -> None:
    for values, what in (([c.id for c in canaries], "id"), ([c.secret for c in canaries], "secret")):
        if len(set(values)) < len(values):
            raise DataError(f"two canaries of the manifest have one {what}; it was changed after it was made")
    for c in canaries:
        if c.text.count(c.secret) != 1 or c.question.count(c.secret):
            raise DataError(f"{c.id} of the manifest does not hold its secret once; it was changed after it was made")
        if (c.role == "canary") != (c.repetitions > 0) or c.role not in ("canary", "canary_control"):
            raise DataError(f"{c.id} of the manifest is {c.role!r} with {c.repetitions} repetitions; it was changed")


def _redraw(manifest: Manifest) -> None:
    assert manifest.seed is not None
    assert manifest.salt is not None
    if commitment_to(manifest.seed, manifest.salt, manifest.settings) != manifest.commitment:
        raise DataError("seed, salt and settings of the manifest do not fit its commitment; one was changed afterwards")
    try:
        again = drawn(manifest.settings, manifest.seed, manifest.kept)
    except (KeyError, IndexError, TypeError) as e:
        raise DataError(f"the manifest's settings decide no draw ({type(e).__name__}: {e}); it was changed") from None
    if len(again) != len(manifest.canaries):
        raise DataError(
            f"the seed draws {len(again)} strings, the manifest holds {len(manifest.canaries)}; it was changed"
        )
    for mine, theirs in zip(again, manifest.canaries, strict=True):
        if mine != theirs:
            field = next(k for k in mine.__dict__ if getattr(mine, k) != getattr(theirs, k))
            made_with = manifest.settings.get("numpy")
            other = (
                "" if made_with == np.__version__ else f" (or numpy {np.__version__} draws otherwise than {made_with})"
            )
            raise DataError(
                f"{theirs.id} of the manifest has another {field} than its seed draws; it was changed{other}"
            )
