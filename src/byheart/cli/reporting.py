"""`byheart report`, `byheart compare`, `byheart verify`: from run folders, without the model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from byheart.cli import options as o


def report(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    show_text: o.ShowText = False,
) -> None:
    """Write report.html, report.md and annex.md again from what the run holds."""
    from byheart.core.run import RunFolder
    from byheart.report import write_all

    print(write_all(RunFolder.existing(run), show_text=show_text))


def compare(
    before: Annotated[Path, typer.Argument(help="Run folder.")],
    after: Annotated[Path, typer.Argument(help="Run folder of the same records, another model.")],
    out: Annotated[Path | None, typer.Option("--out", help="Where the page goes; default AFTER/compare.html.")] = None,
    as_json: o.AsJson = False,
) -> None:
    """What changed between two runs, each change with its interval."""
    from byheart.core.run import RunFolder
    from byheart.report.compare import change_lines, compare_runs, write_comparison

    runs = RunFolder.existing(before), RunFolder.existing(after)
    changes = compare_runs(*runs)
    page = write_comparison(changes, *runs, out or after / "compare.html")
    if as_json:
        import json

        print(json.dumps([c.to_dict() for c in changes], indent=1))
    else:
        print("\n".join(change_lines(changes)))
        print(f"\nPage: {page}")


def verify(run: Annotated[Path, typer.Argument(help="Run folder.")]) -> int:
    """Compare data, model and outputs with the digests in run.json; tell what was changed afterwards."""
    from byheart.audit import verify_run
    from byheart.core.run import RunFolder

    lines, changed = verify_run(RunFolder.existing(run))
    print("\n".join(lines))
    return 3 if changed else 0
