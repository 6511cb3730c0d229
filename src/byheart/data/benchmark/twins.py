"""Which texts might the benchmark have held in place of this item? Its twins, made by rule or given by the user.

A corpus with twins holds the items (role member: their being known is the question) and, as role nonmember, the twins.
Column `twin_of` is the id of a twin's item, empty for an item; `answered` says whether the answer that a record carries
is known to be right. An item and its twins share a group, and so do items that repeat each other, wholly or nearly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from byheart.core.corpus import Corpus
from byheart.core.digest import digest_text
from byheart.core.errors import DataError, UsageError
from byheart.core.places import places
from byheart.core.randomness import generator
from byheart.data.benchmark.twin_rules import RULES, Item, Pool
from byheart.data.text.overlap import groups_by_duplicates

TRIES = 20  # draws for each twin that is wanted
ALIKE = 0.8  # share of n-grams from which two items count as one; items of one template share fewer
LONGER = 1.5  # a twin is at most so many times as long as its item, or as short


@dataclass(frozen=True, eq=False)
class Twinned:
    """Items with their twins.

    Args:
        corpus: both, with the columns `twin_of` and `answered`.
        notes: sentences for the report.
    """

    corpus: Corpus
    notes: tuple[str, ...]


def make_twins(items: Corpus, rules: Sequence[str] = tuple(RULES), *, per_item: int = 5, seed: int) -> Twinned:
    """Twins by rule: each of the named rules is applied to an item where it can be.

    What is drawn follows from the seed and the words of the item, so items of the same words have the same twins.

    Args:
        items: texts, or prompts with completions.
        rules: of `numbers`, `names`, `options`.
        per_item: twins wanted of each item; an item that does not allow as many has fewer.
        seed: for what is redrawn.

    Raises:
        UsageError: on an unknown rule or fewer than 1 twin per item.
        DataError: if no item allows a twin.
    """
    unknown = [r for r in rules if r not in RULES]
    if unknown or not rules:
        raise UsageError(f"twins are made by {', '.join(RULES)}; got {', '.join(unknown) or 'none'}")
    if per_item < 1:
        raise UsageError(f"an item needs at least 1 twin; got {per_item}")
    known = {_words(item) for item in items.items}
    pool = Pool.of([parted(item) for item in items.items])
    made = [_twins_of(item, tuple(rules), pool, per_item, seed, known) for item in items.items]
    if not any(made):
        raise DataError(
            f"none of the {len(items)} items holds anything that {' or '.join(rules)} could change; give twins of your "
            "own, or other rules"
        )
    return _joined(items, made, [])


def given_twins(items: Corpus, twins: Corpus) -> Twinned:
    """Twins of the user's: `twins.columns["twin_of"]` names the item of each. Those equal to an item are left out.

    Raises:
        DataError: if a twin names no item, or none is left.
    """
    column = twins.columns.get("twin_of")
    if column is None:
        raise DataError("the twins have no column 'twin_of'; it names the id of the item that each is a twin of")
    named = [str(name) for name in column.tolist()]
    place = places(items.ids, named)
    if (place < 0).any():
        name = named[int(np.argmax(place < 0))]
        raise DataError(f"a twin names the item {name!r}, which is not there; give the id of an item")
    known = {_words(item) for item in items.items}
    made: list[list[Item]] = [[] for _ in items.items]
    equal = odd = 0
    for twin, at in zip(twins.items, place.tolist(), strict=True):
        item, own = parted(items.items[at]), parted(twin)
        equal += _words(twin) in known
        odd += not 1 / LONGER <= len(own.question) / len(item.question) <= LONGER
        if _words(twin) not in known:
            made[at].append(own)
    if not any(made):
        raise DataError(f"all {len(twins)} twins are equal to an item of the benchmark; give twins that differ")
    notes = [f"{equal} twins are equal to an item of the benchmark and were left out."] if equal else []
    if odd:
        notes.append(f"{odd} twins are more than {LONGER:g} times as long as their item, or as short.")
    return _joined(items, made, notes)


def parted(item: Any) -> Item:
    """A record as question and answer.

    Raises:
        DataError: if it is a chat.
    """
    if isinstance(item, str):
        return Item(item, answered=False)
    if isinstance(item, dict):
        return Item(item["prompt"], item["completion"], answered=bool(item["completion"]))
    raise DataError(f"a benchmark item is a text, or a prompt with its completion; got a {type(item).__name__}")


def versions(twins: Corpus) -> tuple[np.ndarray, np.ndarray]:
    """Id of the item that each record is a version of, and which version it is: 0 the item, then twins in id order."""
    of = twins.columns["twin_of"]
    family = np.array([str(of_) if of_ else str(own) for of_, own in zip(of, twins.ids, strict=True)], dtype=object)
    is_twin = family != twins.ids
    twin = np.zeros(len(twins), np.int64)
    count: dict[str, int] = {}
    for i in sorted(np.flatnonzero(is_twin), key=lambda i: (len(str(twins.ids[i])), str(twins.ids[i]))):
        twin[i] = count[family[i]] = count.get(family[i], 0) + 1
    return family, twin


def _twins_of(record: Any, rules: tuple[str, ...], pool: Pool, per_item: int, seed: int, known: set[str]) -> list[Item]:
    item = parted(record)
    rng = generator(seed, "twins", *rules, digest_text([item.question, item.answer]))
    found: dict[str, Item] = {}
    for _ in range(TRIES * per_item):
        twin = item
        for rule in rules:
            twin = RULES[rule](twin, pool, rng) or twin
        key = _words(_record(record, twin))
        if twin.question != item.question and key not in known:
            found.setdefault(key, twin)
        if len(found) == per_item:
            break
    return list(found.values())


def _joined(items: Corpus, made: list[list[Item]], notes: list[str]) -> Twinned:
    """Items then twins, in one corpus; items that repeat each other share a group."""
    groups = groups_by_duplicates(items, threshold=ALIKE)
    answered = [parted(x).answered for x in items.items]
    names = items.ids.tolist()
    first = replace(
        items,
        roles=np.full(len(items), "member", dtype=object),
        groups=groups,
        columns={**items.columns, "twin_of": np.full(len(items), "", dtype=object), "answered": np.array(answered)},
    )
    rows = [(i, j, t) for i, twins in enumerate(made) for j, t in enumerate(twins)]
    second = Corpus.of(
        [_record(items.items[i], t) for i, _, t in rows], "nonmember",
        ids=[f"{names[i]}~{j + 1}" for i, j, _ in rows], groups=[groups[i] for i, _, _ in rows],
        columns={"twin_of": [names[i] for i, _, _ in rows], "answered": [t.answered for _, _, t in rows]},
    )  # fmt: skip
    bare = sum(not twins for twins in made)
    if bare:
        notes = [*notes, f"{bare} of {len(items)} items allow no twin and are left out of every comparison."]
    alike = len(items) - len(set(groups.tolist()))
    if alike:
        notes = [*notes, f"{alike} items share a group with another, or repeat it; a group counts as one."]
    return Twinned(first + second, tuple(notes))


def _record(like: Any, item: Item) -> Any:
    return item.question if isinstance(like, str) else {"prompt": item.question, "completion": item.answer}


def _words(record: Any) -> str:
    """What makes two records the same: the words of the question, whatever the case and the spaces."""
    return " ".join(parted(record).question.lower().split())
