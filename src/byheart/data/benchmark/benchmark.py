"""What does a benchmark ask, and what is the right answer? The usual files of benchmarks as texts a model can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError
from byheart.data.benchmark.twins import Twinned, given_twins
from byheart.data.sources import name_of, rows
from byheart.data.text.read import reading
from byheart.data.text.records import missing, value_in

OPTIONS = ("choices", "options")
ANSWERS = ("answer", "answerKey", "correct", "label")
RECORDS = ("text", "messages", "prompt")


def read_benchmark(
    source: Any,
    *,
    text_column: str | None = None,
    group_column: str | None = None,
    limit: int | None = None,
    keep: str | None = None,
) -> Corpus:
    """Read the items of a benchmark.

    A row with a column `question` becomes a prompt with its completion: the question, the options (`choices` or
    `options`) as lines `A. ...`, the word `Answer:`, then the answer (`answer`, `answerKey`, `correct` or `label`: a
    letter, a place from 0, a label of the options, or the words). Other rows are read as any records.

    Args:
        source: anything `read` takes.
        text_column: column of the text, where the rows have no usual one.
        group_column: column of what several items share, such as a passage.
        limit: at most so many items.
        keep: a column to keep beside the records.

    Raises:
        DataError: if a row is no item; one line with its place.
    """
    listed = []
    for n, (place, row) in enumerate(rows(source, limit=limit)):
        if limit is not None and n == limit:
            break
        asks = isinstance(row, dict) and text_column is None and "question" in row and not set(RECORDS) & set(row)
        listed.append(_asked(row, f"{name_of(source)} {place}") if asks else row)
    read = reading(listed, prefix=None, role="member", text_column=text_column, group_column=group_column, minimum=1)
    if read.layout == "chat":
        raise DataError(f"{name_of(source)} holds chats; give benchmark items as texts, or as prompt and completion")
    if keep is None:
        return read.corpus
    if read.set_aside:
        raise DataError(f"{name_of(source)} has a row without words ({read.set_aside[0]}); take it out")
    column = np.empty(len(listed), dtype=object)
    column[:] = [value_in(row, keep, f"record {i}") for i, row in enumerate(listed)]
    return replace(read.corpus, columns={**read.corpus.columns, keep: column})


def read_twins(source: Any, items: Corpus, *, text_column: str | None = None) -> Twinned:
    """Read twins from a file: rows like those of the items, with a column `twin_of` that holds the id of the item.

    Raises:
        DataError: if a row is no item, or names none.
    """
    return given_twins(items, read_benchmark(source, text_column=text_column, keep="twin_of"))


def twins_in_column(items: Corpus, column: str) -> Twinned:
    """Twins that stand beside each item, one text or a list of texts; their answers are not known.

    Raises:
        DataError: if a cell holds anything else.
    """
    texts: list[Any] = []
    of: list[str] = []
    for name, item, cell in zip(items.ids.tolist(), items.items, items.columns[column].tolist(), strict=True):
        for text in [] if cell is None else [cell] if isinstance(cell, str) else list(cell):
            if not isinstance(text, str) or not text.strip():
                raise DataError(f"column {column!r} of item {name!r} holds a {type(text).__name__}; a text is needed")
            texts.append(text if isinstance(item, str) else {"prompt": text, "completion": ""})
            of.append(name)
    if not texts:
        raise DataError(f"column {column!r} holds no twin")
    bare = replace(items, columns={k: v for k, v in items.columns.items() if k != column})
    return given_twins(bare, Corpus.of(texts, "nonmember", columns={"twin_of": of}))


def _asked(row: Mapping[str, Any], place: str) -> dict[str, Any]:
    """A row with `prompt` and `completion`, or with `text` where there is no answer."""
    options = next((list(_listed(row[name], place)) for name in OPTIONS if not missing(row.get(name))), [])
    lines = [f"{chr(ord('A') + i)}. {text}" for i, (_, text) in enumerate(options)]
    prompt = "\n".join([str(row["question"]).strip(), *lines])
    answer = next((row[name] for name in ANSWERS if not missing(row.get(name))), None)
    rest = {k: v for k, v in row.items() if k not in (*OPTIONS, *ANSWERS, "question")}
    if answer is None:
        return {**rest, "text": prompt}
    told = _letter(answer, options, place) if options else str(answer).strip()
    return {**rest, "prompt": f"{prompt}\nAnswer:", "completion": f" {told}"}


def _listed(options: Any, place: str) -> Iterator[tuple[str, str]]:
    """Label and text of each option."""
    if isinstance(options, Mapping) and {"text", "label"} <= set(options):
        yield from zip(map(str, options["label"]), map(str, options["text"]), strict=True)
    elif not isinstance(options, (str, Mapping)) and hasattr(options, "__len__"):
        yield from ((chr(ord("A") + i), str(text)) for i, text in enumerate(options))
    else:
        raise DataError(f"{place}: the options are a {type(options).__name__}; a list of texts is needed")


def _letter(answer: Any, options: list[tuple[str, str]], place: str) -> str:
    """The letter of the right option."""
    said = str(answer).strip()
    by_label = [i for i, (label, _) in enumerate(options) if label == said]
    by_text = [i for i, (_, text) in enumerate(options) if text.strip() == said]
    by_place = [int(said)] if said.isdigit() and int(said) < len(options) else []
    found = by_label or (by_text if isinstance(answer, str) else by_place) or by_place
    if not found:
        raise DataError(
            f"{place}: the answer is none of its {len(options)} options; give a letter, a place or the words"
        )
    return chr(ord("A") + found[0])
