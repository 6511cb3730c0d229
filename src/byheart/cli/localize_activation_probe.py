"""`byheart localize activation_probe RUN`: where in the model it shows that a token is recited.

With `--score FILE` it labels further texts with the probe that the run keeps.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from byheart.cli import options as o


def command(
    run: Annotated[Path, typer.Argument(help="Run folder of `audit text`.")],
    score: Annotated[str | None, typer.Option("--score", help="Texts to label with the probe of the run.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="With --score: .parquet to write.")] = None,
    text_column: Annotated[str | None, typer.Option("--text-column", help="With --score: column of the text.")] = None,
    against: Annotated[
        str, typer.Option("--against", help="What recited tokens are told from: unseen, repetition or both.")
    ] = "both",
    kind: Annotated[str, typer.Option("--kind", help="logistic, means or lda.")] = "logistic",
    site: Annotated[list[str] | None, typer.Option("--site", help="Address to probe; may be given again.")] = None,
    run_length: Annotated[int, typer.Option("--run", help="Best guesses in a row before a token counts.")] = 8,
    p_min: Annotated[float, typer.Option("--p-min", help="Least probability of a recited token.")] = 0.9,
    p_ref_max: Annotated[
        float, typer.Option("--p-ref-max", help="Largest probability under the reference, or a short context.")
    ] = 0.5,
    word_start: Annotated[bool, typer.Option(help="Only tokens that begin a word count as recited.")] = True,
    dealings: Annotated[int, typer.Option("--dealings", help="Random dealings of the labels, for p.")] = 200,
    limit: Annotated[int, typer.Option("--limit", help="Records of each role at most.")] = 300,
    device: o.Device = "auto",
    dtype: o.Dtype = "auto",
    trust_remote_code: o.Trust = False,
    quiet: o.Quiet = False,
) -> None:
    """Does the model itself show, while it reads, that it is reciting and not merely sure, and where?"""
    from byheart.audit.text.probing import Probing, probe_run, score_file, sentences
    from byheart.cli.gate import begin
    from byheart.core.errors import UsageError
    from byheart.signals.text.token_events import RULES

    begin(quiet)
    opened: dict[str, Any] = {"device": device, "dtype": dtype, "trust_remote_code": trust_remote_code}
    if score is not None:
        table, path = score_file(run, score, out, text_column=text_column, **opened)
        named = int((table["q"] <= 0.05).sum())
        print(f"{named} of {len(table)} texts read as recited (at most 5 % of these by chance): {path}")
        return
    if out is not None or text_column is not None:
        raise UsageError("--out and --text-column belong to --score; the findings go into the run folder")
    if run_length < 1 or not 0 <= p_min <= 1 or not 0 <= p_ref_max <= 1 or dealings < 19 or limit < 1:
        raise UsageError(
            f"--run and --limit are 1 or more, --p-min and --p-ref-max lie in [0, 1], --dealings is 19 or more; got "
            f"{run_length}, {limit}, {p_min}, {p_ref_max} and {dealings}"
        )
    rules = replace(RULES, run=run_length, p_min=p_min, p_ref_max=p_ref_max, word_start=word_start)
    asked: dict[str, Any] = {"against": against, "kind": kind, "sites": tuple(site) if site else None}
    found, table = probe_run(run, Probing(**asked, n_dealings=dealings, rules=rules, limit=limit), **opened)
    print("\n".join(sentences(found, table)))
    print(f"\n{found.table().head(10).to_string(index=False)}")
    print(f"Findings and probe: {run / 'findings'}; page: {run / 'report.html'}")
