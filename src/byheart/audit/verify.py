"""Was anything in a run changed after it was made?"""

from __future__ import annotations

from pathlib import Path

from byheart.core.digest import digest_file
from byheart.core.run import RunFolder

SEALED = ("corpus.parquet", "verdicts.json", "scores/*.parquet", "signals/*/*.safetensors", "findings/*")


def seal(run: RunFolder) -> None:
    """Note the digest of every output in run.json, at the end of a run."""
    run.update(outputs={str(p.relative_to(run.path)): digest_file(p) for p in _outputs(run)})


def verify_run(run: RunFolder) -> tuple[list[str], bool]:
    """Compare outputs, data and model with what run.json says.

    Returns:
        Sentences for a reader, and whether anything differs.
    """
    facts, lines = run.facts, []
    before = facts.get("outputs")
    if before is None:
        return [f"{run.path} was never finished, so it holds no digests of its outputs; run the audit again"], True
    now = {str(p.relative_to(run.path)): digest_file(p) for p in _outputs(run)}
    lines += [f"changed: {name}" for name in sorted(before) if name in now and now[name] != before[name]]
    lines += [f"missing: {name}" for name in sorted(set(before) - set(now))]
    lines += [f"added: {name}" for name in sorted(set(now) - set(before))]
    for name, source in facts.get("data", {}).items():
        lines += _source_line(name, source)
    changed = bool(lines)
    lines.append(
        "Something was changed after the run."
        if changed
        else f"All {len(now)} outputs, and the sources that are still there, are as the run left them."
    )
    return lines, changed


def _outputs(run: RunFolder) -> list[Path]:
    return sorted(p for pattern in SEALED for p in run.path.glob(pattern))


def _source_line(name: str, source: dict[str, str]) -> list[str]:
    path = Path(source.get("path", ""))
    if not source.get("digest") or not path.is_file():
        return []
    return [] if digest_file(path) == source["digest"] else [f"changed: {name} ({path})"]
