"""`byheart list` and `byheart doctor`: what is in the house, and what this machine has."""

from __future__ import annotations

from typing import Annotated

import typer


def list_methods(
    family: Annotated[str | None, typer.Option("--family", help="text, table, image, ...")] = None,
    verb: Annotated[str | None, typer.Option("--verb", help="measure, localize, explain or mitigate.")] = None,
    paper: Annotated[str | None, typer.Option("--paper", help="arXiv id.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The cards as JSON.")] = False,
) -> None:
    """List the methods, from their cards."""
    from byheart.core.card import FAMILIES, VERBS, discover
    from byheart.core.errors import UsageError

    cards = [m.card for m in discover()]  # type: ignore[attr-defined]
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

    def found(name: str) -> str:
        try:
            return version(name)
        except PackageNotFoundError:
            return "not installed"

    print(f"byheart {__version__}, Python {platform.python_version()}, {platform.platform()}")
    extras = {
        "base": ("torch", "numpy", "scipy", "pandas", "scikit-learn"),
        "text": ("transformers", "peft", "gguf", "datasets", "rapidfuzz"),
        "report": ("plotly",),
        "ray": ("ray",),
    }
    for extra, names in extras.items():
        print(f"{extra:8}" + ", ".join(f"{name} {found(name)}" for name in names))
    import torch

    cuda = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none; the CPU is used"
    print(f"{'GPU':8}{cuda}\n{'threads':8}{torch.get_num_threads()}")
    print(f"{'model':8}smollm2: {_smollm2()}")


def _smollm2() -> str:
    from byheart.core.errors import ByheartError

    try:
        from byheart.models.text.gguf import shipped

        return str(shipped())
    except ByheartError as e:
        return str(e)
