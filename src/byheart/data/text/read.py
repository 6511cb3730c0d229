"""Which records are to be audited? Any usual source as a corpus, with what had to be set aside."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError, TooFewRecords, UsageError
from byheart.data.sources import name_of, rows
from byheart.data.text.dates import date_column_in, iso_dates
from byheart.data.text.records import Layout, layout_of, missing, record_of, value_in

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reading:
    """A corpus and what a reader should know about how it came to be.

    Args:
        corpus: the records.
        layout: `text`, `chat` or `prompt`.
        set_aside: places of the records without words, for instance `line 7`.
        notes: sentences for the report.
    """

    corpus: Corpus
    layout: str
    set_aside: tuple[str, ...]
    notes: tuple[str, ...]


def read(
    source: Any,
    *,
    role: str = "member",
    text_column: str | None = None,
    group_column: str | None = None,
    groups: str | None = None,
    date_column: str | None = None,
    limit: int | None = None,
    prefix: str | None = None,
    minimum: int = 2,
) -> Corpus:
    """Read records.

    Args:
        source: a .jsonl, .csv or .parquet file, a folder of .txt files, a saved Hugging Face data set, a hub id
            (`owner/name`, `owner/name@config:split`), a data frame, or a list of texts, chats or rows.
        role: what the records are to the model, one of `core.corpus.ROLES`.
        text_column: the column that holds the record; else `text`, `messages` or `prompt` with `completion`.
        group_column: the column of the unit that intervals resample (document, author); else each record is its own.
        groups: another name for `group_column`.
        date_column: the column of dates; else one of a usual name, if there. Ends in `columns["date"]`.
        limit: at most this many records, the first ones.
        prefix: put before the ids, so that two sources with the same ids can be joined.
        minimum: fewer records are an error.

    Returns:
        A corpus. Ids come from a column `id`, else they are `PREFIX-000000` by place in the source (prefix: the role).
        Records without words are set aside, and named in the log; `reading` returns their places.

    Raises:
        DataError: if the source is not what it should be; one line with the line, row or byte.
        TooFewRecords: if there are fewer than `minimum`.
        UsageError: if options contradict each other.
    """
    result = reading(
        source, role=role, text_column=text_column, group_column=group_column, groups=groups, date_column=date_column,
        limit=limit, prefix=prefix, minimum=minimum,
    )  # fmt: skip
    for note in result.notes:
        logger.warning(note)
    return result.corpus


def reading(
    source: Any,
    *,
    role: str = "member",
    text_column: str | None = None,
    group_column: str | None = None,
    groups: str | None = None,
    date_column: str | None = None,
    limit: int | None = None,
    prefix: str | None = None,
    minimum: int = 2,
) -> Reading:
    """The same as `read`, with what was set aside and why."""
    if limit is not None and limit < 1:
        raise UsageError(f"limit is at least 1; got {limit}")
    if group_column and groups and group_column != groups:
        raise UsageError(f"group_column {group_column!r} and groups {groups!r} name two columns; give one")
    name = name_of(source)
    gathered = _Gathered(prefix or role, prefix, text_column, group_column or groups, date_column)
    for i, (place, row) in enumerate(rows(source, limit=limit)):
        gathered.add(i, f"{name} {place}", row)
        if limit is not None and len(gathered.items) == limit:
            break
    return _finished(gathered, name, role, minimum)


@dataclass
class _Gathered:
    """What has been read so far."""

    stem: str
    prefix: str | None
    text_column: str | None
    group_column: str | None
    date_column: str | None
    layout: Layout | None = None
    has_ids: bool = False
    items: list[Any] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    dates: list[Any] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)

    def add(self, i: int, place: str, row: Any) -> None:
        """Take in row `i`, or set it aside."""
        if self.layout is None:
            self._look(row, place)
        assert self.layout is not None
        item = record_of(row, self.layout, place)
        if item is None:
            self.set_aside.append(place)
            return
        name = self._id(i, row, place)
        self.items.append(item)
        self.ids.append(name)
        group = value_in(row, self.group_column, place) if self.group_column else None
        self.groups.append(name if missing(group) or group == "" else str(group))
        if self.date_column:
            self.dates.append(row.get(self.date_column) if isinstance(row, dict) else None)

    def _look(self, row: Any, place: str) -> None:
        self.layout = layout_of(row, place, self.text_column)
        if self.date_column:
            value_in(row, self.date_column, place)
        if isinstance(row, dict):
            self.has_ids = "id" in row
            self.date_column = self.date_column or date_column_in([str(c) for c in row])

    def _id(self, i: int, row: Any, place: str) -> str:
        if not self.has_ids:
            return f"{self.stem}-{i:06d}"
        value = value_in(row, "id", place)
        if missing(value) or value == "":
            raise DataError(f"{place} has no id; give each record its own, or drop the column")
        value = int(value) if isinstance(value, float) and value.is_integer() else value
        return f"{self.prefix}-{value}" if self.prefix else str(value)


def _finished(gathered: _Gathered, name: str, role: str, minimum: int) -> Reading:
    n = len(gathered.items)
    if gathered.set_aside and not n:
        raise DataError(
            f"all {len(gathered.set_aside)} records of {name} hold only white space; give records with words"
        )
    if n < minimum:
        few = "no record" if n == 0 else f"{n} record{'s' if n > 1 else ''}"
        raise TooFewRecords(f"{name} holds {few}; at least {minimum} are needed")
    _refuse_twice(gathered.ids, name)
    notes = _set_aside_note(gathered.set_aside, name)
    columns: dict[str, Sequence[Any]] = {}
    if gathered.date_column:
        dates = iso_dates(gathered.dates)
        if any(dates):
            columns["date"] = dates
        else:
            notes.append(f"No value of {gathered.date_column!r} in {name} is a date, so dates were not used.")
    corpus = Corpus.of(gathered.items, role, ids=gathered.ids, groups=gathered.groups, columns=columns)
    assert gathered.layout is not None
    return Reading(corpus, gathered.layout.kind, tuple(gathered.set_aside), tuple(notes))


def _refuse_twice(ids: list[str], name: str) -> None:
    seen: set[str] = set()
    for value in ids:
        if value in seen:
            raise DataError(f"two records of {name} have the id {value!r}; make ids unique, or drop the column")
        seen.add(value)


def _set_aside_note(places: list[str], name: str) -> list[str]:
    if not places:
        return []
    shown = ", ".join(p.removeprefix(name).strip() for p in places[:5]) + (", ..." if len(places) > 5 else "")
    what = "1 record without words was" if len(places) == 1 else f"{len(places)} records without words were"
    return [f"{what} set aside from {name} ({shown})."]
