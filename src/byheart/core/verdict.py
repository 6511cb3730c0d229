"""A claim, the numbers for and against it, and whether it is shown."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from byheart.core.atomic import write_json
from byheart.core.errors import RunError

SCHEMA = "byheart.verdicts/1"
Decision = Literal["shown", "not shown", "inconclusive"]


@dataclass(frozen=True)
class Estimate:
    """A number that can be cross-examined.

    Args:
        value: the estimate; None where the data license none.
        low, high: its interval; None on an open side.
        level: coverage of the interval, 0.95 by default.
        n: how many units it rests on.
        unit: what is counted, and in which unit the value is ("AUC over 90 documents").
        how: how value and interval were made.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    unit: str
    how: str
    level: float = 0.95

    def __post_init__(self) -> None:
        for name in ("value", "low", "high"):
            number = getattr(self, name)
            if number is not None and not math.isfinite(number):
                raise ValueError(f"{name} is finite or None; got {number}")

    def __str__(self) -> str:
        def word(x: float | None, open_side: str) -> str:
            return open_side if x is None else f"{x:.3g}"

        if self.value is None:
            return "none"
        return f"{self.value:.3g} [{word(self.low, '-inf')}, {word(self.high, 'inf')}]"


@dataclass(frozen=True)
class Verdict:
    """One claim judged. `shown` needs a control, a small enough p and a blind baseline that does not explain it."""

    method: str
    family: str
    claim: str
    decision: Decision
    p: float | None
    main: Estimate
    control: Estimate | None = None
    baseline: Estimate | None = None
    caveats: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.decision == "shown" and (self.control is None or self.p is None):
            raise ValueError(f"{self.method}: nothing is shown without a control and a p-value")
        if self.decision != "shown" and not self.caveats:
            raise ValueError(f"{self.method}: a claim that is {self.decision} says why in its caveats")

    def to_dict(self) -> dict[str, Any]:
        """As `verdicts.json` holds it."""
        return {**asdict(self), "caveats": list(self.caveats)}

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Verdict:
        """Back from `to_dict`."""
        known = {k: v for k, v in fields.items() if k in cls.__dataclass_fields__}
        estimates = {k: Estimate(**known[k]) if known.get(k) else None for k in ("main", "control", "baseline")}
        return cls(**{**known, **estimates, "caveats": tuple(known.get("caveats", ()))})


def save_verdicts(verdicts: Sequence[Verdict], path: Path) -> None:
    """Write `verdicts.json`."""
    write_json({"schema": SCHEMA, "verdicts": [v.to_dict() for v in verdicts]}, path)


def load_verdicts(path: Path) -> list[Verdict]:
    """Read `verdicts.json`.

    Raises:
        RunError: if the file is absent or of another schema.
    """
    if not path.exists():
        raise RunError(f"{path} is not there; the audit has not come to its verdicts, run it again to continue")
    content = json.loads(path.read_text(encoding="utf-8"))
    if content.get("schema") != SCHEMA:
        raise RunError(f"{path} has schema {content.get('schema')!r}; this version reads {SCHEMA!r}")
    return [Verdict.from_dict(v) for v in content["verdicts"]]
