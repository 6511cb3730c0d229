"""How alike are two cells of a table, and how may a cell be shown without telling what it holds?

A mask has one look for each kind of column: its length would tell which category it hides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.items.rows import Rows
from byheart.core.mask import MASK
from byheart.core.schema import Schema
from byheart.report.evidence import Evidence
from byheart.report.words import safe

CLOSE, NEAR = 0.01, 0.05  # of a column's range
WIDEST = 48  # characters shown of one cell
MASKS = {
    "number": MASK * 3, "date": f"{MASK * 4}-{MASK * 2}-{MASK * 2}", "category": MASK * 4,
    "text": f"{MASK * 3} {MASK * 3}", "identifier": MASK * 6,
}  # fmt: skip
GLYPHS = {"equal": "=", "close": "≈", "near": "≈", "apart": "≠"}


@dataclass(frozen=True)
class Cell:
    """One cell as the page shows it.

    Args:
        text: masked unless text may be shown.
        alike: `equal`, `close` (within 1 % of the range), `near` (within 5 %) or `apart`; empty where nothing is
            compared.
        mark: the same without colour, with the distance of two numbers.
    """

    text: str
    alike: str = ""
    mark: str = ""


@dataclass(frozen=True, eq=False)
class Scale:
    """What the distance of two cells is measured in.

    Args:
        rows: all rows of the run.
        span: float64 (numbers,), the range of each numerical column among the real rows.
    """

    rows: Rows
    span: np.ndarray

    @classmethod
    def of(cls, rows: Rows, real: np.ndarray) -> Scale:
        """The ranges over the real rows, a bool mask (n,)."""
        numbers = _rounded(rows)[real]
        if not numbers.size:
            return cls(rows, np.zeros(len(rows.schema.numerical)))
        low = np.where(np.isnan(numbers), np.inf, numbers).min(axis=0)
        high = np.where(np.isnan(numbers), -np.inf, numbers).max(axis=0)
        return cls(rows, np.where(low <= high, high - low, 0.0))

    def apart(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Distance of the cells of rows a to those of rows b, float64 (pairs, columns), from 0 equal to 1.

        Columns stand in the order of the schema. Numbers: difference over range, at most 1; all else 0 or 1; two
        missing cells are equal, one is apart.

        Args:
            a: places of rows, int (pairs,).
            b: as many.
        """
        schema, by_name = self.rows.schema, {}
        numbers = _rounded(self.rows)
        for j, name in enumerate(schema.numerical):
            x, y = numbers[a, j], numbers[b, j]
            with np.errstate(invalid="ignore", divide="ignore"):
                gap = np.where(x == y, 0.0, np.minimum(np.abs(x - y) / self.span[j], 1.0))
            missing = np.isnan(x) != np.isnan(y)
            by_name[name] = np.where(np.isnan(x) & np.isnan(y), 0.0, np.where(missing, 1.0, gap))
        for j, name in enumerate(schema.categorical):
            by_name[name] = (self.rows.codes[a, j] != self.rows.codes[b, j]).astype(np.float64)
        for name in schema.aside:
            x, y = (self.rows.frame[name].to_numpy()[at] for at in (a, b))
            by_name[name] = np.array([_other(s, t) for s, t in zip(x, y, strict=True)], dtype=np.float64)
        return np.stack([by_name[name] for name in schema.names], axis=1)


def agreeing(apart: np.ndarray, schema: Schema) -> np.ndarray:
    """Compared columns in which two rows agree, int64 (pairs,): equal, or numbers within 1 % of the range."""
    compared = np.array([name in schema.compared for name in schema.names])
    count: np.ndarray = np.count_nonzero(apart[:, compared] <= CLOSE, axis=1)
    return count


def shown(values: Sequence[object], schema: Schema, *, show_text: bool) -> list[str]:
    """One row's cells as text, in the order of the schema; masked unless text may be shown."""
    if not show_text:
        return [MASKS[c.kind] for c in schema.columns]
    return ["missing" if v is None else short(v) for v in values]


def masking(evidence: Evidence) -> Callable[[str], str]:
    """Masks what stands in quotation marks: it is taken for a cell unless it names a column or a table."""
    facts = evidence.facts
    names = {str(c["name"]) for c in facts.get("schema", {}).get("columns", [])}
    names |= {str(facts.get(table)) for table in ("train", "synthetic", "control")}

    def masked(quote: re.Match[str]) -> str:
        return quote[0] if quote[0][1:-1] in names else f"{quote[0][0]}{MASK * 4}{quote[0][0]}"

    return lambda text: re.sub(r"(?<!\w)(?:'[^']*'|\"[^\"]*\")(?!\w)", masked, text)


def short(value: object, longest: int = WIDEST) -> str:
    """A cell or a name, of bounded length and fit for a page.

    >>> short("abcdef", 4)
    'abc…'
    """
    text = safe(value)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def marked(text: str, kind: str, apart: float) -> Cell:
    """A cell with its likeness to the cell beside it.

    >>> marked("•••", "number", 0.03)
    Cell(text='•••', alike='near', mark='≈ 3 %')
    """
    limits = (("equal", 0.0), ("close", CLOSE), ("near", NEAR))
    alike = next((name for name, most in limits if apart <= most), "apart")
    by = f" {_percent(apart)}" if kind in ("number", "date") and alike != "equal" and apart < 1 else ""
    return Cell(text, alike, GLYPHS[alike] + by)


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share >= 1e-4 else "under 0.01 %"


def _rounded(rows: Rows) -> np.ndarray:
    whole = np.array([rows.schema[name].whole for name in rows.schema.numerical], dtype=bool)
    return np.where(whole, np.round(rows.numbers), rows.numbers)


def _other(s: object, t: object) -> bool:
    missing = (s is None or s != s, t is None or t != t)
    return missing[0] != missing[1] if any(missing) else s != t
