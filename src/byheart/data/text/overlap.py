"""Which records stand on both sides, exactly or nearly, and which stand several times on one?

A record that the model was trained on and that is in the control as well belongs to neither: it is set aside from both.
Records that nearly repeat each other within one set are no independent witnesses: they share a group for resampling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError, UsageError
from byheart.data.text.ngrams import near_pairs, words_of


@dataclass(frozen=True, eq=False)
class Overlap:
    """What two sets have in common.

    Args:
        member_rows: members to set aside, bool (members,).
        control_rows: control records to set aside, bool (control,).
        pairs: `member`, `control` (ids of the first record of each text), `share` (of the shorter one's n-grams, 1 when
            equal) and `exact`, one row per pair of distinct texts.
        copies: how often each member's text stands among the members, int (members,); copies are kept.
        n: words per n-gram.
        threshold: least share of a near copy.
    """

    member_rows: np.ndarray
    control_rows: np.ndarray
    pairs: pd.DataFrame
    copies: np.ndarray
    n: int
    threshold: float

    def set_aside(self, members: Corpus, control: Corpus) -> tuple[Corpus, Corpus]:
        """Both sets without what they share."""
        return members.take(~self.member_rows), control.take(~self.control_rows)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the report; none when there is nothing to tell."""
        notes = []
        if len(self.pairs):
            exact = int(self.pairs["exact"].sum())
            notes.append(
                f"{_count(self.member_rows.sum(), 'member')} and {_count(self.control_rows.sum(), 'control record')} "
                f"occur on both sides and were set aside ({exact} equal and {len(self.pairs) - exact} nearly equal "
                f"pairs; nearly: {self.threshold:.0%} of the shorter one's {self.n}-word runs)."
            )
        repeated = self.copies > 1
        if repeated.any():
            notes.append(
                f"{_count(repeated.sum(), 'member')} stand more than once among the members (up to "
                f"{self.copies.max()} times); they were kept, as repetition is what makes a model memorize."
            )
        return tuple(notes)


def find_overlap(members: Corpus, control: Corpus, *, n: int = 13, threshold: float = 0.5) -> Overlap:
    """Records that occur on both sides.

    Equal means equal but for case and white space. Nearly equal means that a share `threshold` of the shorter record's
    n-grams stands in the longer one; records of fewer than 2n words are compared by runs of 5 words, those of fewer
    than 10 words for equality only.

    Args:
        members: records the model was trained on.
        control: records it never saw.
        n: words per n-gram.
        threshold: in (0, 1].

    Raises:
        DataError: if nothing is left of a side, as when the control equals the members.
        UsageError: if n or the threshold has no meaning.
    """
    if n < 1 or not 0 < threshold <= 1:
        raise UsageError(f"n is at least 1 and the threshold in (0, 1]; got {n} and {threshold}")
    left, right = _Distinct(members), _Distinct(control)
    place = {text: i for i, text in enumerate(right.texts)}
    exact = [(i, place[text], 1.0, True) for i, text in enumerate(left.texts) if text in place]
    near = near_pairs(*words_of(left.texts, right.texts), n=n, threshold=threshold)
    equal = {(i, j) for i, j, _, _ in exact}
    nearly = [
        (i, j, share, False)
        for i, j, share in zip(near.left.tolist(), near.right.tolist(), near.share.tolist(), strict=True)
        if (i, j) not in equal
    ]
    found = exact + nearly
    overlap = Overlap(
        member_rows=np.isin(left.row, [i for i, *_ in found]),
        control_rows=np.isin(right.row, [j for _, j, *_ in found]),
        pairs=pd.DataFrame(
            [(members.ids[left.first[i]], control.ids[right.first[j]], share, same) for i, j, share, same in found],
            columns=["member", "control", "share", "exact"],
        ),
        copies=np.bincount(left.row)[left.row] if len(members) else np.zeros(0, np.int64),
        n=n,
        threshold=threshold,
    )
    _refuse_nothing_left(overlap)
    return overlap


def groups_by_duplicates(corpus: Corpus, *, n: int = 13, threshold: float = 0.5) -> np.ndarray:
    """The corpus's groups, merged where records of two groups are equal or nearly so.

    Args:
        corpus: the records, (n,).
        n: words per n-gram, as in `find_overlap`.
        threshold: in (0, 1], as there.

    Returns:
        One group each, str (n,); a merged group has the name of its first record's group.
    """
    distinct = _Distinct(corpus)
    (words,) = words_of(distinct.texts)
    near = near_pairs(words, words, n=n, threshold=threshold)
    names, group = np.unique(corpus.groups.astype(str), return_inverse=True)
    first = distinct.first
    a = np.concatenate([group, group[first[near.left]]]).astype(np.int64)
    b = np.concatenate([group[first[distinct.row]], group[first[near.right]]]).astype(np.int64)
    edges = coo_matrix((np.ones(a.size, np.int8), (a, b)), shape=(names.size, names.size))
    _, component = connected_components(edges, directed=False)
    of_record = component[group]
    _, leader = np.unique(of_record, return_index=True)
    return corpus.groups[leader[of_record]]


def plain_text(item: Any) -> str:
    """The words of a record that are its own: a chat without its system message, a prompt with its completion."""
    if isinstance(item, str):
        return item
    if isinstance(item, dict) and "completion" in item:
        return f"{item['prompt']} {item['completion']}"
    return "\n".join(m["content"] for m in item if m.get("role") != "system")


class _Distinct:
    """The different texts of a corpus: `row` (records,) names each record's text, `first` (texts,) its first record."""

    def __init__(self, corpus: Corpus) -> None:
        number: dict[str, int] = {}
        self.row = np.array(
            [number.setdefault(" ".join(plain_text(item).lower().split()), len(number)) for item in corpus.items],
            dtype=np.int64,
        )
        self.texts = list(number)
        self.first = np.unique(self.row, return_index=True)[1]


def _refuse_nothing_left(overlap: Overlap) -> None:
    for name, other, rows in (
        ("control record", "members", overlap.control_rows),
        ("member", "control records", overlap.member_rows),
    ):
        if rows.size and rows.all():
            raise DataError(
                f"every {name} (all {rows.size}) is also among the {other}, exactly or nearly; "
                "a control is data the model never saw: give other records"
            )


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
