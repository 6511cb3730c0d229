"""What does each cure cost: its privacy beside its quality, as points of one plot?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from byheart.core.atomic import write_json
from byheart.core.errors import DataError, RunError
from byheart.core.verdict import Estimate

SCHEMA = "byheart.trade_off/1"


@dataclass(frozen=True)
class Point:
    """One synthetic table.

    Args:
        name: of the cure or the generator, as it stands beside the point; each once.
        privacy: how much is memorized; lower is better.
        quality: what the table is worth; higher is better.
    """

    name: str
    privacy: Estimate
    quality: Estimate


def save_trade_off(points: Sequence[Point], path: Path, *, privacy: str, quality: str) -> None:
    """Write the points as JSON.

    Args:
        points: at least one, in the order of the legend.
        path: the file, by custom `findings/trade_off.json` in a run or reproduction folder.
        privacy: what the privacy of all points measures, in words, for the axis.
        quality: the same for the quality.

    Raises:
        DataError: without a point, or with two of one name.
    """
    names = [p.name for p in points]
    if not names or len(set(names)) < len(names):
        raise DataError(f"a trade-off needs points of different names; got {', '.join(names) or 'none'}")
    fields = {"schema": SCHEMA, "privacy": privacy, "quality": quality, "points": [asdict(p) for p in points]}
    write_json(fields, path)


def load_trade_off(path: Path) -> list[Point]:
    """Read what `save_trade_off` wrote.

    Raises:
        RunError: if the file is of another schema.
    """
    fields = json.loads(path.read_text(encoding="utf-8"))
    if fields.get("schema") != SCHEMA:
        raise RunError(f"{path} has schema {fields.get('schema')!r}; this version reads {SCHEMA!r}")
    return [Point(p["name"], Estimate(**p["privacy"]), Estimate(**p["quality"])) for p in fields["points"]]
