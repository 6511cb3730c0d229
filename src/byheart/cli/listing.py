"""`byheart list` and `byheart doctor`: what is in the house, and what this machine has."""

from __future__ import annotations

from typing import Annotated

import typer

BASE = ("numpy", "scipy", "pandas", "pyarrow", "scikit-learn", "safetensors", "rapidfuzz")
ABSENT = "not installed"


def list_methods(
    family: Annotated[str | None, typer.Option("--family", help="text, table, image, ...")] = None,
    verb: Annotated[str | None, typer.Option("--verb", help="measure, localize, explain or mitigate.")] = None,
    paper: Annotated[str | None, typer.Option("--paper", help="arXiv id.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The cards as JSON.")] = False,
) -> None:
    """List the methods, from their cards."""
    from byheart.core.card import FAMILIES, VERBS
    from byheart.core.card import cards as all_cards
    from byheart.core.errors import UsageError

    cards = list(all_cards())
    families = dict.fromkeys([*FAMILIES, *(c.family for c in cards)])
    for name, value, known in (("family", family, families), ("verb", verb, VERBS)):
        if value is not None and value not in known:
            raise UsageError(f"--{name} is one of {', '.join(known)}; got {value!r}")
    cards = [c for c in cards if family in (None, c.family) and verb in (None, c.verb) and paper in (None, c.paper)]
    if as_json:
        import json

        print(json.dumps([c.__dict__ for c in cards], indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("method", "family", "paper", "what it asks", box=None, pad_edge=False)
    for c in cards:
        table.add_row(c.address, c.family, c.paper, c.summary)
    Console().print(table)


def doctor() -> None:
    """Tell what this machine has: versions, devices, extras, shipped models."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from byheart import __version__
    from byheart.core.extras import EXTRAS, pip_line

    def found(name: str) -> str:
        try:
            return version(name)
        except PackageNotFoundError:
            return ABSENT

    print(f"byheart {__version__}, Python {platform.python_version()}, {platform.platform()}")
    for extra, names in {"base": BASE, **EXTRAS}.items():
        versions = {name: found(name) for name in names}
        hint = f"; for {extra}: {pip_line(extra)}" if ABSENT in versions.values() and extra != "base" else ""
        print(f"{extra:18}" + ", ".join(f"{name} {v}" for name, v in versions.items()) + hint)
    print(f"{'GPU':18}{_gpu()}")
    print(f"{'model':18}smollm2: {_smollm2()}")


def _gpu() -> str:
    """Which, and with how many threads is computed without."""
    from byheart.core.errors import MissingExtra
    from byheart.core.fetching import fetched
    from byheart.core.threads import n_threads

    try:
        cuda = fetched("torch", "cuda")
    except MissingExtra:
        return f"not looked for, as torch is not installed\n{'threads':18}{n_threads()}"
    name = cuda.get_device_name(0) if cuda.is_available() else "none; the CPU is used"
    return f"{name}\n{'threads':18}{n_threads()}"


def _smollm2() -> str:
    from byheart.core.errors import ByheartError
    from byheart.core.fetching import fetched

    try:
        return str(fetched("byheart.models.text.gguf", "shipped")())
    except ByheartError as e:
        return str(e)
