"""`byheart reproduce`: try a paper's claims for real, and set its numbers beside ours.

A reproduction is a folder `reproductions/STEM/`: `claims.toml` says what is claimed, `run.py` holds
`run(folder, *, scale, seed)`, which hands out `Found` and `Exhibit` as it comes to them and keeps in `folder` what it
made, so that a killed run goes on. Adding one means adding a folder.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import byheart
from byheart.cli import options as o
from byheart.core.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from byheart.core.claim import Exhibit, Found, Reproduction

SCALES = ("cpu", "gpu")
HOME = Path(byheart.__file__).resolve().parents[2] / "reproductions"

Try = Callable[..., "Iterator[Found | Exhibit]"]


def reproduce(
    stem: Annotated[str | None, typer.Argument(help="Which one; without it they are listed.")] = None,
    scale: Annotated[str, typer.Option("--scale", help="cpu: minutes on a laptop; gpu: the larger setting.")] = "cpu",
    out: Annotated[Path | None, typer.Option("--out", help="Folder; default runs/reproduce-STEM.")] = None,
    seed: o.Seed = 0,
    quiet: o.Quiet = False,
    as_json: Annotated[bool, typer.Option("--json", help="claims.json on standard output, only.")] = False,
) -> int:
    """Try a paper's claims for real, trainings included: its numbers beside ours, with intervals and a status."""
    from byheart.cli.gate import begin

    if scale not in SCALES:
        raise UsageError(f"--scale is one of {', '.join(SCALES)}; got {scale!r}")
    if stem is None:
        for name, title in stems().items():
            print(f"{name:24}{title}")
        return 0
    begin(quiet)
    source = folder_of(stem)
    folder = out or Path("runs") / f"reproduce-{stem}"
    tried = carry_out(source, folder, scale=scale, seed=seed)
    _tell(tried, folder, as_json)
    return 0


def stems() -> dict[str, str]:
    """What can be reproduced, with the papers' titles.

    Raises:
        UsageError: if the package does not stand in a source checkout.
    """
    from byheart.core.claim import Reproduction

    if not HOME.is_dir():
        raise UsageError(
            "the reproductions come with the source, not with the package; clone the repository and run "
            "`pip install -e .` in it"
        )
    found = sorted(p.parent for p in HOME.glob("*/run.py"))
    return {p.name: Reproduction.read(p, scale="cpu", seed=0).title for p in found}


def folder_of(stem: str) -> Path:
    """The folder of one reproduction.

    Raises:
        UsageError: if there is none of this name.
    """
    known = stems()
    if stem not in known:
        raise UsageError(f"there is no reproduction {stem!r}; there are {', '.join(known) or 'none'}")
    return HOME / stem


def carry_out(source: Path, folder: Path, *, scale: str, seed: int) -> Reproduction:
    """Run one reproduction, writing `claims.json` anew with every number that is found.

    Args:
        source: folder with `claims.toml` and `run.py`.
        folder: where everything made is kept; the same command continues there.
        scale: cpu or gpu.
        seed: everything random follows from it.
    """
    from byheart.core.claim import Reproduction
    from byheart.core.run import RunFolder

    tried = Reproduction.read(source, scale=scale, seed=seed)
    run = RunFolder.start(folder, {"verb": "reproduce", "stem": tried.stem, "scale": scale, "seed": seed})
    run.update(version=byheart.__version__)
    before, began = run.facts.get("seconds", 0.0), time.perf_counter()
    try:
        for found in load_reproduction(source)(folder, scale=scale, seed=seed):
            tried = replace(tried.with_found(found), seconds=round(before + time.perf_counter() - began, 1))
            tried.save(folder / "claims.json")
    finally:
        run.update(seconds=round(before + time.perf_counter() - began, 1))
    return tried


def load_reproduction(source: Path) -> Try:
    """`run` of the folder's run.py, loaded as a package of its own, so that run.py may import its neighbours."""
    package = f"byheart_reproduction_{source.name}"
    spec = importlib.machinery.ModuleSpec(package, None, is_package=True)
    spec.submodule_search_locations = [str(source)]
    for name in [m for m in sys.modules if m == package or m.startswith(f"{package}.")]:
        del sys.modules[name]
    sys.modules[package] = importlib.util.module_from_spec(spec)
    found: Any = importlib.import_module(f"{package}.run")
    return found.run  # type: ignore[no-any-return]


def _tell(tried: Reproduction, folder: Path, as_json: bool) -> None:
    from byheart.report.claims import claims_table, headline, write_claims

    try:
        page = f"Page: {write_claims(tried, folder)}"
    except MissingExtra as e:
        page = f"No page: {e}"
    if as_json:
        print((folder / "claims.json").read_text(encoding="utf-8"), end="")
        return
    from rich.console import Console

    Console().print(claims_table(tried))
    print(f"\n{headline(tried)}\n{page}")
