"""Every reader whose signals are there, read."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np

from byheart.core.card import addresses, load
from byheart.core.corpus import Corpus
from byheart.core.findings import Findings
from byheart.core.run import RunFolder
from byheart.core.scores import Scores
from byheart.core.signals import Signals

Source = Signals | Corpus


def available(run: RunFolder) -> dict[str, Source]:
    """What a run folder holds that a reader can need: its records and its finished signals, by name."""
    found = records_of(run.corpus)
    for folder in sorted((run.path / "signals").glob("*")):
        shards = sorted(folder.glob("shard-*.safetensors"))
        if shards:
            found[folder.name] = Signals.join([Signals.load(s) for s in shards])
    return found


def records_of(corpus: Corpus) -> dict[str, Source]:
    """The records as readers ask for them: all as `corpus`, canaries as `canaries`, benchmark items as `twins`."""
    found: dict[str, Source] = {"corpus": corpus}
    if "pool" in corpus.columns:
        found["canaries"] = corpus.where("canary", "canary_control")
    if "twin_of" in corpus.columns:
        found["twins"] = corpus
    return found


def readers(sources: Mapping[str, Source], family: str) -> list[Callable[..., Any]]:
    """The measuring methods of a family that need nothing but what is there."""
    methods = [load(a) for a in addresses() if a.startswith("measure/")]
    return [
        m
        for m in methods
        if m.card.family in (family, "any") and m.card.needs and set(m.card.needs) <= set(sources)  # type: ignore[attr-defined]
    ]


def measure_with(method: Callable[..., Any], sources: Mapping[str, Source], **options: Any) -> Any:
    """Call a reader on the records that all its signals share, in one order."""
    needed = [sources[name] for name in method.card.needs]  # type: ignore[attr-defined]
    ids = reduce(lambda kept, s: kept[np.isin(kept, s.ids)], needed[1:], needed[0].ids)
    return method(*[_in_order(s, ids) for s in needed], **options)


def measure_all(sources: Mapping[str, Source], run: RunFolder, *, family: str, seed: int) -> dict[str, Scores]:
    """Run every reader that can run, keep scores and findings in the run folder.

    Returns:
        Scores by method name.
    """
    found: dict[str, Scores] = {}
    for method in readers(sources, family):
        seeded = {"seed": seed} if "seed" in inspect.signature(method).parameters else {}
        result = measure_with(method, sources, **seeded)
        if isinstance(result, Scores):
            result.save(run.scores_path(result.card.name))
            found[result.card.name] = result
        elif isinstance(result, Findings):
            result.save(run.findings_folder)
    return found


def _in_order(source: Source, ids: np.ndarray) -> Source:
    if len(source) == len(ids) and (source.ids == ids).all():
        return source
    return source.at(ids)
