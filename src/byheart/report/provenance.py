"""What was this run made with, and how is it made again?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from byheart.report.words import duration, safe

Pairs = list[tuple[str, str]]


def made_with(facts: Mapping[str, Any], made_from: Sequence[str]) -> Pairs:
    """Settings, versions and digests of a run as pairs of a name and a value; what run.json lacks is left out.

    Args:
        facts: run.json.
        made_from: the facts that name what went in, a model or a table.
    """
    command = facts.get("command", {})
    versions = {**facts.get("versions", {}), **facts.get("environment", {})}
    byheart = versions.pop("byheart", facts.get("byheart", command.get("version")))
    pairs = [("byheart", byheart), *((name, facts.get(name)) for name in made_from)]
    pairs += [(name, facts.get(name, command.get(name))) for name in ("seed", "device", "engine", "profile")]
    pairs += [*sorted(versions.items()), *_digests(facts)]
    return [(safe(name), safe(value)) for name, value in pairs if value not in (None, "")]


def time_spent(facts: Mapping[str, Any]) -> Pairs:
    """Wall time of each step and in all, in words."""
    steps = {name: float(seconds) for name, seconds in facts.get("steps", {}).items()}
    pairs = [(f"time for {name}", duration(seconds)) for name, seconds in steps.items()]
    return [*pairs, ("time in all", duration(sum(steps.values())))] if steps else []


def _digests(facts: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    command, data = facts.get("command", {}), facts.get("data", {})
    found = {name: command.get(name) for name in ("model", "reference", "corpus")}
    found |= {name: source.get("digest") for name, source in data.items() if isinstance(source, Mapping)}
    for name, value in {**found, **facts.get("digests", {})}.items():
        if re.fullmatch(r"[0-9a-f]{32,}", str(value)):
            yield f"SHA-256 of {name}", value
