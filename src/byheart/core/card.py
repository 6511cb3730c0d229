"""The label on every method, and how methods are found: the tree is the registry.

`byheart.load("measure/min_k")` imports `byheart.measure.min_k` and returns the function `min_k` in it. A new method is
one file; nothing else is edited. Other packages join through the entry-point group `byheart.methods`.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

from byheart.core.errors import UsageError
from byheart.core.fetching import missing_extra

VERBS = ("measure", "localize", "explain", "mitigate")
FAMILIES = ("text", "chat", "table", "image", "encoder", "classifier", "any")
"""Those of the house and those it has plans for; a method may name another, whose room is `audit/NAME`."""
CLAIMS = (
    "copies", "share", "recitation", "exposure", "privacy", "set", "hunted_set", "hunted_canaries", "membership",
    "contamination", "recall", "none",
)  # fmt: skip
"""What a method's scores may be judged for, in the order in which a reader asks; a file of `stats/judge/` each.
`none` is scored and never judged."""

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Card:
    """What a method is.

    Args:
        name: the function's and the file's name.
        verb: the room it lives in, one of `VERBS`.
        paper: arXiv id (`2310.16789`), DOI, or `ours`.
        family: of model, one of `FAMILIES` or a further one.
        needs: names of what it reads, in the order of its positional arguments: signals, records, scores of another
            method by its name, and whatever else `audit/sources` opens.
        unit: unit of its values.
        cost: in words, what it costs beside the signals.
        limits: in words, when not to believe it.
        claim: one of `CLAIMS`, what its scores are judged for; a method joins the corrected family of claims by this.
        threat: the attack that the claim is about, as the evidence annex has it; empty for none of them.
        sentence: what is claimed, where the sentence of its kind does not fit; may name options as `{whole_words}`.
        flag: the extra column that says yes or no of a record, as recited or guessed, where the values say how much.
        guesses: the claims that are held against this method, as it guesses without ever asking the model.
        rests_on: names of further scores that the claim needs.
        precedence: among claims of one kind the larger comes first; equal ones by name.
        summary: first line of the module's docstring.
        source: the `Source:` line of the module's docstring.
    """

    name: str
    verb: str
    paper: str
    family: str
    needs: tuple[str, ...] = ()
    unit: str = ""
    cost: str = ""
    limits: str = ""
    claim: str = "none"
    threat: str = ""
    sentence: str = ""
    flag: str = ""
    guesses: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()
    precedence: int = 0
    summary: str = ""
    source: str = ""

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Card:
        """A card out of a file; what an earlier version did not write is as if nothing was said."""
        known: dict[str, Any] = {k: v for k, v in fields.items() if k in cls.__dataclass_fields__}
        known |= {k: tuple(v) for k, v in known.items() if isinstance(v, list)}
        return cls(**known)

    @property
    def address(self) -> str:
        """`verb/name`, what `load` takes."""
        return f"{self.verb}/{self.name}"


def method(
    *,
    paper: str,
    family: str,
    needs: tuple[str, ...] = (),
    unit: str = "",
    cost: str = "",
    limits: str = "",
    claim: str = "none",
    threat: str = "",
    sentence: str = "",
    flag: str = "",
    guesses: tuple[str, ...] = (),
    rests_on: tuple[str, ...] = (),
    precedence: int = 0,
) -> Callable[[F], F]:
    """Label a function as a method. The verb is the room it lives in, the summary its module's docstring.

    Raises:
        ValueError: if the family is no plain word or the claim unknown.
    """
    if not family.isidentifier():
        raise ValueError(f"a family is a plain word, as one of {FAMILIES}; got {family!r}")
    for name in (claim, *guesses):
        if name not in CLAIMS:
            raise ValueError(f"claim is one of {CLAIMS}; got {name!r}")

    def label(function: F) -> F:
        verb = next((part for part in function.__module__.split(".") if part in VERBS), "measure")
        doc = inspect.getdoc(inspect.getmodule(function)) or ""
        function.card = Card(  # type: ignore[attr-defined]
            name=function.__name__,
            verb=verb,
            paper=paper,
            family=family,
            needs=needs,
            unit=unit,
            cost=cost,
            limits=limits,
            claim=claim,
            threat=threat,
            sentence=sentence,
            flag=flag,
            guesses=guesses,
            rests_on=rests_on,
            precedence=precedence,
            summary=_summary(doc),
            source=_source(doc),
        )
        return function

    return label


def _summary(doc: str) -> str:
    return doc.partition("\n")[0].strip()


def _source(doc: str) -> str:
    lines = doc.splitlines()
    for i, line in enumerate(lines):
        if line.startswith("Source:"):
            rest = [line.removeprefix("Source:").strip()]
            for more in lines[i + 1 :]:
                if not more.strip() or more.startswith("Departs from it"):
                    break
                rest.append(more.strip())
            return " ".join(rest)
    return ""


def asks_for(method: Callable[..., Any]) -> tuple[str, ...]:
    """What a method cannot do without: what its card needs, then what else has no default, but for the seed."""
    needs: tuple[str, ...] = method.card.needs  # type: ignore[attr-defined]
    rest = list(inspect.signature(method).parameters.values())[len(needs) :]
    return (*needs, *(p.name for p in rest if p.default is p.empty and p.name != "seed"))


def load(address: str) -> Callable[..., Any]:
    """The method at `verb/name`.

    Raises:
        UsageError: if there is no such method; the message lists close names.
        MissingExtra: if it needs a library that is not installed.
    """
    verb, _, name = address.partition("/")
    if address in _from_elsewhere():
        found: Callable[..., Any] = _from_elsewhere()[address].load()
        return found
    if verb in VERBS and name.isidentifier():
        try:
            module = importlib.import_module(f"byheart.{verb}.{name}")
        except ModuleNotFoundError as e:
            lacking = missing_extra(e)
            if lacking is not None:
                raise lacking from e
            if e.name != f"byheart.{verb}.{name}":
                raise
        else:
            function = getattr(module, name, None)
            if callable(function) and hasattr(function, "card"):
                return function  # type: ignore[no-any-return]
    known = ", ".join(a for a in addresses() if a.startswith(verb + "/") or a.endswith("/" + name)) or "none"
    raise UsageError(f"no method {address!r}; `byheart list` shows them all (near it: {known})")


@cache
def _from_elsewhere() -> dict[str, EntryPoint]:
    """Methods of other packages; asked once, as it reads the metadata of everything installed."""
    return {point.name: point for point in entry_points(group="byheart.methods")}


def addresses() -> list[str]:
    """The addresses of all methods in the tree and in other packages, sorted; imports none of them."""
    found = set(_from_elsewhere())
    for verb in VERBS:
        room = importlib.import_module(f"byheart.{verb}")
        found |= {f"{verb}/{m.name}" for m in pkgutil.iter_modules(room.__path__) if not m.name.startswith("_")}
    return sorted(found)


def card_named(name: str) -> Card | None:
    """The card of the method of this name that a verdict was given on; None for a name that no room knows."""
    address = next((a for a in addresses() if a.partition("/")[2] == name), None)
    return None if address is None else card_at(address)


def card_at(address: str) -> Card:
    """The card of the method at `verb/name`, read from its file: what the method imports need not be installed.

    Raises:
        UsageError: if the file holds no method of its own name.
    """
    verb, _, name = address.partition("/")
    spec = None if address in _from_elsewhere() else importlib.util.find_spec(f"byheart.{verb}.{name}")
    text = getattr(spec.loader, "get_source", lambda _: None)(spec.name) if spec else None
    file = ast.parse(text or "")
    functions = [f for f in file.body if isinstance(f, ast.FunctionDef) and f.name == name]
    labels = [d for f in functions for d in f.decorator_list if isinstance(d, ast.Call) and _is_label(d.func)]
    try:
        facts = {str(k.arg): ast.literal_eval(k.value) for k in labels[0].keywords}
    except (IndexError, ValueError):  # not in the tree, or not written out in the label: it takes an import to know
        return load(address).card  # type: ignore[attr-defined, no-any-return]
    doc = ast.get_docstring(file) or ""
    return Card(name, verb, summary=_summary(doc), source=_source(doc), **facts)


def _is_label(function: ast.expr) -> bool:
    return isinstance(function, ast.Name) and function.id == method.__name__


def cards() -> Iterator[Card]:
    """The cards of all methods; imports none of them, but those of other packages."""
    for address in addresses():
        yield card_at(address)


def discover() -> Iterator[Callable[..., Any]]:
    """Every method, imported.

    Raises:
        UsageError: if a file in a verb room holds no method of its own name.
    """
    for address in addresses():
        yield load(address)
