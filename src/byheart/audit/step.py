"""One method on a run folder, by itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from byheart.audit.measuring import available, measure_with
from byheart.audit.verify import note_outputs
from byheart.core.errors import UsageError
from byheart.core.findings import Findings
from byheart.core.run import RunFolder
from byheart.core.scores import Scores
from byheart.report import write_all


def run_step(method: Callable[..., Any], path: Path, options: Mapping[str, Any]) -> list[str]:
    """Run one reader on the signals a run holds, and keep its result in the run.

    Args:
        method: a method with a card.
        path: the run folder.
        options: the method's keyword options.

    Returns:
        Lines for a reader: what was made and where it is.

    Raises:
        UsageError: if the run lacks a signal that the method needs.
    """
    run = RunFolder.existing(path)
    card = method.card  # type: ignore[attr-defined]
    signals = available(run)
    missing = [need for need in card.needs if need not in signals]
    if missing:
        raise UsageError(
            f"{card.address} reads {', '.join(missing)}, which {path} does not hold "
            f"(it holds {', '.join(signals) or 'no signals'}); {_way_to(missing[0], path)}"
        )
    seeded = (
        {"seed": run.facts.get("command", {}).get("seed", 0)} if "seed" in inspect.signature(method).parameters else {}
    )
    result = measure_with(method, signals, **seeded, **options)
    if isinstance(result, Scores):
        result.save(run.scores_path(card.name))
        note_outputs(run, [run.scores_path(card.name)])
        table = result.table().groupby("role")["value"].describe()[["count", "mean", "50%", "max"]]
        return [
            f"{card.address}: {card.summary} ({card.unit}; higher is more memorized)",
            table.to_string(),
            f"Scores: {run.scores_path(card.name)}",
        ]
    if isinstance(result, Findings):
        result.save(run.findings_folder)
        note_outputs(run, run.findings_folder.glob(f"{card.name}.*"))
        top = result.table().head(20).to_string(index=False)
        return [f"{card.address}: {card.summary}", top, f"Report: {write_all(run)}"]
    raise UsageError(f"{card.address} returned a {type(result).__name__}; a reader returns Scores or Findings")


def _way_to(signal: str, path: Path) -> str:
    if signal == "canaries":
        return "run the audit with --canaries"
    if signal == "shadow_logprobs":
        return "run the audit with --shadow"
    return f"make it with `byheart signals {signal} {path}`"
