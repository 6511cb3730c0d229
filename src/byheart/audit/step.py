"""One method on a run folder, by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from byheart.audit.curing import Proving, cure_lines
from byheart.audit.measuring import measure_with, seed_of
from byheart.audit.sources import Sources
from byheart.audit.verify import note_outputs
from byheart.core.card import addresses, asks_for
from byheart.core.errors import UsageError
from byheart.core.findings import Findings
from byheart.core.run import RunFolder
from byheart.core.scores import Scores
from byheart.report import write_all


def run_step(
    method: Callable[..., Any],
    path: Path,
    options: Mapping[str, Any],
    *,
    proving: Mapping[str, Any] | None = None,
    trial: Mapping[str, Any] | None = None,
    **opening: Any,
) -> list[str]:
    """Run one method on what a run holds and can open, and keep its result in the run; an edit is proven.

    Args:
        method: a method with a card.
        path: the run folder.
        options: the method's keyword options.
        proving: fields of `Proving`: how much is asked of an edit, where the method makes one.
        trial: what the `trial` of the run's family takes.
        **opening: what `Sources` takes: index, device, dtype, trust_remote_code.

    Returns:
        Lines for a reader: what was made and where it is.

    Raises:
        UsageError: if the run lacks what the method asks for.
    """
    sources = Sources(RunFolder.existing(path), **opening)
    run, card = sources.run, method.card  # type: ignore[attr-defined]
    missing = [need for need in card.needs if need not in sources]
    if missing:
        raise UsageError(
            f"{card.address} reads {', '.join(missing)}, which {path} does not hold "
            f"(it holds {', '.join(sources.held) or 'no signals'}); {_way_to(missing[0], path)}"
        )
    unnamed = [name for name in asks_for(method) if name not in sources and name not in options]
    if unnamed:
        raise UsageError(
            f"{card.address} needs --{unnamed[0].replace('_', '-')}; see `byheart {card.verb} {card.name} --help`"
        )
    if card.verb == "mitigate":
        edit = measure_with(method, sources, **seed_of(method, _seed(run)), **options)
        return [*cure_lines(sources, edit, Proving(**(proving or {})), trial or {}), f"Report: {write_all(run)}"]
    result = carry_out(method, sources, options)
    if isinstance(result, Scores):
        table = result.table().groupby("role")["value"].describe()[["count", "mean", "50%", "max"]]
        return [
            f"{card.address}: {card.summary} ({card.unit}; higher is more memorized)",
            table.to_string(),
            f"Scores: {run.scores_path(card.name)}",
        ]
    top = result.table().head(20).to_string(index=False)
    return [f"{card.address}: {card.summary}", top, f"Report: {write_all(run)}"]


def carry_out(
    method: Callable[..., Any], sources: Sources, options: Mapping[str, Any] | None = None
) -> Scores | Findings:
    """The method's result with the seed of the run, kept in the run.

    Raises:
        UsageError: if it is neither scores nor findings.
    """
    run, card = sources.run, method.card  # type: ignore[attr-defined]
    result: Scores | Findings = measure_with(method, sources, **seed_of(method, _seed(run)), **(options or {}))
    if isinstance(result, Scores):
        result.save(run.scores_path(card.name))
        note_outputs(run, [run.scores_path(card.name)])
    elif isinstance(result, Findings):
        result.save(run.findings_folder)
        note_outputs(run, run.findings_folder.glob(f"{card.name}.*"))
    else:
        raise UsageError(f"{card.address} returned a {type(result).__name__}; a reader returns Scores or Findings")
    return result


def _seed(run: RunFolder) -> int:
    return int(run.facts.get("command", {}).get("seed", 0))


def _way_to(name: str, path: Path) -> str:
    if name == "canaries":
        return "run the audit with --canaries"
    if name == "coins":
        return "run the audit with --canaries of the design `coin`"
    if name == "shadow_logprobs":
        return "run the audit with --shadow"
    if f"measure/{name}" in addresses():
        return f"make it with `byheart measure {name} {path}`"
    return f"make it with `byheart signals {name} {path}`"
