"""What do the cells of a column mean, whatever file they came from? Numbers, dates or texts, and what is missing.

A CSV file holds texts only, Parquet and data frames hold types. After `plain_column` the same table is the same from
any of them, so that a value copied from one file into another is seen to be equal.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from byheart.core.errors import DataError
from byheart.core.mask import mask_personal

MISSING = ("", "NA", "N/A", "#N/A", "<NA>", "NaN", "nan", "NaT", "null", "NULL", "None", "none")
"""Cells that hold nothing, in any column."""

HOLES = ("?", "-", "--", ".")
"""Cells that hold nothing in a column of numbers or dates; elsewhere they are a category."""

LONGEST = 15
"""Digits a float64 keeps; longer whole numbers are names, not quantities, and stay texts."""

YEARS = (1700, 2200)

_NUMBER = r"^[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?|(?i:inf|infinity))$"
_CODE = r"^[+-]?(0\d+$|\d{" + str(LONGEST + 1) + r",}$|0\d)"  # a leading zero, or too long
_ISO = r"^\d{4}-\d{2}(-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?( ?(Z|[+-]\d{2}(:?\d{2})?))?)?)?$"
_FORMS = ("%Y/%m/%d", "%d.%m.%Y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%d-%B-%Y", "%B %d, %Y")
_EITHER = (("%d/%m/%Y", "%m/%d/%Y"), ("%d-%m-%Y", "%m-%d-%Y"))
_TIMES = ("", " %H:%M", " %H:%M:%S")


def plain_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Every column as `plain_column` leaves it, names as texts; a copy.

    Raises:
        DataError: on two columns of one name, or cells that are no single value.
    """
    names = [str(c) for c in frame.columns]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise DataError(f"two columns have the name {twice[0]!r}; rename one")
    columns = {n: plain_column(frame.iloc[:, i], n) for i, n in enumerate(names)}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))


def plain_column(values: pd.Series[Any], name: str = "") -> pd.Series[Any]:
    """A column as numbers (int64 or float64), dates (datetime64[ns], universal time) or texts (object).

    Args:
        values: cells (n,), of any type.
        name: of the column, for messages.

    Returns:
        (n,) from row 0. Missing cells are NaN, NaT or None. Truth values are the texts `True` and `False`; whole
        numbers of more than 15 digits, and columns in which a number begins with a zero (ZIP codes), are texts.

    Raises:
        DataError: if a cell is a list, an object or bytes, a number is infinite, or a year beyond 1700 to 2200.
    """
    values = values.reset_index(drop=True)
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    kind = values.dtype
    if pd.api.types.is_timedelta64_dtype(kind):
        return pd.Series(values.dt.total_seconds())
    if pd.api.types.is_datetime64_any_dtype(kind):
        return _dates(pd.to_datetime(values, utc=True), name)
    if pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind):
        return _numbers(values, name)
    return _read(_texts(values, name), name)


def _numbers(values: pd.Series[Any], name: str) -> pd.Series[Any]:
    if pd.api.types.is_integer_dtype(values.dtype):
        known = values.dropna()
        if len(known) and max(int(known.max()), -int(known.min())) >= 10**LONGEST:
            return _read(_texts(values, name), name)
        return pd.Series(values.astype("float64" if values.isna().any() else "int64"))
    if values.dtype in (np.float32, np.float16):  # 0.1 stays 0.1, not 0.10000000149
        values = values.astype(str).astype("float64")
    found = values.astype("float64")
    infinite = np.isinf(found.to_numpy())
    if infinite.any():
        raise DataError(f"column {name!r} is infinite in row {int(infinite.argmax())}; leave the cell empty")
    return found


def _dates(values: pd.Series[Any], name: str) -> pd.Series[Any]:
    """Aware dates as naive ones of universal time."""
    years = values.dt.year
    beyond = ((years < YEARS[0]) | (years > YEARS[1])).to_numpy()
    if beyond.any():
        row = int(beyond.argmax())
        raise DataError(
            f"column {name!r} has the year {int(years.iloc[row])} in row {row}; dates run from {YEARS[0]} to "
            f"{YEARS[1]}, leave the cell empty if it is a placeholder"
        )
    return pd.Series(values.dt.tz_localize(None).astype("datetime64[ns]"))


