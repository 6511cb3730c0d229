"""Write docs/methods/ and the table of methods in README.md from the methods themselves.

Without an option it writes what has changed; with `--check` it writes nothing, names what is not up to date and exits
with 1.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from byheart.audit.profiles import PROFILES
from byheart.core.card import Card, addresses, asks_for, discover, load

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- methods -->", "<!-- /methods -->"
ALWAYS = {"corpus", "canaries", "coins"}  # what is there without a pass
Method = Callable[..., Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, name what is not up to date")
    check = parser.parse_args(arguments).check
    stale = changes(ROOT)
    for path, text in stale.items():
        told = "not up to date" if check else "removed" if text is None else "written"
        print(f"{told}: {path.relative_to(ROOT)}")
        if not check:
            write(path, text)
    if check and stale:
        print("run: python scripts/make_docs.py", file=sys.stderr)
    return int(check and bool(stale))


def changes(root: Path) -> dict[Path, str | None]:
    """What differs on disk from what the methods say: the text each file should hold, None for one too many."""
    wanted = files(root)
    stale: dict[Path, str | None] = {
        path: text for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    return stale | {path: None for path in sorted((root / "docs/methods").glob("*.md")) if path not in wanted}


def write(path: Path, text: str | None) -> None:
    """Write a file, or remove it."""
    if text is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def files(root: Path) -> dict[Path, str]:
    """Every generated file with its text."""
    methods = list(discover())
    cards = [card_of(m) for m in methods]
    folder = root / "docs/methods"
    pages = {folder / f"{c.verb}-{c.name}.md": page(m) for m, c in zip(methods, cards, strict=True)}
    readme = root / "README.md"
    return {
        **pages,
        folder / "README.md": index(cards),
        readme: between(readme.read_text(encoding="utf-8"), table(cards, "docs/methods/")),
    }


def between(text: str, made: str) -> str:
    """A text with the part between the markers replaced.

    Raises:
        ValueError: if the markers are not there, once each and in order.
    """
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end or BEGIN in tail or END in tail:
        raise ValueError(f"the text needs {BEGIN} and {END} once each, in this order")
    return f"{head}{BEGIN}\n{made}\n{END}{tail}"


def index(cards: Sequence[Card]) -> str:
    """docs/methods/README.md."""
    intro = (
        "# Methods\n\nOne page each, made by `scripts/make_docs.py` from the methods' own cards and docstrings; "
        "do not edit them. `byheart list` prints the same table."
    )
    return f"{intro}\n\n{table(cards, '')}\n"


def table(cards: Sequence[Card], to: str) -> str:
    """A markdown table; `to` is the folder of the pages as seen from the file."""
    rows = ["| method | what it asks | reads | paper |", "|---|---|---|---|"]
    for c in cards:
        name = f"[{c.address}]({to}{c.verb}-{c.name}.md)"
        rows.append(f"| {name} | {cell(c.summary)} | {', '.join(c.needs)} | {paper(c.paper)} |")
    return "\n".join(rows)


def page(method: Method) -> str:
    """The page of one method."""
    card = card_of(method)
    about = inspect.getdoc(inspect.getmodule(method)) or ""
    sections = parts_of(inspect.getdoc(method) or "")
    blocks = [
        f"# {card.address}",
        f"**{card.summary}**",
        "\n".join(facts(method)),
        paragraphs(about.partition("\n")[2].strip()),
        f"## What it returns\n\n{sections['']}\n\n{paragraphs(sections.get('Returns', ''))}",
        options(method, sections.get("Args", "")),
        "## How to run it\n\n" + usage(method),
        f"Refuses: {one_line(sections['Raises'])}" if "Raises" in sections else "",
        f"*Made by `scripts/make_docs.py` from `{method.__module__}`; do not edit.*",
    ]
    return "\n\n".join(b for b in blocks if b) + "\n"


def facts(method: Method) -> Iterator[str]:
    """What the card says, as a list."""
    card = card_of(method)
    yield f"- Paper: {paper(card.paper)}"
    yield f"- Family: {card.family}"
    if card.needs:
        yield f"- Reads: {', '.join(card.needs)}"
    yield f"- Unit: {card.unit}{'; higher is more memorized' if made_by(method) == 'Scores' else ''}"
    yield f"- Cost: {card.cost}"
    yield f"- When not to believe it: {card.limits}"
    if card.verb == "measure" and card.family == "text":
        if runs_in(card):
            yield f"- Runs in: {runs_in(card)}"
        yield f"- In an audit: {claim_of(card)}"
    if card.family == "table" and card.verb in ("measure", "explain"):
        named = "".join(f" with `--{name}`" for name in to_be_named(method))
        yield f"- Runs in: {f'`byheart audit table`{named}' if named else 'every `byheart audit table`'}"


def made_by(method: Method) -> str:
    """The noun that the method returns."""
    return str(inspect.signature(method).return_annotation)


def runs_in(card: Card) -> str:
    """The profiles that take what the method reads."""
    if "shadow_logprobs" in card.needs:
        return "any profile, when shadow models are given (`--shadow MODEL=IDS`)"
    needs = set(below(card))
    found = [p.name for p in PROFILES.values() if needs <= {*p.passes, *ALWAYS}]
    profiles = " and ".join(found) if len(found) < 3 else "every profile"
    if "reference_logprobs" in needs:
        profiles += ", when there is a reference model or an adapter over its base"
    if "canaries" in needs:
        profiles += ", when canaries were planted"
    return profiles + (" by coins" if "coins" in needs else "")


def below(card: Card) -> Iterator[str]:
    """What a method reads, and for the scores of another method what that one reads."""
    for need in card.needs:
        if f"measure/{need}" in addresses():
            yield from below(card_of(load(f"measure/{need}")))
        else:
            yield need


def to_be_named(method: Method) -> list[str]:
    """Keyword options without a default that a user has to name."""
    parameters = inspect.signature(method).parameters
    return [name for name in asks_for(method) if name in parameters and parameters[name].annotation == "str"]


def claim_of(card: Card) -> str:
    """What an audit makes of the method's scores."""
    if card.guesses:
        return "a baseline that other claims are held against; it carries no claim of its own"
    if card.claim == "none":
        return "its scores are kept in the run folder; no claim, as it is another view of what is already judged"
    sentence = card.sentence or import_module(f"byheart.stats.judge.{card.claim}").CLAIM
    more = "".join(f"; `{name}` makes a further claim of it" for name in read_off(card))
    return f'judged as the claim "{sentence}"{more}'


