"""`byheart mitigate activation_probe RUN`: recitation switched off inside the model, and what that does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from byheart.cli import options as o


def command(
    run: Annotated[Path, typer.Argument(help="Run folder of `audit text`.")],
    site: Annotated[
        list[str] | None,
        typer.Option("--site", help="Address, as layers.7.block; more than once for several; blocks for all of them."),
    ] = None,
    mode: Annotated[str, typer.Option("--mode", help="shift, gate or clamp.")] = "shift",
    alpha: Annotated[float, typer.Option("--alpha", help="How much of the way, 1 for all.")] = 1.0,
    coordinates: Annotated[int, typer.Option("--coordinates", help="With --mode clamp, how many.")] = 16,
    random: Annotated[int, typer.Option("--random", help="Random directions to compare with.")] = 20,
    limit: Annotated[int, typer.Option("--limit", help="Records of each role to measure it on.")] = 100,
    then: Annotated[str | None, typer.Option("--then", help="measure, to audit the changed model too.")] = None,
    device: o.Device = "auto",
    dtype: o.Dtype = "auto",
    trust_remote_code: o.Trust = False,
    show_text: o.ShowText = False,
    quiet: o.Quiet = False,
) -> None:
    """Can recitation be switched off where it shows inside the model, and what else is lost by it?"""
    from byheart.audit.text.switching import Switching, switch_run
    from byheart.cli.gate import begin
    from byheart.core.errors import UsageError
    from byheart.core.run import RunFolder
    from byheart.mitigate.activation_probe import MODES
    from byheart.report import write_all
    from byheart.report.compare import change_lines

    begin(quiet)
    if then not in (None, "measure"):
        raise UsageError(f"--then is measure; got {then!r}")
    if mode not in MODES:
        raise UsageError(f"--mode is shift, gate or clamp; got {mode!r}")
    if random < 1 or limit < 1:
        raise UsageError(f"--random and --limit are 1 or more; got {random} and {limit}")
    how = Switching(tuple(site or ()), mode, alpha, coordinates, random, limit)  # type: ignore[arg-type]
    effect, changes, folder = switch_run(
        run, how, audit_again=then is not None, device=device, dtype=dtype, trust_remote_code=trust_remote_code
    )
    print(effect.sentence)
    for caveat in effect.caveats:
        print(caveat)
    for name, estimate in effect.estimates.items():
        print(f"  {name}: {estimate} ({estimate.unit})")
    if folder is not None:
        print("\n" + "\n".join(change_lines(changes)))
        print(f"\nBefore and after: {folder / 'comparison.html'}")
    print(f"Report: {write_all(RunFolder.existing(run), show_text=show_text)}")
