"""What should a reader of a table's audit know about the rows? One sentence each; no cell but category names."""

from __future__ import annotations

import numpy as np
import pandas as pd

from byheart.core.corpus import Corpus
from byheart.core.schema import Schema
from byheart.data.table.plain_columns import shown

NAMED = 8
"""Things named in one sentence at most."""
MANY = 50
"""Categories of a column from which they are as good as names of people or places and are not quoted."""
UNEQUAL = 10
"""Ratio of two tables' sizes that is worth a word."""

TABLE = {"member": "training", "nonmember": "control", "synthetic": "synthetic"}


def about_rows(corpus: Corpus, train: pd.DataFrame) -> list[str]:
    """All that can be said once the rows stand together.

    Args:
        corpus: rows of all tables.
        train: the training table as it was read, with the columns that were left out.
    """
    schema = corpus.rows.schema
    return [
        *about_control(corpus, schema.entity), *about_columns(schema, train), *about_missing(corpus),
        *about_categories(corpus), *about_twins(corpus),
    ]  # fmt: skip


def about_limit(called: str, n: int, of: int) -> list[str]:
    """That only a part of a table is looked at."""
    return [f"{n} of the {of} rows of {called} were drawn at random (the limit); copies of rows left out are not seen."]


def about_entities(shared: np.ndarray) -> list[str]:
    """That control rows of trained-on persons, int (n,) persons, were set aside."""
    if not len(shared):
        return []
    return [
        f"{len(shared)} control rows are of {len(np.unique(shared))} persons who are in the training table too; they "
        "were set aside, since a person the generator has seen is no control."
    ]


def about_control(corpus: Corpus, entity: str | None) -> list[str]:
    """Sizes that are far apart, or no control at all, with the line that would make one."""
    sizes = {name: int((corpus.roles == role).sum()) for role, name in TABLE.items()}
    notes = [f"{sizes['training']} training, {sizes['control']} control and {sizes['synthetic']} synthetic rows."]
    for other in ("synthetic", "control"):
        low, high = sorted((sizes["training"], sizes[other]))
        if low and high > UNEQUAL * low:
            notes.append(
                f"The {other} table has {sizes[other]} rows, the training table {sizes['training']}; the intervals "
                "are as wide as the smaller one makes them."
            )
    return notes if sizes["control"] else [*notes, _no_control(entity)]


def _no_control(entity: str | None) -> str:
    line = "control = frame.sample(frac=0.2, random_state=0); train = frame.drop(control.index)"
    if entity is not None:
        line = (
            "from sklearn.model_selection import GroupShuffleSplit; train, control = (frame.iloc[rows] for rows in "
            f"next(GroupShuffleSplit(test_size=0.2, random_state=0).split(frame, groups=frame[{entity!r}])))"
        )
    return (
        "There is no control table, so nothing can be shown: a synthetic row close to a training row may be close to "
        f"any row of its kind. Hold rows out before the generator is trained: {line}"
    )


def about_columns(schema: Schema, train: pd.DataFrame) -> list[str]:
    """Columns that were left out or are not compared."""
    empty = [str(c) for c in train.columns if c not in (*schema.names, schema.entity)]
    notes = []
    if empty:
        notes.append(f"Without a single value in the real tables, and left out: {_listed(empty)}.")
    if schema.aside:
        named = [f"{n!r} ({schema[n].kind}: {schema[n].why})" for n in schema.aside]
        notes.append(f"Not part of any distance, but looked for word by word: {_listed(named, quoted=False)}.")
    unclear = [c.name for c in schema.columns if c.kind == "category" and "YYYY-MM-DD" in c.why]
    if unclear:
        notes.append(
            f"Dates whose day and month cannot be told apart, compared by equality only: {_listed(unclear)}; write "
            "them as YYYY-MM-DD."
        )
    return notes


def about_missing(corpus: Corpus) -> list[str]:
    """How many values each column lacks, by table."""
    frame, parts = corpus.rows.frame, []
    lost = frame.isna()
    for name in frame.columns[lost.any().to_numpy()]:
        counts = {
            table: (int(lost.loc[corpus.roles == role, name].sum()), int((corpus.roles == role).sum()))
            for role, table in TABLE.items()
        }
        parts.append(f"{name!r} " + ", ".join(f"{k} of {n} {table}" for table, (k, n) in counts.items() if n))
    if not parts:
        return []
    return [f"Missing values, which equal each other and differ from any value: {_listed(parts, '; ', quoted=False)}."]


def about_categories(corpus: Corpus) -> list[str]:
    """Categories of synthetic rows that no real row has."""
    frame, made = corpus.rows.frame, corpus.roles == "synthetic"
    notes = []
    for name in corpus.rows.schema.categorical:
        real = set(frame.loc[~made, name].dropna().unique())
        counts = frame.loc[made, name].value_counts()
        new = counts[~counts.index.isin(list(real))]
        if not len(new):
            continue
        quoted = f": {_listed([shown(v) for v in new.index], quoted=False)}" if len(real) <= MANY else ""
        notes.append(
            f"Column {name!r}: {len(new)} synthetic {_plural(len(new), 'category', 'categories')} in {int(new.sum())} "
            f"rows {_plural(len(new), 'stands', 'stand')} in no real row{quoted}."
        )
    return notes


def about_twins(corpus: Corpus) -> list[str]:
    """Rows that stand more than once: inside the training table, across to the control, and all synthetic ones."""
    rows = pd.util.hash_pandas_object(corpus.rows.frame, index=False).to_numpy()
    train, control, made = (rows[corpus.roles == role] for role in TABLE)
    return [*_repeated(train), *_overlap(train, control), *_identical(train, made)]


def _repeated(train: np.ndarray) -> list[str]:
    _, counts = np.unique(train, return_counts=True)
    often = counts[counts > 1]
    if not often.size:
        return []
    return [
        f"{int(often.sum())} of the {len(train)} training rows stand there more than once ({often.size} different "
        f"rows, the most frequent {int(often.max())} times); as nearest rows they count once."
    ]


def _overlap(train: np.ndarray, control: np.ndarray) -> list[str]:
    twins = np.isin(control, train)
    if not twins.any():
        return []
    expected = _twin_share(train)
    note = (
        f"{int(twins.sum())} of the {len(control)} control rows equal a training row in every column; they are kept, "
        "since chance makes twins among coarse columns, and a row that stands in both counts for neither side."
    )
    if twins.mean() > 2 * expected + 3 / len(control) ** 0.5 * (expected * (1 - expected)) ** 0.5 + 3 / len(control):
        note += (
            f" Inside the training table only {expected:.1%} of the rows have a twin, against {twins.mean():.1%} "
            "here: check that the generator never saw the control rows."
        )
    return [note]


def _twin_share(rows: np.ndarray) -> float:
    _, counts = np.unique(rows, return_counts=True)
    return float(counts[counts > 1].sum() / len(rows))


def _identical(train: np.ndarray, made: np.ndarray) -> list[str]:
    if len(train) == len(made) and np.array_equal(np.sort(train), np.sort(made)):
        return ["The synthetic table is the training table, row for row: every row is a copy."]
    return []


def _listed(names: list[str], between: str = ", ", *, quoted: bool = True) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return between.join(repr(n) if quoted else n for n in names[:NAMED]) + more


def _plural(n: int, one: str, more: str) -> str:
    return one if n == 1 else more
