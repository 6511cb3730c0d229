"""Was anything in a run changed after it was made?"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from byheart.core.digest import digest_file
from byheart.core.errors import ByheartError, MissingExtra
from byheart.core.fetching import fetched
from byheart.core.run import RunFolder
from byheart.data.sources import source_digest

SEALED = ("corpus.parquet", "verdicts.json", "scores/*.parquet", "signals/*/*.safetensors", "findings/*")
OPENED = {"device": "auto", "dtype": "auto", "trust_remote_code": False}


def seal(run: RunFolder) -> None:
    """Note the digest of every output in run.json, at the end of a run."""
    run.update(outputs={_name(run, p): digest_file(p) for p in _outputs(run)})


def note_outputs(run: RunFolder, paths: Iterable[Path]) -> None:
    """Note the digests of what a further step made; what else was changed stays visible."""
    if "outputs" in run.facts:
        run.update(outputs={**run.facts["outputs"], **{_name(run, p): digest_file(p) for p in paths}})


def verify_run(run: RunFolder) -> tuple[list[str], bool]:
    """Compare outputs, data and model with what run.json says.

    Returns:
        Sentences for a reader, and whether anything differs.
    """
    facts = run.facts
    before = facts.get("outputs")
    if before is None:
        return [f"{run.path} was never finished, so it holds no digests of its outputs; run the audit again"], True
    now = {_name(run, p): digest_file(p) for p in _outputs(run)}
    lines = [f"changed: {name}" for name in sorted(before) if name in now and now[name] != before[name]]
    lines += [f"missing: {name}" for name in sorted(set(before) - set(now))]
    lines += [f"added: {name}" for name in sorted(set(now) - set(before))]
    kept, gone = _sources(facts)
    lines += kept
    changed = bool(lines)
    lines += gone
    lines.append(
        "Something was changed after the run."
        if changed
        else f"All {len(now)} outputs, and the sources that are still there, are as the run left them."
    )
    return lines, changed


def _name(run: RunFolder, path: Path) -> str:
    return str(path.relative_to(run.path))


def _outputs(run: RunFolder) -> list[Path]:
    return sorted(p for pattern in SEALED for p in run.path.glob(pattern))


def _sources(facts: dict[str, Any]) -> tuple[list[str], list[str]]:
    """What is said of changed data and models, and of those that are no longer there to be compared."""
    changed, gone = [], []
    for name, source in facts.get("data", {}).items():
        path, digest = Path(source.get("path", "")), source.get("digest")
        if digest and not path.exists():
            gone.append(f"not there any more, so not compared: {name} ({path})")
        elif digest and source_digest(path) != digest:
            changed.append(f"changed: {name} ({path})")
    if "model" not in facts["command"]:  # tables have none
        return changed, gone
    model, opened = facts.get("model_source"), {**OPENED, **facts.get("opened", {})}
    if not model:
        gone.append("run.json does not tell what opens the model again, so not compared: model")
        return changed, gone
    if opened["trust_remote_code"] or not (model == "smollm2" or Path(model).exists()):
        gone.append(f"no file here that can be read without running its code, so not compared: model ({model})")
        return changed, gone
    try:
        if _model_digest(model, opened) != facts["command"]["model"]:
            changed.append(f"changed: model ({model})")
    except MissingExtra as e:
        gone.append(f"cannot be opened here, so not compared: model ({model}); {e}")
    return changed, gone


def _model_digest(model: str, opened: dict[str, Any]) -> str | None:
    """Fingerprint of the model as it would be opened now; None if it cannot be opened.

    Raises:
        MissingExtra: if no model can be opened here.
    """
    open_text_model = fetched("byheart.audit.opening", "open_text_model")
    try:
        return str(open_text_model(model, **opened).digest)
    except MissingExtra:
        raise
    except ByheartError:
        return None
