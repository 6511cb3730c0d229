"""Before an audit and after it: where its log goes, what it prints, and the exit code that a script can stop at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from byheart.core.run import RunFolder


def check_gate(fail_on: str | None, junit: Path | None) -> None:
    """Refuse a gate that does not exist, or whose file cannot be written, before anything is computed."""
    if fail_on not in (None, "shown", "inconclusive"):
        raise typer.BadParameter(f"--fail-on is shown or inconclusive; got {fail_on!r}")
    if junit is not None:
        if junit.is_dir():
            raise typer.BadParameter(f"--junit is a file to write; {junit} is a folder")
        junit.parent.mkdir(parents=True, exist_ok=True)


def begin(quiet: bool) -> None:
    """Progress and log lines go to standard error, or nowhere."""
    import logging
    import sys

    from byheart.core.progress import progress_off

    if quiet:
        progress_off()
    level = logging.WARNING if quiet else logging.INFO
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log = logging.getLogger("byheart")
    log.handlers, log.propagate = [handler], False
    log.setLevel(level)


def finish(run: RunFolder, *, fail_on: str | None, junit: Path | None, as_json: bool) -> int:
    """Print the verdicts, write the gate's file, return the exit code of the contract."""
    from byheart.core.verdict import SCHEMA
    from byheart.report.junit import write_junit
    from byheart.report.terminal import verdict_lines

    verdicts = run.verdicts
    if junit is not None:
        write_junit(verdicts, junit, fail_on or "shown")
    if as_json:
        import json

        print(json.dumps({"schema": SCHEMA, "verdicts": [v.to_dict() for v in verdicts]}, indent=1, sort_keys=True))
    else:
        print("\n".join(verdict_lines(verdicts)))
        print(f"\nReport: {run.path / 'report.html'}")
    decisions = {v.decision for v in verdicts}
    if fail_on and "shown" in decisions:
        return 3
    if fail_on == "inconclusive" and (not verdicts or "inconclusive" in decisions):
        return 4
    return 0
