"""`byheart explain sources RUN`: the training documents of everything that a run recites."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from byheart.cli import options as o


def command(
    run: Annotated[Path, typer.Argument(help="Run folder of `audit text`.")],
    index: Annotated[
        Path | None, typer.Option("--index", help="Index of all training data; default, of the records of the run.")
    ] = None,
    show_text: o.ShowText = False,
    quiet: o.Quiet = False,
) -> None:
    """Which training documents hold the passages that the model recites, and how often?"""
    from byheart.audit.text.tracing import trace_run
    from byheart.cli.gate import begin
    from byheart.report import write_all

    begin(quiet)
    folder, found = trace_run(run, index)
    for line in found:
        print(line)
    print(f"\nReport: {write_all(folder, show_text=show_text)}")
