"""`byheart measure memhunter RUN`: train a hunter on some of a run's members, hunt the rest, and judge the set.

It climbs a ladder first: where the text itself, ready-made requests, or an untrained writer already decide, no hunter
is trained unless `--to-the-top` asks for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from byheart.cli import options as o

if TYPE_CHECKING:
    from byheart.signals.text.composed import Compose


def command(
    run: Annotated[Path, typer.Argument(help="Run folder of `audit text`, with control records.")],
    hunter: Annotated[
        str, typer.Option("--hunter", help="Causal language model that learns to write prompts.")
    ] = "smollm2",
    budget: Annotated[int, typer.Option("--budget", help="Target tokens for the hunter's schooling.")] = 500_000,
    reference: Annotated[str | None, typer.Option("--reference", help="A model that never saw the members.")] = None,
    compose: Annotated[
        str, typer.Option("--compose", help="What the model reads: prepend, append or prompt_only.")
    ] = "prepend",
    tries: Annotated[int, typer.Option("--tries", help="Prompts per record, for members and control alike.")] = 3,
    prompt_tokens: Annotated[int, typer.Option("--prompt-tokens", help="Length of a prompt.")] = 10,
    prefix_tokens: Annotated[int, typer.Option("--prefix-tokens", help="Where a record is cut.")] = 50,
    new_tokens: Annotated[int, typer.Option("--new-tokens", help="How much of the rest is hunted.")] = 50,
    epochs: Annotated[int, typer.Option("--epochs", help="Passes of the hunter over its records.")] = 2,
    lr: Annotated[float, typer.Option("--lr", help="Learning rate of the hunter.")] = 5e-4,
    top_k: Annotated[int, typer.Option("--top-k", help="Candidates for each token of a prompt.")] = 48,
    to_the_top: Annotated[
        bool, typer.Option("--to-the-top", help="Train a hunter although a cheaper rung has decided.")
    ] = False,
    device: o.Device = "auto",
    trust_remote_code: o.Trust = False,
    quiet: o.Quiet = False,
    config: o.Config = None,
) -> None:
    """Does a hunter, taught on some records, find prompts that bring back the others, and not the controls?"""
    from byheart.audit.text.hunt import hunt_run
    from byheart.audit.text.hunt_records import Hunting
    from byheart.cli.gate import begin
    from byheart.core.errors import UsageError
    from byheart.report.terminal import verdict_lines

    begin(quiet)
    numbers = {"budget": budget, "tries": tries, "prompt-tokens": prompt_tokens, "prefix-tokens": prefix_tokens,
               "new-tokens": new_tokens, "epochs": epochs, "top-k": top_k}  # fmt: skip
    for name, value in numbers.items():
        if value < 1:
            raise UsageError(f"--{name} is at least 1; got {value}")
    if compose not in ("prepend", "append", "prompt_only"):
        raise UsageError(f"--compose is prepend, append or prompt_only; got {compose!r}")
    how = Hunting(
        compose=cast("Compose", compose), tries=tries, prompt_tokens=prompt_tokens, prefix_tokens=prefix_tokens,
        new_tokens=new_tokens, epochs=epochs, lr=lr, top_k=top_k, budget=budget, to_the_top=to_the_top,
    )  # fmt: skip
    found = hunt_run(
        run, hunter=hunter, reference=reference, how=how, device=device, trust_remote_code=trust_remote_code
    )
    print("\n".join(verdict_lines(found)))
    print(f"Verdicts: {run / 'verdicts.json'}; `byheart report {run}` draws them.")
