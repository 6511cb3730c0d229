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
    relearn: Annotated[
        int, typer.Option("--relearn", help="With --then: steps of fine-tuning after which is asked what comes back.")
    ] = 20,
    targets: Annotated[
        Path | None,
        typer.Option(
            "--targets", help="Ids of the records it is for, one a line; other memorized ones are bystanders."
        ),
    ] = None,
    device: o.Device = "auto",
    dtype: o.Dtype = "auto",
    trust_remote_code: o.Trust = False,
    show_text: o.ShowText = False,
    quiet: o.Quiet = False,
) -> None:
    """Can recitation be switched off where it shows inside the model, and what else is lost by it?"""
    from byheart.audit.curing import Cured, Proving, told
    from byheart.audit.text.switching import Switching, switch_run
    from byheart.cli.gate import begin
    from byheart.core.errors import UsageError
    from byheart.core.run import RunFolder
    from byheart.mitigate.activation_probe import MODES
    from byheart.report import write_all

    begin(quiet)
    proving = Proving(then, relearn=relearn)
    if mode not in MODES:
        raise UsageError(f"--mode is shift, gate or clamp; got {mode!r}")
    if random < 1 or limit < 1:
        raise UsageError(f"--random and --limit are 1 or more; got {random} and {limit}")
    how = Switching(tuple(site or ()), mode, alpha, coordinates, random, limit)  # type: ignore[arg-type]
    switched = switch_run(
        run, how, audit_again=then is not None, relearning=proving.relearning, targets=_ids(targets),
        device=device, dtype=dtype, trust_remote_code=trust_remote_code,
    )  # fmt: skip
    print("\n".join(told(Cured(*switched))))
    print(f"Report: {write_all(RunFolder.existing(run), show_text=show_text)}")


def _ids(path: Path | None) -> frozenset[str] | None:
    """Ids of records, one a line; None where no file is given."""
    from byheart.core.errors import DataError

    if path is None:
        return None
    if not path.is_file():
        raise DataError(f"{path} does not exist; --targets is a file of record ids, one a line")
    ids = frozenset(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    if not ids:
        raise DataError(f"{path} names no record; give their ids, one a line")
    return ids
