"""`byheart mitigate tabcutmix`: a training table stretched before a generator learns it.

With `--train F --out F` it stretches a file. With a run folder of `audit table` and `--then measure` it trains the
generator without and with the new rows, audits both, and tells what changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from byheart.cli import options as o

if TYPE_CHECKING:
    import pandas as pd

    from byheart.mitigate.tabcutmix import TabCutMix

METHODS = ("tabcutmix", "mixup", "smote", "ijf")
SHOWN = 12  # classes and clusters that are named


def command(
    run: Annotated[Path | None, typer.Argument(help="Run folder of `audit table`, with --then measure.")] = None,
    train: Annotated[Path | None, typer.Option("--train", help="Table to stretch: .csv, .tsv or .parquet.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="File to write: .csv, .tsv or .parquet.")] = None,
    generator: Annotated[
        str, typer.Option("--generator", help="With RUN: tabsyn, tabddpm or package.module:Class, trained twice.")
    ] = "tabsyn",
    then: Annotated[str | None, typer.Option("--then", help="With RUN: measure, to train, audit and compare.")] = None,
    random: Annotated[
        int, typer.Option("--random", help="With RUN: random edits of the same size, each a training more.")
    ] = 1,
    target: Annotated[str | None, typer.Option("--target", help="Column whose classes rows are mixed within.")] = None,
    ratio: Annotated[float, typer.Option("--ratio", help="New rows per old one.")] = 0.3,
    method: Annotated[str, typer.Option("--method", help="tabcutmix, mixup, smote or ijf.")] = "tabcutmix",
    plus: Annotated[bool, typer.Option("--plus", help="Columns that tell the same story move together.")] = False,
    mask: Annotated[str, typer.Option("--mask", help="bernoulli (the paper) or count (its code).")] = "bernoulli",
    forbid_clones: Annotated[bool, typer.Option("--forbid-clones", help="No new row equals a parent.")] = False,
    n_bins: Annotated[int | None, typer.Option("--n-bins", help="Quantile bins of a target of numbers.")] = None,
    unconditional: Annotated[bool, typer.Option("--unconditional", help="Without a target: mix any two rows.")] = False,
    seed: o.Seed = 0,
    quiet: o.Quiet = False,
    config: o.Config = None,
) -> None:
    """Can a table be stretched, before a generator learns it, so that the generator copies less of it?"""
    from byheart.cli.gate import begin

    begin(quiet)
    mixing: dict[str, Any] = {
        "plus": plus, "mask": mask, "forbid_clones": forbid_clones, "n_bins": n_bins, "unconditional": unconditional,
    }  # fmt: skip
    if run is not None:
        made = {"target": target, "ratio": ratio, "seed": seed, **mixing}
        _retrain(run, generator, then, random, method, train, out, made)
        return
    _stretch(train, out, target, method, ratio, seed, mixing)


def _retrain(
    run: Path, generator: str, then: str | None, random: int, method: str, train: Path | None, out: Path | None,
    made: dict[str, Any],
) -> None:  # fmt: skip
    """Train the generator without and with the new rows, and print what changed."""
    from byheart.audit.curing import absent_lines
    from byheart.audit.table.retrain import retrain_and_prove
    from byheart.core.errors import UsageError
    from byheart.core.run import RunFolder
    from byheart.mitigate.tabcutmix import tabcutmix
    from byheart.report.compare import change_lines

    if then != "measure" or train is not None or out is not None or method != "tabcutmix":
        raise UsageError(
            "with a run folder the command is `mitigate tabcutmix RUN --generator G --then measure`; to stretch a file "
            "leave RUN out and give --train and --out"
        )
    schema = RunFolder.existing(run).facts.get("schema", {})
    made["target"] = made["target"] or (None if made["unconditional"] else schema.get("target"))
    _check(method, made["target"], **{k: made[k] for k in ("plus", "mask", "forbid_clones", "unconditional")})
    if random < 0:
        raise UsageError(f"--random is 0 or more; got {random}")
    cured = retrain_and_prove(run, tabcutmix(**made), generator=generator, n_random=random, seed=made["seed"])
    assert cured.folder is not None, "the second audit was asked for"
    print("\n".join(change_lines(cured.changes)))
    print(
        "\nOne training of each was compared: intervals tell the chance in the rows, not in the training. Repeat with "
        f"other --seed.\nPage: {cured.folder / 'comparison.html'}"
    )
    print("\n".join([cured.proof.sentence, *cured.proof.caveats, *absent_lines(cured.proof)]))


def _stretch(
    train: Path | None, out: Path | None, target: str | None, method: str, ratio: float, seed: int,
    mixing: dict[str, Any],
) -> None:  # fmt: skip
    """Stretch a file, and print what was made."""
    from byheart.core.errors import UsageError
    from byheart.mitigate import tabcutmix as room
    from byheart.mitigate._row_mixing.files import check_writable, read_verbatim, write_table

    if train is None or out is None:
        raise UsageError("name the table with --train and the file to write with --out, or give a run folder")
    _check(method, target, **{k: v for k, v in mixing.items() if k != "n_bins"})
    check_writable(out, train)
    old = read_verbatim(train)
    mixer: TabCutMix | None = None
    if method == "tabcutmix":
        mixer = room.TabCutMix(ratio, seed=seed, **mixing)
        new = mixer.fit_resample(old, target)
    else:
        augment: Any = getattr(room, f"{method}_tabular")
        new = augment(old, target, ratio=ratio, n_bins=mixing["n_bins"], seed=seed)
    write_table(new, out)
    print(f"{out}: {len(new):,} rows, the {len(old):,} of {train} and under them {len(new) - len(old):,} new ones.")
    for line in (*_class_lines(old, new, target), *(() if mixer is None else _mixing_lines(mixer))):
        print(line)
    for line in _copy_lines(old, new):
        print(line)
    print(
        "Train the generator on it, then compare: byheart audit table --train OLD --synthetic MADE --control HELD_OUT"
    )


def _check(method: str, target: str | None, **of_tabcutmix: Any) -> None:
    """Refuse an option that the method would not read, and say how to go on without a target."""
    from byheart.core.errors import UsageError

    if method not in METHODS:
        raise UsageError(f"--method is one of {', '.join(METHODS)}; got {method!r}")
    defaults = {"plus": False, "mask": "bernoulli", "forbid_clones": False, "unconditional": False}
    given = [name for name, value in of_tabcutmix.items() if value != defaults[name]]
    if method != "tabcutmix" and given:
        raise UsageError(f"--{given[0].replace('_', '-')} belongs to --method tabcutmix; {method} does not read it")
    if method == "tabcutmix" and target is None and not of_tabcutmix["unconditional"]:
        raise UsageError(
            "rows are mixed within the classes of a target; name its column with --target, or give --unconditional to "
            "mix any two rows, which weakens what one column says of another"
        )
    if target is not None and of_tabcutmix["unconditional"]:
        raise UsageError(
            f"--unconditional mixes any two rows, --target {target} only those of a class; give one of them"
        )


def _class_lines(old: pd.DataFrame, new: pd.DataFrame, target: str | None) -> Iterator[str]:
    """How many rows each class has before and after; the range where there are too many."""
    if target is None:
        return
    before, after = (frame[target].astype(object).value_counts(dropna=False) for frame in (old, new))
    if len(before) > SHOWN:
        yield f"{target!r} had {len(before):,} different values before and has {len(after):,} after."
        return
    counts = zip(before.index, before, after.reindex(before.index), strict=True)
    told = [f"{_name(value)} {was:,} -> {now:,}" for value, was, now in counts]
    yield f"Rows by {target!r}, before and after: {', '.join(told)}."


def _name(value: Any) -> str:
    import pandas as pd

    return "(missing)" if pd.isna(value) else str(value)


def _mixing_lines(mixer: TabCutMix) -> Iterator[str]:
    """What moved together, and how many new rows are copies of a parent."""
    together = [c for c in mixer.clusters_ if len(c) > 1]
    if mixer.plus:
        alone = sum(len(c) == 1 for c in mixer.clusters_)
        named = "; ".join(" and ".join(c) for c in together[:SHOWN]) or "none"
        more = f" (and {len(together) - SHOWN} more groups)" if len(together) > SHOWN else ""
        yield f"Columns that move together: {named}{more}. {alone} move alone."
    n, clones = mixer.clones_.size, int(mixer.clones_.sum())
    if not n:
        return
    if mixer.forbid_clones:
        yield "No new row equals one of its two parents."
        return
    formula = "2/(F+1)" if mixer.mask == "bernoulli" else "1/F"
    yield (
        f"{clones:,} new rows ({clones / n:.1%}) equal one of their two parents. Parents that differ in all of the "
        f"F = {mixer.n_units_} parts that move would give {formula} = {mixer.expected_clones_:.1%}; rows of a class "
        "that agree in some give more. --forbid-clones draws them again."
    )


def _copy_lines(old: pd.DataFrame, new: pd.DataFrame) -> Iterator[str]:
    """How many new rows equal any old row, whoever their parents are."""
    import numpy as np
    import pandas as pd

    cells = pd.util.hash_pandas_object(new, index=False).to_numpy()
    made = cells[len(old) :]
    copies = int(np.isin(made, cells[: len(old)]).sum())
    if made.size:
        said = f"{copies:,} of the {made.size:,} new rows ({copies / made.size:.1%})"
        yield f"{said} stand word for word in the training table."
