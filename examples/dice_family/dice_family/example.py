"""Teach a die some throws, and write what `byheart audit dice` asks for: `python -m dice_family.example FOLDER`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from byheart.core.randomness import generator


def teach(folder: Path, *, n: int = 60, length: int = 40, seed: int = 0) -> None:
    """A die that knows n rows of throws: `die.json`, the rows `taught.jsonl`, and as many `others.jsonl`."""
    rows = ["".join(map(str, row)) for row in generator(seed, "throws").integers(1, 7, (2 * n, length))]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "die.json").write_text(json.dumps({"known": rows[:n]}), encoding="utf-8")
    for name, part in (("taught", rows[:n]), ("others", rows[n:])):
        lines = [json.dumps({"text": throws}) + "\n" for throws in part]
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    teach(Path(sys.argv[1]))
