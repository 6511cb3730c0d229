"""Is a column a number, a date, a category, a text or a name? Found on the real rows, and said why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from byheart.core.errors import DataError
from byheart.core.schema import KINDS, Column, Kind, Schema
from byheart.data.table.plain_columns import AMBIGUOUS, date_form, plain_table

SYNTHETIC = "synthetic"

CODES = 10
"""Whole numbers from 0 up, within a range of so many and each often, are codes of categories."""
OFTEN = 5
"""Rows per value, on average, from which a value counts as often repeated."""
CLASSES = 20
"""A target of whole numbers of at most so many values is a class."""
DISTINCT = 0.95
"""Share of distinct values from which texts name their rows."""
FEW_ROWS = 20
"""Below so many rows, all different texts may still be categories."""
REPEATS = 10
"""Repeats that measurements in this range would have had, so that none means a running number."""

_CODE_NAME = re.compile(r"(?i)(^|[_ .-])(zip|zipcode|zip[_ -]?code|postcode|postal[_ -]?code|plz|fips)$")
_ID_NAME = re.compile(r"(?i)(^|[_ .-])(id|uuid|guid|index|rownames?|unnamed: \d+)$|[a-z]Id$|[a-z]ID$")


def infer_schema(
    tables: Mapping[str, pd.DataFrame],
    *,
    target: str | None = None,
    entity: str | None = None,
    kinds: Mapping[str, str] | None = None,
) -> Schema:
    """The columns of the real tables, taken together, and what each holds.

    Args:
        tables: by name; one called `synthetic` is not looked at, so that what is found follows from real rows only.
        target: the column that others are used to predict; a text or few whole numbers make it a category.
        entity: the column that says whose row it is; it is left out.
        kinds: kind of a column where the rule would be wrong.

    Returns:
        The schema, in the order of the first table, with a reason for each column. A column without a single value
        is left out.

    Raises:
        DataError: if target, entity or a column of `kinds` is not there, or no column can be compared.
    """
    real = [plain_table(frame) for name, frame in tables.items() if name != SYNTHETIC]
    if not real:
        raise DataError("kinds of columns are found on real rows; give the training table")
    return schema_of(real, target=target, entity=entity, kinds=kinds)


def schema_of(
    real: list[pd.DataFrame], *, target: str | None, entity: str | None, kinds: Mapping[str, str] | None
) -> Schema:
    """The same for tables that are plain already."""
    names = [str(c) for c in real[0].columns]
    for asked, purpose in ((target, "be the target"), (entity, "say whose row it is"), *_asked(kinds)):
        if asked is not None and asked not in names:
            there = ", ".join(names) + _hint(asked, names)
            raise DataError(f"there is no column {asked!r} to {purpose}; there are {there}")
    if target is not None and target == entity:
        raise DataError(f"column {target!r} cannot be the target and say whose row it is; name two columns")
    columns = []
    for name in names:
        if name == entity:
            continue
        values = pooled([frame[name] for frame in real if name in frame.columns])
        values = values[values.notna()]
        if len(values):
            columns.append(_column(name, values, (kinds or {}).get(name), name == target))
        elif name == target:
            raise DataError(f"the target {name!r} has no value in any real row")
    return Schema(tuple(columns), target, entity)


def pooled(parts: list[pd.Series[Any]]) -> pd.Series[Any]:
    """Plain columns of several tables as one; as texts where one of them is."""
    if any(p.dtype == object and p.notna().any() for p in parts):
        parts = [as_texts(p) for p in parts]
    else:
        parts = [p for p in parts if p.notna().any()] or parts[:1]
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]


def as_texts(values: pd.Series[Any]) -> pd.Series[Any]:
    """A plain column as texts: 3.0 is `3`, a date is ISO."""
    if values.dtype == object:
        return values
    known = values.notna()
    if pd.api.types.is_datetime64_dtype(values.dtype):
        days = bool((values[known] == values[known].dt.normalize()).all())
        texts: Any = values.dt.strftime("%Y-%m-%d" if days else "%Y-%m-%dT%H:%M:%S").astype(object)
    else:
        codes, numbers = pd.factorize(values)
        named = [str(int(v)) if v == v // 1 else str(v) for v in numbers.tolist()]
        texts = pd.Series(np.array([*named, None], dtype=object)[codes], index=values.index, dtype=object)
    return texts.where(known, None).astype(object)  # type: ignore[no-any-return]


def _asked(kinds: Mapping[str, str] | None) -> list[tuple[str, str]]:
    for name, kind in (kinds or {}).items():
        if kind not in KINDS:
            raise DataError(f"the kind of a column is one of {', '.join(KINDS)}; got {kind!r} for {name!r}")
    return [(name, f"hold {kind}s") for name, kind in (kinds or {}).items()]


def _hint(asked: str, names: list[str]) -> str:
    alike = next((n for n in names if n.strip().lower() == asked.strip().lower()), None)
    return "" if alike is None else f" ({alike!r} differs in case or spaces only)"


def _column(name: str, values: pd.Series[Any], asked: str | None, is_target: bool) -> Column:
    kind, why = _kind(name, values)
    if is_target and kind in ("text", "identifier"):
        kind, why = "category", "named as the target, compared by equality"
    if is_target and kind == "number" and _whole(values) and values.nunique() <= CLASSES:
        kind, why = "category", f"the target, of {values.nunique()} whole numbers: classes"
    if asked is not None:
        kind, why = asked, "as declared"  # type: ignore[assignment]
    return Column(name, kind, whole=kind == "number" and _whole(values), why=why)


def _whole(values: pd.Series[Any]) -> bool:
    """Whether all known values are whole numbers; `values` has no missing ones."""
    return pd.api.types.is_numeric_dtype(values.dtype) and bool((values % 1 == 0).all())


def _kind(name: str, values: pd.Series[Any]) -> tuple[Kind, str]:
    if pd.api.types.is_datetime64_dtype(values.dtype):
        return "date", f"dates from {values.min().year} to {values.max().year}"
    n, distinct = len(values), int(values.nunique())
    if values.dtype == object:
        return _kind_of_texts(name, values, n, distinct)
    if not _whole(values):
        return "number", f"numbers, {distinct} different"
    return _kind_of_whole(name, values, n, distinct)


def _kind_of_whole(name: str, values: pd.Series[Any], n: int, distinct: int) -> tuple[Kind, str]:
    span = float(values.max()) - float(values.min()) + 1
    if distinct == n and n >= FEW_ROWS and (_ID_NAME.search(name) or n * (n - 1) / (2 * span) >= REPEATS):
        return "identifier", f"{n} whole numbers, none twice: a running number or a name of the row"
    if _CODE_NAME.search(name):
        return "category", f"{distinct} postal or area codes, by the column's name"
    if distinct == 2 or (values.min() >= 0 and span <= CODES and n >= OFTEN * distinct):
        return "category", f"{distinct} whole numbers in {n} rows, as codes have"
    return "number", f"whole numbers, {distinct} different"


def _kind_of_texts(name: str, values: pd.Series[Any], n: int, distinct: int) -> tuple[Kind, str]:
    unique = pd.Series(values.unique(), dtype=object)
    if distinct <= 2 and set(unique) <= {"True", "False"}:
        return "category", "true or false"
    if date_form(pa.array(unique, pa.large_string())) == AMBIGUOUS:
        return "category", "dates whose day and month cannot be told apart; write them as YYYY-MM-DD"
    letters = float(np.mean([len(v) for v in unique]))
    words = float(np.mean([v.count(" ") + 1 for v in unique]))
    if (letters > 40 or words > 4) and distinct > 0.2 * n and distinct > CODES:
        return "text", f"free text, {words:.0f} words on average, {distinct} different in {n} rows"
    if distinct >= DISTINCT * n and n >= FEW_ROWS:
        return "identifier", f"{distinct} different short texts in {n} rows: names of the rows"
    if _ID_NAME.search(name) and distinct > 0.5 * n and n >= FEW_ROWS:
        return "identifier", f"{distinct} different values in {n} rows, and called an identifier"
    return "category", f"{distinct} different texts in {n} rows"