def _texts(values: pd.Series[Any], name: str) -> pa.Array:
    """Cells as trimmed texts, null where missing."""
    if values.dtype == object:
        odd = set(map(type, values)) & {list, dict, tuple, set, bytes, bytearray, np.ndarray}
        if odd:
            row = next(i for i, v in enumerate(values) if type(v) in odd)
            raise DataError(
                f"column {name!r} holds a {type(values.iloc[row]).__name__} in row {row}; a cell holds one number, "
                "date or text"
            )
    elif not pd.api.types.is_string_dtype(values.dtype):
        values = values.astype(object)
    cells: Any = values
    if values.dtype == object:
        cells = [_text_of(v) if known else None for v, known in zip(values, values.notna(), strict=True)]
    try:
        found = pa.array(cells, type=pa.large_string(), from_pandas=True)
    except UnicodeEncodeError:
        raise DataError(f"a text of column {name!r} holds half a surrogate pair; repair it") from None
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _text_of(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else str(value)


def _read(texts: pa.Array, name: str) -> pd.Series[Any]:
    """Texts as what all of them are; worked out on the distinct ones."""
    coded = texts.dictionary_encode()
    distinct = pc.utf8_trim_whitespace(coded.dictionary)
    distinct = pc.if_else(pc.is_in(distinct, value_set=pa.array(MISSING, distinct.type)), None, distinct)
    holes = pc.is_in(distinct, value_set=pa.array(HOLES, distinct.type))
    found = _read_distinct(pc.if_else(holes, None, distinct), name)
    if found is None:
        whole = pc.replace_substring_regex(distinct, r"^([+-]?[1-9]\d*|0)\.0+$", r"\1")  # 3.0 and 3 are one category
        found = pd.Series(whole.to_numpy(zero_copy_only=False), dtype=object)
    last = len(found)  # where a missing cell looks itself up
    places = pc.fill_null(coded.indices, last).to_numpy(zero_copy_only=False)
    if found.dtype == "int64" and not texts.null_count:
        return pd.Series(found.to_numpy()[places])
    lost: Any = np.datetime64("NaT", "ns") if found.dtype.kind == "M" else None if found.dtype == object else np.nan
    return pd.Series(np.append(found.to_numpy(), np.array([lost]))[places], dtype=None if lost is not None else object)


def _read_distinct(distinct: pa.Array, name: str) -> pd.Series[Any] | None:
    """Distinct texts as truth values, numbers or dates, None if they are none of these."""
    known = distinct.drop_null()
    if not len(known):
        return None
    if len(known) <= 6 and {v.lower() for v in known.to_pylist()} <= {"true", "false"}:
        titled = [None if v is None else v.capitalize() for v in distinct.to_pylist()]
        return pd.Series(titled, dtype=object)
    if _all(known, _NUMBER):
        if pc.any(pc.match_substring_regex(known, _CODE)).as_py():
            return None
        return _as_numbers(distinct, known, name)
    return _as_dates(distinct, name)


def _as_numbers(distinct: pa.Array, known: pa.Array, name: str) -> pd.Series[Any]:
    numbers = pc.cast(pc.replace_substring_regex(distinct, r"^\+", ""), pa.float64())
    values = pd.Series(numbers.to_numpy(zero_copy_only=False))
    if _all(known, r"^[+-]?\d+$") and len(known) == len(distinct):
        return values.astype("int64")
    return _numbers(values, name)


def _as_dates(distinct: pa.Array, name: str) -> pd.Series[Any] | None:
    form = date_form(distinct.drop_null())
    if form is None or form == AMBIGUOUS:
        return None
    texts = pd.Series(distinct.to_numpy(zero_copy_only=False), dtype=object)
    return _dates(pd.to_datetime(texts, format=form, utc=True, errors="coerce"), name)


AMBIGUOUS = "day and month cannot be told apart"


def date_form(distinct: pa.Array) -> str | None:
    """How these texts write dates: `ISO8601`, a pattern for strptime, `AMBIGUOUS`, or None when they are no dates.

    >>> date_form(pa.array(["31/12/2020", "01/02/2021"]))
    '%d/%m/%Y'
    >>> date_form(pa.array(["01/02/2021"])) == AMBIGUOUS
    True
    """
    if not len(distinct) or not re.search(r"\d{4}", distinct[0].as_py()) or len(distinct[0].as_py()) > 40:
        return None
    if _all(distinct, _ISO):
        return "ISO8601" if _parses(distinct, "ISO8601") else None
    for time in _TIMES:
        for form in _FORMS:
            if _parses(distinct, form + time):
                return form + time
        for pair in _EITHER:
            fitting = [form + time for form in pair if _parses(distinct, form + time)]
            if fitting:
                return fitting[0] if len(fitting) == 1 else AMBIGUOUS
    return None


def _parses(distinct: pa.Array, form: str) -> bool:
    for some in (distinct.slice(0, 3), distinct):
        texts = pd.Series(some.to_pylist(), dtype=object)
        if pd.to_datetime(texts, format=form, utc=True, errors="coerce").isna().any():
            return False
    return True


def _all(texts: pa.Array, pattern: str) -> bool:
    parts = (texts.slice(0, 100), texts)  # most columns are told by a few
    return all(pc.all(pc.match_substring_regex(some, pattern)).as_py() for some in parts)


def shown(value: Any, most: int = 30) -> str:
    """A cell as a message may show it: short, personal data masked."""
    text = mask_personal(str(value))
    return repr(text if len(text) <= most else text[: most - 1] + "…")
