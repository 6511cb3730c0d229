"""What `byheart audit benchmark` spells otherwise than `audit_benchmark`."""

from __future__ import annotations

from typing import Any

import typer


def arguments(
    twins: str | None = None, twin_column: str | None = None, make: str = "numbers,names,options"
) -> dict[str, Any]:
    """Arguments of `audit_benchmark` from what was typed."""
    if twins is not None and twin_column is not None:
        raise typer.BadParameter("--twins and --twin-column both say where the twins are; give one")
    return {"make": [rule.strip() for rule in make.split(",") if rule.strip()]}
