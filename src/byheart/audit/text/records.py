"""Which records does the audit rest on, and what had to be set aside?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError
from byheart.data.canaries.canaries import Manifest
from byheart.data.canaries.planted import check_planted, verify_manifest, without_canaries
from byheart.data.sources import source_digest, source_facts
from byheart.data.text.overlap import find_overlap, groups_by_duplicates
from byheart.data.text.read import reading


@dataclass(frozen=True, eq=False)
class Gathered:
    """The records of an audit.

    Args:
        corpus: members, control, canaries and their twins.
        sources: path and digest of each file they came from.
        notes: sentences for the report.
        coin: whether every canary was put in by a fair coin of its own, as a bound on epsilon needs.
    """

    corpus: Corpus
    sources: dict[str, dict[str, str]]
    notes: list[str]
    coin: bool = False


def gather_text(
    members: Any, control: Any, canaries: Path | str | None, *, limit: int | None, **columns: Any
) -> Gathered:
    """Read members, control and canaries; set aside what stands on two sides.

    Args:
        members: any source that `read` takes, or a Corpus.
        control: likewise, or None.
        canaries: manifest of the planted canaries, or None.
        limit: records of each set at most.
        columns: `text_column`, `group_column`, `date_column`.

    Raises:
        DataError: one line on what is wrong with them.
    """
    sources, notes = {}, []
    manifest = None if canaries is None else Manifest.load(Path(canaries))
    planted = None
    if manifest is not None and canaries is not None:
        notes += _fits(manifest, members, columns.get("text_column"))
        planted, sources["canaries"] = manifest.corpus(), source_facts(canaries)
    sides: dict[str, Corpus] = {}
    for role, source in (("member", members), ("nonmember", control)):
        if source is None:
            continue
        sides[role], found = _side(source, role, limit, columns, manifest)
        sources[role] = source_facts(source)
        notes += found
    if "nonmember" in sides:
        overlap = find_overlap(sides["member"], sides["nonmember"])
        sides["member"], sides["nonmember"] = overlap.set_aside(sides["member"], sides["nonmember"])
        notes += [*overlap.notes, *_named(overlap.pairs)]
    sides = _apart(sides)
    corpus = sides["member"]
    for more in (sides.get("nonmember"), planted):
        corpus = corpus if more is None else corpus + more
    corpus = replace(corpus, groups=groups_by_duplicates(corpus)) if planted is None else _grouped(corpus)
    return Gathered(corpus, sources, notes, coin=manifest is not None and manifest.settings.get("design") == "coin")


def _side(
    source: Any, role: str, limit: int | None, columns: dict[str, Any], manifest: Manifest | None
) -> tuple[Corpus, list[str]]:
    """One set, and what a reader should know about it; planted canaries in it are judged by themselves."""
    if isinstance(source, Corpus):
        corpus, notes = replace(source, roles=np.full(len(source), role, dtype=object)), []
    else:
        read = reading(source, role=role, limit=None if manifest is not None else limit, **columns)
        corpus, notes = read.corpus, list(read.notes)
    plain = corpus if manifest is None else without_canaries(corpus, manifest)
    n_canaries = len(corpus) - len(plain)
    if n_canaries and role == "nonmember":
        raise DataError(f"{n_canaries} control records are canaries; a control is never trained on, so leave them out")
    if n_canaries:
        notes.append(f"{n_canaries} of the training records are planted canaries; they are judged by themselves.")
    if len(plain) < 2:
        raise DataError("beside the canaries fewer than 2 member records are left; give the training records too")
    return (plain.take(np.arange(min(limit, len(plain)))) if limit else plain), notes


def _fits(manifest: Manifest, members: Any, text_column: str | None) -> list[str]:
    """Check the manifest, and that the members are the data its canaries were planted in, before or after."""
    checked = verify_manifest(manifest)
    known_before = not isinstance(members, Corpus) and (manifest.data or {}).get("before") == source_digest(members)
    if not isinstance(members, Corpus) and not known_before:
        check_planted(manifest, members, text_column=text_column, or_before=True)
    n = len(manifest.planted)
    return [
        f"{n} canaries were planted, {len(manifest.canaries) - n} twins were drawn alike and never inserted.",
        *checked.open,
    ]


def _apart(sides: dict[str, Corpus]) -> dict[str, Corpus]:
    """Ids that two sets share get the set's name in front."""
    if len(sides) < 2 or not np.isin(sides["member"].ids, sides["nonmember"].ids).any():
        return sides
    return {
        role: replace(
            c,
            ids=np.array([f"{role}-{i}" for i in c.ids], dtype=object),
            groups=np.array([f"{role}-{g}" for g in c.groups], dtype=object),
        )
        for role, c in sides.items()
    }


def _grouped(corpus: Corpus) -> Corpus:
    """Near-duplicates share a group, canaries keep theirs: they differ in nothing but the secret."""
    plain = np.isin(corpus.roles, ("member", "nonmember"))
    groups = corpus.groups.copy()
    groups[plain] = groups_by_duplicates(corpus.take(plain))
    return replace(corpus, groups=groups)


def _named(pairs: Any, most: int = 20) -> list[str]:
    names = [f"{m} = {c}" for m, c in zip(pairs["member"], pairs["control"], strict=True)]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return [f"Set aside from both sides: {', '.join(names[:most])}{more}."] if names else []
