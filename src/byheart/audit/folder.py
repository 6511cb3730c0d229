"""Where a run goes, and what it notes about the machine that made it."""

from __future__ import annotations

import datetime as dt
import json
import platform
import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import byheart
from byheart.core.digest import digest_json

LIBRARIES = ("torch", "transformers", "peft", "numpy", "scipy", "scikit-learn", "pandas", "ray")


def default_folder(model: str, members: Any, command: Mapping[str, Any], root: Path = Path("runs")) -> Path:
    """`runs/<date>-<model>-<members>`; the folder of an earlier day if the same command began there.

    Args:
        model: name of the model.
        members: where its records came from.
        command: what the run's answers depend on.
        root: folder of runs.
    """
    stem = Path(members).stem if isinstance(members, (str, Path)) else "records"
    name = "-".join(re.sub(r"[^A-Za-z0-9.]+", "-", part).strip("-") or "model" for part in (Path(model).name, stem))
    stated = digest_json(json.loads(json.dumps(dict(command), default=str)))
    for earlier in sorted(root.glob(f"*-{name}*/run.json"), reverse=True):
        if digest_json(json.loads(earlier.read_text(encoding="utf-8")).get("command", {})) == stated:
            return earlier.parent
    folder = root / f"{dt.date.today().isoformat()}-{name}"
    taken = [folder, *(folder.with_name(f"{folder.name}-{i}") for i in range(2, 1000))]
    return next(f for f in taken if not (f / "run.json").exists())


def environment() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    found = {"byheart": byheart.__version__, "python": platform.python_version(), "platform": platform.platform()}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found
