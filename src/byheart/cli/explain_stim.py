"""`byheart explain stim`: which tokens of a chain of reasoning follow the training corpus, and through which channel?

With `--model M --chains F --index I` it makes a run folder. With a run folder it explains the records of that run that
have a prompt and a completion, by its own model; the answer goes into a run folder inside it, or to --out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from byheart.cli import options as o

if TYPE_CHECKING:
    from byheart.core.run import RunFolder

SHOWN = 8  # tokens that are named


def command(
    run: Annotated[Path | None, typer.Argument(help="Run folder, in place of --model and --chains.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="Folder, hub id, adapter folder, or smollm2.")] = None,
    chains: Annotated[
        str | None, typer.Option("--chains", help="Rows with prompt, completion, and optionally question, wrong.")
    ] = None,
    index: Annotated[
        Path | None, typer.Option("--index", help="Corpus index, made with the model's tokenizer.")
    ] = None,
    saliency: Annotated[str, typer.Option("--saliency", help="loo, lerg or grad: which words matter?")] = "loo",
    association: Annotated[str, typer.Option("--association", help="count, or npmi.")] = "count",
    window: Annotated[int, typer.Option("--window", help="Tokens within which two terms stand together.")] = 1000,
    n_salient: Annotated[int, typer.Option("--n-salient", help="Words looked up for each token.")] = 5,
    new_tokens: Annotated[int, typer.Option("--new-tokens", help="Longest completion, where none is given.")] = 256,
    reward: Annotated[
        str | None,
        typer.Option("--reward", help="package.module:function, what each step is worth; else all is scored."),
    ] = None,
    threshold: Annotated[float, typer.Option("--threshold", help="A step below it is doubtful.")] = 0.9,
    out: o.Out = None,
    seed: o.Seed = 0,
    device: o.Device = "auto",
    dtype: o.Dtype = "auto",
    limit: o.Limit = None,
    trust_remote_code: o.Trust = False,
    show_text: o.ShowText = False,
    quiet: o.Quiet = False,
    config: o.Config = None,
) -> None:
    """Is a token of a reasoning chain said because it is frequent in the training corpus, and through which channel?"""
    from byheart.audit.chain.audit_chains import audit_chains, chains_of_run
    from byheart.cli.gate import begin
    from byheart.core.errors import UsageError

    begin(quiet)
    if index is None:
        raise UsageError(
            "name the corpus with --index; `byheart index build TEXTS --tokenizer MODEL --out I` makes one"
        )
    if (run is None) == (model is None or chains is None):
        raise UsageError("give --model and --chains, or a run folder, and not both")
    source: Any = chains
    if run is not None:
        source, model, out, opened = chains_of_run(run, out)
        device, dtype = (opened.get("device", device), opened.get("dtype", dtype))
        trust_remote_code = trust_remote_code or bool(opened.get("trust_remote_code"))
    made = audit_chains(
        model, source, index, out=out, reward=_function(reward), threshold=threshold, saliency=saliency,  # type: ignore[arg-type]
        new_tokens=new_tokens, window=window, n_salient=n_salient, association=association, seed=seed, device=device,
        dtype=dtype, limit=limit, trust_remote_code=trust_remote_code, show_text=show_text,
        command_line=o.typed(),
    )  # fmt: skip
    print("\n".join(sentences(made, show_text)))


def _function(name: str | None) -> Any:
    """A function by `package.module:name`."""
    import importlib

    from byheart.core.errors import UsageError

    if name is None:
        return None
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as e:
        raise UsageError(f"--reward is package.module:function; {name!r} cannot be found ({e})") from None


def sentences(run: RunFolder, show_text: bool) -> Iterator[str]:
    """The result in words."""
    from byheart.report.chain.part import headline, told
    from byheart.report.evidence import Evidence

    evidence = Evidence.of(run)
    yield headline(evidence)
    yield from told(evidence, show_text, most=SHOWN)
    for v in evidence.verdicts:
        yield f"{v.decision}: {v.claim}. {' '.join(v.caveats)}"
    yield f"Page: {run.path / 'report.html'}"
