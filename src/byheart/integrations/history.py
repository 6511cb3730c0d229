"""What did the model know at each evaluation? One JSON line each, in a file that survives a kill."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from byheart.core.atomic import write_text


class History:
    """The lines of `history.jsonl`.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[dict[str, Any]] = []

    def begin(self, step: int) -> None:
        """Keep what an earlier sitting wrote up to the step that training continues from; 0 begins anew."""
        kept = self.path.read_text(encoding="utf-8").splitlines() if step and self.path.exists() else []
        self.lines = [line for line in map(json.loads, kept) if line["step"] <= step]
        self._write()

    def add(self, step: int, epoch: float | None, told: Mapping[str, float]) -> None:
        """One more line; a number that is not finite becomes null."""
        finite = {k: v if math.isfinite(v) else None for k, v in told.items()}
        self.lines.append({"step": step, "epoch": epoch, **finite})
        self._write()

    def _write(self) -> None:
        write_text("".join(json.dumps(line, allow_nan=False) + "\n" for line in self.lines), self.path)
