"""`byheart audit FAMILY`: from a model and its records to verdicts and a page.

The commands are the audits: names come from the tree, options from the audit's signature, help from its docstring.
What the command line spells otherwise stands in `cli/audit_FAMILY.py`: a function `arguments` from options to arguments
of the audit, and `INSTEAD`, which names the options that stand in the place of an argument.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from inspect import Parameter, Signature
from typing import Any

import typer
from typer.core import TyperGroup

from byheart.cli import options as o
from byheart.cli.families import audits
from byheart.cli.gate import begin, check_gate, finish
from byheart.cli.signature import Written, read_function

FIRST = ("chat", "benchmark", "text", "table")  # in the help; what joins later follows by name


class AuditGroup(TyperGroup):
    """The audits as commands, each made when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Families that have an audit."""
        return sorted(audits(), key=lambda f: (FIRST.index(f) if f in FIRST else len(FIRST), f))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of one audit; None if there is none, and then all are made, to tell which name is near."""
        for family in [cmd_name] if cmd_name in audits() else self.list_commands(ctx):
            if family not in self.commands:
                self.commands[family] = command_of(family)
        return self.commands.get(cmd_name)


app = typer.Typer(cls=AuditGroup, help="A whole audit: verdicts and a report.", no_args_is_help=True)
app.callback()(lambda: None)


def command_of(family: str) -> Any:
    """The command of one audit."""
    audit = read_function(audits()[family])
    module = f"byheart.cli.audit_{family}"
    spelled = importlib.import_module(module) if importlib.util.find_spec(module) else None
    own = read_function(f"{module}:arguments", audit.help) if spelled else Written("", {}, {})

    def call(**typed: Any) -> int:
        check_gate(typed["fail_on"], typed["junit"])
        begin(typed["quiet"])
        given = audit.given(typed)
        if spelled:
            given |= spelled.arguments(**own.given(typed))
        if "engine" in audit.options:
            from byheart.execute import engine_named

            given["engine"] = engine_named(typed["engine"], workers=typed["workers"], address=typed["ray_address"])
        module, _, name = audits()[family].partition(":")
        run = getattr(importlib.import_module(module), name)(**given, command_line=o.typed())
        return finish(run, fail_on=typed["fail_on"], junit=typed["junit"], as_json=typed["as_json"])

    parameters = [*_options(audit, own, getattr(spelled, "INSTEAD", {})), *_shared(audit)]
    call.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {p.name: p.annotation for p in parameters}
    call.__doc__ = audit.question
    one = typer.Typer(add_completion=False)
    one.command(family)(call)
    return typer.main.get_command(one)


def _options(audit: Written, own: Written, instead: dict[str, tuple[str, ...]]) -> Iterator[Parameter]:
    """The options of this audit alone, in the order of its arguments."""
    for name, option in audit.options.items():
        if name not in (*o.SHARED, "command_line"):
            some = (own.options.get(n, option) for n in instead.get(name, (name,)))
            yield from (s for s in some if s is not None)


def _shared(audit: Written) -> Iterator[Parameter]:
    """The options that audits share, as far as this one takes what they say."""
    for name, (kind, default) in o.SHARED.items():
        if name in o.EVERY or ("engine" if name in o.OF_ENGINE else name) in audit.options:
            yield Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)