def read_off(card: Card) -> list[str]:
    """Names of the methods that make a further claim out of this one's scores."""
    return [other.name for other in map(card_of, discover()) if card.name in other.needs and other.claim != "none"]


def options(method: Method, documented: str) -> str:
    """The keyword options with their defaults."""
    said = {name: one_line(text) for name, text in entries(documented)}
    rows = [
        f"- `{p.name}`{'' if p.default is inspect.Parameter.empty else f' (default {p.default!r})'}: {said[p.name]}"
        for p in inspect.signature(method).parameters.values()
        if p.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    return "## Options\n\n" + "\n".join(rows) if rows else ""


def usage(method: Method) -> str:
    """A line for the shell and one for Python."""
    card = card_of(method)
    shell = f"byheart {card.verb} {card.name} RUN" + (" --then measure" if card.verb == "mitigate" else "")
    shell += "".join(f" --{name} {name.upper()}" for name in to_be_named(method))
    if "shadow_logprobs" in card.needs:
        shell = "byheart audit text --model M --members F --control F --shadow MODEL=IDS --shadow MODEL=IDS ..."
    asked = [
        p.name if p.kind is not inspect.Parameter.KEYWORD_ONLY else f"{p.name}=..."
        for p in inspect.signature(method).parameters.values()
        if p.default is inspect.Parameter.empty
    ]
    call = f"{card.name}({', '.join(asked)})"
    python = f"from {method.__module__} import {card.name}\n\n{made_by(method).lower()} = {call}"
    return f"```\n{shell}\n```\n\n```python\n{python}\n```"


def parts_of(doc: str) -> dict[str, str]:
    """A Google-style docstring by section; the text before the first section under the empty name."""
    parts: dict[str, list[str]] = {"": []}
    name = ""
    for line in doc.splitlines():
        found = re.fullmatch(r"(Args|Returns|Raises|Source):", line)
        if found:
            name = found[1]
            parts[name] = []
        elif line.startswith(">>>"):
            break
        else:
            parts[name].append(line.removeprefix("    ") if name else line)
    return {name: "\n".join(lines).strip() for name, lines in parts.items()}


def entries(section: str) -> Iterator[tuple[str, str]]:
    """Names and texts of an `Args` section."""
    for found in re.finditer(r"^(\w[\w, ]*):(.*(?:\n[ ]+.*)*)", section, re.MULTILINE):
        for name in found[1].split(","):
            yield name.strip(), found[2]


def paragraphs(text: str) -> str:
    """Lines joined into paragraphs; `Source:` and `Departs from it:` begin one of their own."""
    text = re.sub(r"\n(?=Departs from it)", "\n\n", text)
    return "\n\n".join(one_line(p) for p in re.split(r"\n\s*\n", text) if p.strip())


def one_line(text: str) -> str:
    """White space made single blanks."""
    return " ".join(text.split())


def cell(text: str) -> str:
    """Text that a markdown table can hold."""
    return text.replace("|", "\\|")


def paper(name: str) -> str:
    """A link to the paper."""
    if re.fullmatch(r"\d{4}\.\d{4,5}", name):
        return f"[{name}](https://arxiv.org/abs/{name})"
    return f"[{name}](https://doi.org/{name})" if name.startswith("10.") else name


def card_of(method: Method) -> Card:
    """The method's card."""
    return method.card  # type: ignore[attr-defined,no-any-return]


if __name__ == "__main__":
    sys.exit(main())
