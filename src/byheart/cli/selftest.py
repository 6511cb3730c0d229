"""`byheart selftest`: positive and negative controls, made and audited on this machine."""

from __future__ import annotations

import importlib
from typing import Annotated

import typer

from byheart.cli import options as o
from byheart.cli.families import families_with, listed
from byheart.cli.gate import begin

FAMILIES = families_with("selftest.py")


def selftest(
    family: Annotated[str, typer.Option("--family", help=f"{listed(FAMILIES, 'or')}, so far.")] = "text",
    seed: o.Seed = 0,
    quiet: o.Quiet = False,
) -> int:
    """Does the instrument find planted memorization, and stay silent without it?"""
    from byheart.core.errors import UsageError

    begin(quiet)
    if family not in FAMILIES:
        raise UsageError(f"the self-test knows the families {listed(FAMILIES, 'and')} so far; got {family!r}")
    checks = importlib.import_module(f"byheart.audit.{family}.selftest").selftest(seed=seed)
    for check in checks:
        print(f"{check.name} control: {'as it must be' if check.passed else 'FAILED'}; {check.said}")
    return 0 if all(c.passed for c in checks) else 1
