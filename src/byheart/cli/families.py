"""Which families have what? A family is one room of its name in `audit/`, found there, in no list."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

import byheart

ROOMS = Path(byheart.__file__).parent / "audit"


@cache
def audits() -> dict[str, str]:
    """`package.module:function` of each audit, by family.

    Ours are `audit/FAMILY/audit_FAMILY.py` with a function of that name; other packages join through the entry-point
    group `byheart.audits`, under the name of the family.
    """
    others = {point.name: f"{point.module}:{point.attr}" for point in entry_points(group="byheart.audits")}
    return {**others, **{f: f"byheart.audit.{f}.audit_{f}:audit_{f}" for f in families_with("audit_{}.py")}}


def families_with(file: str) -> list[str]:
    """Families whose room in `audit/` holds a file of this name, `{}` for that of the family; texts first."""
    names = [room.name for room in ROOMS.iterdir() if (room / file.format(room.name)).is_file()]
    return sorted(names, key=lambda name: (name != "text", name))


def listed(names: list[str], word: str) -> str:
    """`a, b and c`."""
    return f" {word} ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
