"""Options that several commands share, written once."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer


def _from_config(ctx: typer.Context, path: Path | None) -> Path | None:
    """Let a YAML file stand in for options; what is typed on the command line wins."""
    if path is None or ctx.resilient_parsing:
        return path
    import yaml

    if not path.is_file():
        raise typer.BadParameter(f"{path} is not there")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except UnicodeDecodeError as e:
        raise typer.BadParameter(f"{path} is not UTF-8: byte {e.start} is 0x{e.object[e.start]:02x}") from None
    except yaml.YAMLError as e:
        raise typer.BadParameter(f"{path} is not YAML: {e}; one option a line, as `members: train.jsonl`") from None
    if not isinstance(content, dict):
        raise typer.BadParameter(
            f"{path} holds a {type(content).__name__}; it mirrors the options: `members: train.jsonl`"
        )
    given = {str(k).replace("-", "_"): v for k, v in content.items()}
    known = {p.name for p in ctx.command.params}
    unknown = sorted(set(given) - known)
    if unknown:
        raise typer.BadParameter(f"{path} sets {unknown[0]!r}, which this command does not have")
    ctx.default_map = {**(ctx.default_map or {}), **{k: _plain(v) for k, v in given.items()}}
    return path


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, list)) else str(value)


def typed() -> str:
    """What the user typed, as the report tells how to do it again."""
    return shlex.join(["byheart", *sys.argv[1:]])


Config = Annotated[
    Path | None,
    typer.Option("--config", callback=_from_config, is_eager=True, help="YAML file that mirrors the options."),
]
Out = Annotated[Path | None, typer.Option("--out", help="Run folder; default runs/<date>-<name>.")]
Seed = Annotated[int, typer.Option("--seed", help="Everything random follows from it.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]
Dtype = Annotated[str, typer.Option("--dtype", help="auto, float32, bfloat16 or float16.")]
EngineName = Annotated[str, typer.Option("--engine", help="local or ray.")]
Workers = Annotated[int | None, typer.Option("--workers", help="How many workers the engine runs.")]
Address = Annotated[
    str | None, typer.Option("--ray-address", help="ray://host:port of a cluster; default a local one.")
]
FailOn = Annotated[str | None, typer.Option("--fail-on", help="shown or inconclusive: exit 3 or 4 when it is so.")]
Junit = Annotated[Path | None, typer.Option("--junit", help="Write the verdicts as JUnit XML too.")]
ProfileName = Annotated[str, typer.Option("--profile", help="smoke, routine or powered.")]
Limit = Annotated[int | None, typer.Option("--limit", help="Read at most so many records of each set.")]
BatchSize = Annotated[str, typer.Option("--batch-size", help="Tokens per forward pass, or auto.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress.")]
AsJson = Annotated[bool, typer.Option("--json", help="Verdicts as JSON on standard output, nothing else there.")]
ShowText = Annotated[bool, typer.Option("--show-text", help="Show recited text and personal data in clear.")]
Trust = Annotated[bool, typer.Option("--trust-remote-code", help="Allow a model's own code and pickled weights.")]

SHARED: dict[str, tuple[Any, Any]] = {
    "out": (Out, None), "seed": (Seed, 0), "device": (Device, "auto"), "dtype": (Dtype, "auto"),
    "engine": (EngineName, "local"), "workers": (Workers, None), "ray_address": (Address, None),
    "profile": (ProfileName, "routine"), "limit": (Limit, None), "batch_size": (BatchSize, "auto"),
    "fail_on": (FailOn, None), "junit": (Junit, None), "show_text": (ShowText, False),
    "trust_remote_code": (Trust, False), "quiet": (Quiet, False), "as_json": (AsJson, False), "config": (Config, None),
}  # fmt: skip
"""Options of audits with their defaults, in the order of the help; an audit has those it takes as an argument."""
EVERY = ("fail_on", "junit", "quiet", "as_json", "config")
"""Those that every audit has, since they are about the command and not about the audit."""
OF_ENGINE = ("workers", "ray_address")
"""Those that come with `engine`."""
