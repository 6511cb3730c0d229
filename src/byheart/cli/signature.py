"""What a function takes and what its docstring says of it, read from its file.

Nothing is imported: an audit loads the libraries of its family, which takes seconds, and `--help` needs none of them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.machinery import PathFinder
from importlib.util import find_spec
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any

import typer

TYPED = {"Any": str, "Path": Path, "str": str, "int": int, "float": float, "bool": bool}


@dataclass(frozen=True)
class Written:
    """A function as it stands in its file.

    Args:
        question: first line of its module's docstring.
        help: what its docstring says of each argument, first sentence.
        options: each argument as an option of the command line; None for what cannot be typed.
    """

    question: str
    help: Mapping[str, str]
    options: Mapping[str, Parameter | None]

    def given(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments that were typed; the others are left to the function's own defaults."""
        values = {name: typed.get(option.name) for name, option in self.options.items() if option}
        return {name: value for name, value in values.items() if value is not None and value != []}


def read_function(address: str, help: Mapping[str, str] | None = None) -> Written:
    """Read `package.module:function`.

    Args:
        address: where it stands.
        help: what is said elsewhere of arguments of which its own docstring says nothing.
    """
    module, _, name = address.partition(":")
    tree = ast.parse(source_of(module))
    function = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name)
    said = {**(help or {}), **dict(_said(ast.get_docstring(function) or ""))}
    options = {a.arg: _option(a, default, said.get(a.arg)) for a, default in _arguments(function.args)}
    return Written((ast.get_docstring(tree) or "").partition("\n")[0], said, options)


def source_of(module: str) -> str:
    """The text of a module; neither it nor a package around it is imported."""
    top, *parts = module.split(".")
    spec = find_spec(top)
    for part in parts:
        spec = spec and PathFinder.find_spec(f"{spec.name}.{part}", spec.submodule_search_locations)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"there is no module {module}", name=module)
    return Path(spec.origin).read_text(encoding="utf-8")


def _arguments(of: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    """Each argument with its default, None where there is none."""
    without = [None] * (len(of.args) - len(of.defaults))
    return zip([*of.args, *of.kwonlyargs], [*without, *of.defaults, *of.kw_defaults], strict=True)


def _option(argument: ast.arg, default: ast.expr | None, help: str | None) -> Parameter | None:
    """`--name` of a plain type; a sequence of `names` is `--name`, as often as one likes."""
    written = ast.unparse(argument.annotation).split(" | ")[0] if argument.annotation else ""
    several = re.fullmatch(r"(?:Sequence|list)\[(\w+)\]", written)
    kind: Any = TYPED.get(several[1] if several else written)
    if kind is None:
        return None
    name, value = argument.arg, Parameter.empty if default is None else _literal(default)
    if several:
        name, value, kind = name.removesuffix("s"), value if default is None else None, list[kind]
    if value is None:
        kind = kind | None
    option = typer.Option(f"--{name.replace('_', '-')}", help=help)
    return Parameter(name, Parameter.KEYWORD_ONLY, default=value, annotation=Annotated[kind, option])


def _literal(default: ast.expr) -> Any:
    """The default, if it stands there as such; of a name or a call the function alone knows the value."""
    try:
        return ast.literal_eval(default)
    except ValueError:
        return None


def _said(docstring: str) -> Iterator[tuple[str, str]]:
    """What `Args` says of each argument: the first sentence, with a capital unless it begins with code."""
    section = re.search(r"^Args:\n((?: .*\n?)+)", docstring, re.MULTILINE)
    for name, said in re.findall(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", section[1] if section else "", re.MULTILINE):
        sentence = re.split(r"(?<=\.) ", " ".join(said.split()))[0]
        yield name, (sentence[0].upper() + sentence[1:]).replace("`", "")
