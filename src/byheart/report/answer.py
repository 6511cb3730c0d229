"""One question that follows a verdict, and what a run knows of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from byheart.core.verdict import Estimate
from byheart.report.proof import ProofRow
from byheart.report.words import interval_words, number


@dataclass(frozen=True)
class Answer:
    """One question and what is known.

    Args:
        question: as a heading.
        sentences: the answer, results first.
        caveats: what to know before believing it.
        command: what would answer it, where nothing was asked yet.
        chart: id of its picture, empty without one.
        caption: of the picture.
        rows: lines of a proof, as a table.
    """

    question: str
    sentences: list[str] = field(default_factory=list)
    caveats: list[str] = field(default_factory=list)
    command: str = ""
    chart: str = ""
    caption: str = ""
    rows: list[ProofRow] = field(default_factory=list)


def of(e: Estimate) -> str:
    """A number with its interval and n.

    >>> of(Estimate(0.5, 0.25, 0.75, 8, "", ""))
    '0.5 (0.25 to 0.75, n = 8)'
    """
    return f"{number(e.value)} ({interval_words(e) or 'no interval'}, n = {e.n})"


def plain(values: pd.Series) -> list[float | None]:
    """Numbers as JSON holds them: None for NaN."""
    return [None if pd.isna(v) else float(v) for v in values]


def bars(value: pd.Series, low: pd.Series, high: pd.Series) -> dict[str, object]:
    """An interval as plotly draws it about a value; none where an end is not known."""
    up, down = (high - value).fillna(0.0), (value - low).fillna(0.0)
    return {"type": "data", "symmetric": False, "array": up.tolist(), "arrayminus": down.tolist()}
