"""`byheart selftest`: positive and negative controls, made and audited on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from byheart.cli import options as o


def selftest(
    family: Annotated[str, typer.Option("--family", help="text or table, so far.")] = "text",
    seed: o.Seed = 0,
    quiet: o.Quiet = False,
) -> int:
    """Does the instrument find planted memorization, and stay silent without it?"""
    from byheart.cli.audit import begin
    from byheart.core.errors import UsageError

    begin(quiet)
    if family == "text":
        from byheart.audit.text.selftest import selftest as run
    elif family == "table":
        from byheart.audit.table.selftest import selftest_table as run
    else:
        raise UsageError(f"the self-test knows the families text and table so far; got {family!r}")
    checks = run(seed=seed)
    for check in checks:
        print(f"{check.name} control: {'as it must be' if check.passed else 'FAILED'}; {check.said}")
    return 0 if all(c.passed for c in checks) else 1
