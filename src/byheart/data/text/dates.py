"""When was each record made? Dates in any usual form as ISO strings, for the blind baseline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import pandas as pd

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
DATE_COLUMNS = ("date", "created", "created_at", "timestamp", "published", "published_at", "datetime", "year")


def date_column_in(columns: Sequence[str]) -> str | None:
    """The first usual name of a date column that is there, whatever its case."""
    by_name = {c.lower(): c for c in reversed(columns)}
    return next((by_name[name] for name in DATE_COLUMNS if name in by_name), None)


def iso_dates(values: Sequence[Any]) -> list[str]:
    """Each value, (n,), as `YYYY-MM-DDTHH:MM:SS` in universal time; empty where it is no date.

    Numbers below 3000 are years, others seconds since 1970, or milliseconds from 10^11 on.

    >>> iso_dates(["2024-05-01", 1999, 86400, "soon"])
    ['2024-05-01T00:00:00', '1999-01-01T00:00:00', '1970-01-02T00:00:00', '']
    """
    stamps = pd.to_datetime(
        pd.Series([_plain(v) for v in values], dtype=object), errors="coerce", utc=True, format="mixed"
    )
    return stamps.dt.strftime("%Y-%m-%dT%H:%M:%S").fillna("").tolist()


def _plain(value: Any) -> Any:
    number = _number(value)
    if number is None:
        return value if isinstance(value, str) else (None if value is None else str(value))
    if 0 < number < 3000 and number == int(number):
        return f"{int(number):04d}-01-01"
    try:
        return (EPOCH + timedelta(seconds=number / 1000 if abs(number) >= 1e11 else number)).isoformat()
    except OverflowError:
        return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if number == number else None
