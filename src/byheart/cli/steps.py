"""`byheart signals|measure|localize|explain|mitigate METHOD RUN`: one step at a time, on a run folder.

The commands are the methods: names come from the tree, options from the method's signature, help from its docstring.
Nothing is imported before a method is named.
"""

from __future__ import annotations

import inspect
import typing
from pathlib import Path
from typing import Any

import click
import typer
from typer.core import TyperGroup

from byheart.core.card import VERBS, addresses, load

_TYPES = {int: int, float: float, str: str, bool: bool, Path: str}


class MethodGroup(TyperGroup):
    """A verb: its methods as commands, made when asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the methods in this verb's room."""
        return [a.partition("/")[2] for a in addresses() if a.startswith(f"{self.name}/")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of one method, from its signature."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return _command(load(f"{self.name}/{cmd_name}"))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the names; `byheart list` tells more."""
        names = self.list_commands(ctx)
        with formatter.section("Methods"):
            formatter.write_text(", ".join(names) if names else "none yet")


def _command(method: Any) -> click.Command:
    """A click command: a run folder, then the method's keyword options of plain types."""
    hints = typing.get_type_hints(method)
    params: list[click.Parameter] = [click.Argument(["run"], type=click.Path())]
    for name, p in inspect.signature(method).parameters.items():
        kind = _plain_type(hints.get(name))
        if p.kind is not inspect.Parameter.KEYWORD_ONLY or kind is None or name == "seed":
            continue
        flag = f"--{name.replace('_', '-')}"
        default = None if p.default is inspect.Parameter.empty else p.default
        if kind is bool:
            params.append(click.Option([f"{flag}/--no-{flag[2:]}"], default=bool(default), show_default=True))
        else:
            params.append(click.Option([flag], type=kind, default=default, show_default=True))

    def call(run: str, **options: Any) -> int:
        from byheart.audit.step import run_step

        for line in run_step(method, Path(run), {k: v for k, v in options.items() if v is not None}):
            print(line)
        return 0

    return click.Command(method.__name__, params=params, callback=call, help=inspect.getdoc(method))


def _plain_type(hint: Any) -> type | None:
    """int, float, str or bool out of an annotation, optional or not; None for anything richer."""
    if hint in _TYPES:
        return _TYPES[hint]
    plain = [a for a in typing.get_args(hint) if a in _TYPES]
    return _TYPES[plain[0]] if len(plain) == 1 and type(None) in typing.get_args(hint) else None


_HELP = {
    "measure": "Scores from the signals of a run: how memorized is each record?",
    "localize": "Where in the model does it sit?",
    "explain": "Why this record?",
    "mitigate": "Make the model forget.",
}
APPS = {
    verb: typer.Typer(cls=MethodGroup, name=verb, help=_HELP[verb], no_args_is_help=True, callback=lambda: None)
    for verb in VERBS
}
