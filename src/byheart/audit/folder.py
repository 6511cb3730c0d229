"""How a run begins and ends: where it goes, what it notes of itself and of the machine that made it."""

from __future__ import annotations

import datetime as dt
import json
import platform
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import byheart
from byheart.audit.verify import seal
from byheart.core.corpus import Corpus
from byheart.core.digest import digest_json
from byheart.core.run import RunFolder
from byheart.core.verdict import Verdict
from byheart.report import write_all

LIBRARIES = ("torch", "transformers", "peft", "numpy", "scipy", "scikit-learn", "pandas", "ray")


def begin(
    command: Mapping[str, Any], corpus: Corpus, name: str, records: Any, *, out: Path | str | None,
    command_line: str | None, **facts: Any,
) -> RunFolder:  # fmt: skip
    """Begin a run, or continue the one that the same command began.

    Args:
        command: what the answers depend on, beside the version; by its keys and values a run is known again.
        corpus: the records.
        name: of the model.
        records: where they came from, for the name of the folder.
        out: the folder; None for `runs/<date>-<name>-<records>`.
        command_line: what the user typed.
        facts: what else run.json is to tell.
    """
    stated = {**command, "version": byheart.__version__}
    run = RunFolder.start(out or default_folder(name, records, stated), stated)
    corpus.save(run.corpus_path)
    run.update(model=name, environment=environment(), reproduce=[command_line] if command_line else [], **facts)
    return run


def conclude(run: RunFolder, verdicts: Sequence[Verdict], notes: Sequence[str], **facts: Any) -> None:
    """Keep the verdicts, and what a reader should know beside them."""
    run.save_verdicts(list(verdicts))
    run.update(notes=list(notes), finished=dt.date.today().isoformat(), **facts)


def finish(run: RunFolder, *, show_text: bool) -> RunFolder:
    """Note the digest of every output, and write the report."""
    seal(run)
    with run.step("report"):
        write_all(run, show_text=show_text)
    return run


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


def told_source(model: Any) -> str:
    """Where a model came from, as run.json tells it: what opens it again, an address, or that it was a live one."""
    return str(model) if isinstance(model, (str, Path)) else str(getattr(model, "url", None) or "a live model")


def environment() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    found = {"byheart": byheart.__version__, "python": platform.python_version(), "platform": platform.platform()}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found
