"""What `byheart audit table` spells otherwise than `audit_table`."""

from __future__ import annotations

from typing import Any

import typer

INSTEAD = {"kinds": ("kind",)}


def arguments(kind: list[str] | None = None) -> dict[str, Any]:
    """Arguments of `audit_table` from what was typed.

    Args:
        kind: `COLUMN=number|date|category|text|identifier`, where the inferred kind is wrong.
    """
    kinds = {}
    for one in kind or ():
        name, equals, its = one.rpartition("=")
        if not equals or not name:
            raise typer.BadParameter(f"--kind is COLUMN=KIND, as in zip=category; got {one!r}")
        kinds[name] = its
    return {"kinds": kinds}
