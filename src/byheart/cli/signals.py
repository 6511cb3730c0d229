"""`byheart signals NAME RUN`: one expensive pass, added to a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from byheart.cli import options as o


def signals(
    name: Annotated[str, typer.Argument(help="token_logprobs, lowercase_logprobs, nonmember_prefix_logprobs, ...")],
    run: Annotated[Path, typer.Argument(help="Run folder that an audit began.")],
    reference: Annotated[str | None, typer.Option("--reference", help="A model that never saw the records.")] = None,
    device: o.Device = "auto",
    dtype: o.Dtype = "auto",
    engine: o.EngineName = "local",
    workers: o.Workers = None,
    ray_address: o.Address = None,
    batch_size: o.BatchSize = "auto",
    trust_remote_code: o.Trust = False,
    quiet: o.Quiet = False,
) -> None:
    """One expensive pass over the records of a run, kept in it for every method that reads it."""
    from byheart.audit.text.audit_text import add_signals
    from byheart.cli.gate import begin
    from byheart.execute import engine_named

    begin(quiet)
    made = add_signals(
        run,
        name,
        reference=reference,
        device=device,
        dtype=dtype,
        batch_size=batch_size,
        engine=engine_named(engine, workers=workers, address=ray_address),
        trust_remote_code=trust_remote_code,
    )
    print(f"{name}: {len(made)} records, in {run / 'signals' / name}")
