"""`byheart audit benchmark`: is this benchmark in the training data of a model?"""

from __future__ import annotations

from typing import Annotated

import typer

from byheart.cli import options as o


def benchmark(
    model: Annotated[str, typer.Option("--model", help="Folder, hub id, .gguf file, adapter folder, or smollm2.")],
    items: Annotated[str, typer.Option("--items", help="The benchmark: texts, prompts, or questions with choices.")],
    twins: Annotated[str | None, typer.Option("--twins", help="Twins of your own, with a column twin_of.")] = None,
    twin_column: Annotated[str | None, typer.Option("--twin-column", help="Column of the items with twins.")] = None,
    make: Annotated[str, typer.Option("--make", help="Rules that make twins.")] = "numbers,names,options",
    per_item: Annotated[int, typer.Option("--per-item", help="Twins made of each item.")] = 5,
    reference: Annotated[
        str | None, typer.Option("--reference", help="A model of the same size that never saw the benchmark.")
    ] = None,
    text_column: Annotated[str | None, typer.Option("--text-column", help="Column that holds the text.")] = None,
    group_column: Annotated[str | None, typer.Option("--group-column", help="What several items share.")] = None,
    out: o.Out = None,
    seed: o.Seed = 0,
    device: o.Device = "auto",
    dtype: o.Dtype = "auto",
    engine: o.EngineName = "local",
    workers: o.Workers = None,
    ray_address: o.Address = None,
    profile: o.ProfileName = "routine",
    limit: o.Limit = None,
    fail_on: o.FailOn = None,
    junit: o.Junit = None,
    show_text: o.ShowText = False,
    trust_remote_code: o.Trust = False,
    quiet: o.Quiet = False,
    as_json: o.AsJson = False,
    config: o.Config = None,
) -> int:
    """Has a language model seen this benchmark, and does it answer it from memory or by skill?"""
    from byheart.audit.benchmark.audit_benchmark import audit_benchmark
    from byheart.cli.audit import begin, check_gate, finish
    from byheart.execute import engine_named

    check_gate(fail_on, junit)
    begin(quiet)
    if twins is not None and twin_column is not None:
        raise typer.BadParameter("--twins and --twin-column both say where the twins are; give one")
    run = audit_benchmark(
        model,
        items,
        twins=twins,
        twin_column=twin_column,
        make=[rule.strip() for rule in make.split(",") if rule.strip()],
        per_item=per_item,
        reference=reference,
        text_column=text_column,
        group_column=group_column,
        out=out,
        seed=seed,
        device=device,
        dtype=dtype,
        engine=engine_named(engine, workers=workers, address=ray_address),
        profile=profile,
        limit=limit,
        trust_remote_code=trust_remote_code,
        show_text=show_text,
        command_line=o.typed(),
    )
    return finish(run, fail_on=fail_on, junit=junit, as_json=as_json)
