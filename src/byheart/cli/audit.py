"""`byheart audit`: from a model and its records to verdicts and a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from byheart.cli import options as o
from byheart.cli.audit_benchmark import benchmark
from byheart.cli.audit_chat import chat

if TYPE_CHECKING:
    from byheart.core.run import RunFolder

app = typer.Typer(help="A whole audit: verdicts and a report.", no_args_is_help=True)
app.command("chat")(chat)
app.command("benchmark")(benchmark)


@app.command("text")
def text(
    model: Annotated[str, typer.Option("--model", help="Folder, hub id, .gguf file, adapter folder, or smollm2.")],
    members: Annotated[str, typer.Option("--members", help="What the model was trained on.")],
    control: Annotated[str | None, typer.Option("--control", help="Records like them that it never saw.")] = None,
    canaries: Annotated[Path | None, typer.Option("--canaries", help="Manifest of the planted canaries.")] = None,
    reference: Annotated[str | None, typer.Option("--reference", help="A model that never saw the records.")] = None,
    text_column: Annotated[str | None, typer.Option("--text-column", help="Column that holds the text.")] = None,
    group_column: Annotated[str | None, typer.Option("--group-column", help="Document or author of a record.")] = None,
    date_column: Annotated[str | None, typer.Option("--date-column", help="Date of a record.")] = None,
    shadow: Annotated[
        list[str] | None, typer.Option("--shadow", help="MODEL=IDS: a shadow model and the ids it was trained on.")
    ] = None,
    index: Annotated[
        Path | None, typer.Option("--index", help="Index of all training data, to trace what is recited.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also tell why, where in the network, and what switching it off does.")
    ] = False,
    out: o.Out = None,
    seed: o.Seed = 0,
    device: o.Device = "auto",
    dtype: o.Dtype = "auto",
    engine: o.EngineName = "local",
    workers: o.Workers = None,
    ray_address: o.Address = None,
    profile: o.ProfileName = "routine",
    limit: o.Limit = None,
    batch_size: o.BatchSize = "auto",
    fail_on: o.FailOn = None,
    junit: o.Junit = None,
    show_text: o.ShowText = False,
    trust_remote_code: o.Trust = False,
    quiet: o.Quiet = False,
    as_json: o.AsJson = False,
    config: o.Config = None,
) -> int:
    """Does a language model know its training records by heart, which ones, and how sure are we?"""
    from byheart.audit import audit_text
    from byheart.execute import engine_named

    check_gate(fail_on, junit)
    begin(quiet)
    run = audit_text(
        model,
        members,
        control,
        canaries=canaries,
        reference=reference,
        shadows=shadow or (),
        index=index,
        explain=explain,
        text_column=text_column,
        group_column=group_column,
        date_column=date_column,
        out=out,
        seed=seed,
        device=device,
        dtype=dtype,
        engine=engine_named(engine, workers=workers, address=ray_address),
        profile=profile,
        limit=limit,
        batch_size=batch_size,
        trust_remote_code=trust_remote_code,
        show_text=show_text,
        command_line=o.typed(),
    )
    return finish(run, fail_on=fail_on, junit=junit, as_json=as_json)


@app.command("table")
def table(
    train: Annotated[str, typer.Option("--train", help="The rows the generator was trained on.")],
    synthetic: Annotated[str, typer.Option("--synthetic", help="The rows it made.")],
    control: Annotated[str | None, typer.Option("--control", help="Rows like the first that it never saw.")] = None,
    target: Annotated[str | None, typer.Option("--target", help="Column that the others are used to predict.")] = None,
    entity: Annotated[str | None, typer.Option("--entity", help="Column that says whose row it is.")] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", help="COLUMN=number|date|category|text|identifier, where the inferred kind is wrong."),
    ] = None,
    metric: Annotated[str, typer.Option("--metric", help="gower, paper, paper-global or hamming.")] = "gower",
    scale: Annotated[str, typer.Option("--scale", help="Of numbers in a distance: range or iqr.")] = "range",
    anonymeter: Annotated[
        str | None, typer.Option("--anonymeter", help="A Python that has the package anonymeter; adds its attacks.")
    ] = None,
    out: o.Out = None,
    seed: o.Seed = 0,
    engine: o.EngineName = "local",
    workers: o.Workers = None,
    ray_address: o.Address = None,
    profile: o.ProfileName = "routine",
    limit: o.Limit = None,
    fail_on: o.FailOn = None,
    junit: o.Junit = None,
    show_text: o.ShowText = False,
    quiet: o.Quiet = False,
    as_json: o.AsJson = False,
    config: o.Config = None,
) -> int:
    """Is a synthetic table a copy of the training table, which rows are copied, and how sure are we?"""
    from byheart.audit import audit_table
    from byheart.execute import engine_named

    check_gate(fail_on, junit)
    begin(quiet)
    run = audit_table(
        train,
        synthetic,
        control,
        target=target,
        entity=entity,
        kinds=kinds_of(kind or ()),
        metric=metric,
        scale=scale,
        anonymeter=anonymeter,
        out=out,
        seed=seed,
        engine=engine_named(engine, workers=workers, address=ray_address),
        profile=profile,
        limit=limit,
        show_text=show_text,
        command_line=o.typed(),
    )
    return finish(run, fail_on=fail_on, junit=junit, as_json=as_json)


def kinds_of(given: Sequence[str]) -> dict[str, str]:
    """`COLUMN=KIND` each, as a dictionary."""
    kinds = {}
    for one in given:
        name, equals, kind = one.rpartition("=")
        if not equals or not name:
            raise typer.BadParameter(f"--kind is COLUMN=KIND, as in zip=category; got {one!r}")
        kinds[name] = kind
    return kinds


def check_gate(fail_on: str | None, junit: Path | None) -> None:
    """Refuse a gate that does not exist, or whose file cannot be written, before anything is computed."""
    if fail_on not in (None, "shown", "inconclusive"):
        raise typer.BadParameter(f"--fail-on is shown or inconclusive; got {fail_on!r}")
    if junit is not None:
        if junit.is_dir():
            raise typer.BadParameter(f"--junit is a file to write; {junit} is a folder")
        junit.parent.mkdir(parents=True, exist_ok=True)


def begin(quiet: bool) -> None:
    """Progress and log lines go to standard error, or nowhere."""
    import logging
    import sys

    from byheart.core.progress import progress_off

    if quiet:
        progress_off()
    level = logging.WARNING if quiet else logging.INFO
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log = logging.getLogger("byheart")
    log.handlers, log.propagate = [handler], False
    log.setLevel(level)


def finish(run: RunFolder, *, fail_on: str | None, junit: Path | None, as_json: bool) -> int:
    """Print the verdicts, write the gate's file, return the exit code of the contract."""
    from byheart.core.verdict import SCHEMA
    from byheart.report.junit import write_junit
    from byheart.report.terminal import verdict_lines

    verdicts = run.verdicts
    if junit is not None:
        write_junit(verdicts, junit, fail_on or "shown")
    if as_json:
        import json

        print(json.dumps({"schema": SCHEMA, "verdicts": [v.to_dict() for v in verdicts]}, indent=1, sort_keys=True))
    else:
        print("\n".join(verdict_lines(verdicts)))
        print(f"\nReport: {run.path / 'report.html'}")
    decisions = {v.decision for v in verdicts}
    if fail_on and "shown" in decisions:
        return 3
    if fail_on == "inconclusive" and (not verdicts or "inconclusive" in decisions):
        return 4
    return 0
