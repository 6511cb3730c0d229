"""`byheart canaries`: make strings that nobody can guess, plant them in the training data, check them later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from byheart.data.canaries.canaries import Manifest

app = typer.Typer(help="Plant strings that nobody can guess, to prove later what was learned.", no_args_is_help=True)

TextColumn = Annotated[str | None, typer.Option("--text-column", help="Column that holds the record.")]


@app.command("make")
def make(
    out: Annotated[Path, typer.Option("--out", help="Where to write the manifest (JSON).")],
    families: Annotated[
        str, typer.Option("--families", help="Of random, perplexity, card, email, password, with commas.")
    ] = "random,card,email,password",
    per_repetition: Annotated[int, typer.Option("--per-repetition", help="Planted strings of each count.")] = 8,
    repetitions: Annotated[str, typer.Option("--repetitions", help="How often one is planted.")] = "1,4,16",
    controls: Annotated[int, typer.Option("--controls", help="Never-planted twins of each family.")] = 100,
    design: Annotated[
        str, typer.Option("--design", help="fixed, or coin (each in with probability 1/2, to bound epsilon).")
    ] = "fixed",
    seed: Annotated[int, typer.Option("--seed", help="Decides strings and roles.")] = 0,
    model: Annotated[
        str | None, typer.Option("--model", help="Scores the candidates of the family perplexity.")
    ] = None,
    band: Annotated[
        str | None, typer.Option("--band", help="Nats per token of those kept, as 6,8; else the highest quarter.")
    ] = None,
) -> None:
    """Draw canaries and their twins; print the commitment to publish before training."""
    from byheart.data.canaries.canaries import make_canaries

    manifest = make_canaries(
        seed=seed,
        families=_words(families),
        repetitions=_numbers(repetitions, int, "--repetitions"),
        per_repetition=per_repetition,
        controls=controls,
        design=design,
        score=None if model is None else _scorer(model),
        band=None if band is None else _two(band),
    )
    manifest.save(out)
    planted = len(manifest.planted)
    print(f"{planted} canaries to plant and {len(manifest.canaries) - planted} twins to keep out: {out}")
    for line in _table(manifest):
        print(line)
    print(f"Publish this commitment before training: {manifest.commitment}")
    print(f"Next: byheart canaries inject {out} TRAINING_DATA --out TRAINING_DATA_WITH_CANARIES")


@app.command("inject")
def inject(
    manifest: Annotated[Path, typer.Argument(help="What `make` wrote; the digests of the data are added to it.")],
    data: Annotated[Path, typer.Argument(help="JSONL, CSV, Parquet or a folder of .txt; it is not changed.")],
    out: Annotated[Path, typer.Option("--out", help="Where to write the data with canaries, in the same format.")],
    text_column: TextColumn = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Decides the places; else the manifest's own.")] = None,
) -> None:
    """Write the data again with every canary planted its number of times."""
    from byheart.data.canaries.canaries import Manifest
    from byheart.data.canaries.inject import inject as plant

    done = plant(Manifest.load(manifest), data, out, seed=seed, text_column=text_column)
    done.manifest.save(manifest)
    facts: Any = done.manifest.data
    share = facts["n_added"] / (facts["n_added"] + facts["n_records"])
    print(f"{facts['n_added']} records added to {facts['n_records']} ({share:.1%} of the result): {out}")
    print(f"Train on {out} instead of {data}; {manifest} now holds the digests of both.")
    print(f"Then: byheart audit text --model MODEL --members {out} --canaries {manifest}")


@app.command("verify")
def verify(
    manifest: Annotated[Path, typer.Argument(help="A manifest.")],
    data: Annotated[Path | None, typer.Argument(help="Data that should hold its canaries.")] = None,
    text_column: TextColumn = None,
) -> None:
    """Check a manifest against its commitment, and data against the manifest."""
    from byheart.data.canaries.canaries import Manifest
    from byheart.data.canaries.planted import verify_manifest

    found = verify_manifest(Manifest.load(manifest), None if data is None else str(data), text_column=text_column)
    for sentence in found.checked:
        print(f"right  {sentence}")
    for sentence in found.open:
        print(f"open   {sentence}")


def nats_per_token(target: Any) -> Callable[[Sequence[str]], list[float]]:
    """Mean nats per scored token of each text under a model."""
    import numpy as np

    from byheart.core.corpus import Corpus
    from byheart.signals.text.token_logprobs import token_logprobs

    def score(texts: Sequence[str]) -> list[float]:
        signals: Any = token_logprobs(target, Corpus.of(list(texts), "unknown"), seed=0)
        pairs = zip(signals["logprob"], signals["scored"], strict=True)
        return [float(-np.mean(logprobs[scored.astype(bool)])) for logprobs, scored in pairs]

    return score


def _scorer(model: str) -> Callable[[Sequence[str]], list[float]]:
    from byheart.models.text.causal_lm import load_text_model

    return nats_per_token(load_text_model(model))


def _table(manifest: Manifest) -> list[str]:
    lines = []
    for pool in dict.fromkeys(c.pool for c in manifest.canaries):
        counts = Counter(c.repetitions for c in manifest.canaries if c.pool == pool)
        planted = ", ".join(f"{counts[r]} x {r}" for r in sorted(counts) if r)
        lines.append(f"  {pool:<11} {planted} times; {counts[0]} twins")
    return lines


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _numbers(text: str, kind: Callable[[str], Any], option: str) -> list[Any]:
    from byheart.core.errors import UsageError

    try:
        return [kind(word) for word in _words(text)]
    except ValueError:
        raise UsageError(f"{option} takes numbers with commas between them; got {text!r}") from None


def _two(text: str) -> tuple[float, float]:
    from byheart.core.errors import UsageError

    values = _numbers(text, float, "--band")
    if len(values) != 2 or values[0] >= values[1]:
        raise UsageError(f"--band takes two numbers, the lower first, as 6,8; got {text!r}")
    return values[0], values[1]
