"""`byheart measure|localize|explain|mitigate METHOD RUN`: one step at a time, on a run folder.

The commands are the methods: names come from the tree, options from the method's signature, help from its docstring.
No method is imported before it is named.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import typing
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from byheart.cli import options as o
from byheart.core.card import VERBS, addresses, asks_for, load

PLAIN = (int, float, str, bool)
_MODEL = {"device": (o.Device, "auto"), "dtype": (o.Dtype, "auto"), "trust_remote_code": (o.Trust, False)}
_INDEX = typer.Option("--index", help="Index of all training data; default, of the records of the run.")
OPENED: dict[str, dict[str, tuple[Any, Any]]] = {
    "target": _MODEL,
    "token_events": _MODEL,
    "index": {"index": (Annotated[Path | None, _INDEX], None), **_MODEL},
}
"""Options by which a user names what is opened for a method that asks for it, with their defaults."""


class MethodGroup(TyperGroup):
    """A verb: its methods as commands, made when asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of the methods in this verb's room."""
        return [a.partition("/")[2] for a in addresses() if a.startswith(f"{self.name}/")]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of one method, from its signature; None if there is no such method."""
        if cmd_name not in self.list_commands(ctx):
            return None
        app = typer.Typer(add_completion=False)
        app.command(cmd_name)(_own_command(self.name, cmd_name) or _callback(load(f"{self.name}/{cmd_name}")))
        return typer.main.get_command(app)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Names only: their summaries would need every method imported; `byheart list` has them."""
        formatter.write_usage(ctx.command_path, "METHOD RUN [OPTIONS]")
        formatter.write_text(self.help or "")
        with formatter.section("Methods (`byheart list` tells what each asks)"):
            formatter.write_text(", ".join(self.list_commands(ctx)) or "none yet")


def _own_command(verb: str | None, name: str) -> Any:
    """The function `command` of `cli/VERB_NAME.py`, for a method that asks for more than a run; None without one."""
    module = f"byheart.cli.{verb}_{name}"
    return importlib.import_module(module).command if importlib.util.find_spec(module) else None


def _callback(method: Any) -> Any:
    """A function whose signature is a run folder and the method's keyword options of plain types.

    What has to be opened for it has options too; for a method that makes an edit, so have its proof and its trial.
    """
    run = Annotated[Path, typer.Argument(help="Run folder.")]
    parts, needs = {"options": _options(method)}, asks_for(method)
    if method.card.verb == "mitigate":
        from byheart.audit.curing import Proving, room_of

        room = room_of(method.card.family)
        parts |= {"proving": _options(Proving), "trial": _options(room.trial)}
        needs = (*needs, *room.NEEDS)
    opened = {k: v for name in needs for k, v in OPENED.get(name, {}).items()}
    parts["opening"] = [_keyword(name, *told) for name, told in opened.items()]
    owner = {p.name: part for part, params in reversed(parts.items()) for p in params}
    mine = [p for part, params in parts.items() for p in params if owner[p.name] == part]

    def call(run: Path, **given: Any) -> None:
        from byheart.audit.step import run_step

        by_part: dict[str, dict[str, Any]] = {part: {} for part in parts}
        for name, value in given.items():
            if value is not None:
                by_part[owner[name]][name] = value
        for line in run_step(method, run, by_part.pop("options"), **by_part.pop("opening"), **by_part):
            print(line)

    first = inspect.Parameter("run", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=run)
    call.__signature__ = inspect.Signature([first, *mine])  # type: ignore[attr-defined]
    call.__annotations__ = {p.name: p.annotation for p in (first, *mine)}
    call.__doc__ = inspect.getdoc(inspect.getmodule(method))
    return call


def _options(function: Any) -> list[inspect.Parameter]:
    """Keyword options of plain types (of a class, its fields), but the seed, as typer reads them."""
    hints, is_class = typing.get_type_hints(function), inspect.isclass(function)
    params = []
    for name, p in inspect.signature(function).parameters.items():
        kind = _plain(hints.get(name))
        if (is_class or p.kind is inspect.Parameter.KEYWORD_ONLY) and kind is not None and name != "seed":
            default = None if p.default is inspect.Parameter.empty else p.default
            params.append(_keyword(name, Annotated[kind | None, typer.Option(help=_help(function, name))], default))
    return params


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _help(method: Any, name: str) -> str:
    """What the method's docstring says of an option, its first line."""
    lines = (inspect.getdoc(method) or "").splitlines()
    said = [line.strip().partition(": ")[2] for line in lines if line.strip().startswith(f"{name}: ")]
    return said[0] if said else ""


def _plain(hint: Any) -> Any:
    """int, float, str or bool out of an annotation, optional or not; None for anything richer."""
    if hint in PLAIN:
        return hint
    plain = [a for a in typing.get_args(hint) if a in PLAIN]
    return plain[0] if len(plain) == 1 and type(None) in typing.get_args(hint) else None


_HELP = {
    "measure": "Scores from the signals of a run: how memorized is each record?",
    "localize": "Where in the model does it sit?",
    "explain": "Why this record?",
    "mitigate": "Make the model forget.",
}


def app_of(verb: str) -> typer.Typer:
    """The commands of one verb."""
    app = typer.Typer(cls=MethodGroup, name=verb, help=_HELP[verb], no_args_is_help=True, add_completion=False)
    app.callback()(lambda: None)
    return app


APPS = {verb: app_of(verb) for verb in VERBS}
