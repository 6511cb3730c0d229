"""Every reader whose signals are there, read."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from byheart.core.card import addresses, asks_for, card_named, load
from byheart.core.corpus import Corpus
from byheart.core.findings import Findings
from byheart.core.run import RunFolder
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.stats.judge.beside import AGAINST_REFERENCE

Source = Any
"""What a card may ask for: signals, records, scores of another method, and what else `audit/sources` opens."""
RECORDS = (Corpus, Scores, Signals)


def available(run: RunFolder) -> dict[str, Source]:
    """What a run folder holds that a reader can need: its records and its finished signals, by name."""
    records = records_of(run.corpus, coin=by_coin(run))
    return {**records, **{name: load_signals(run, name) for name in signals_of(run)}}


def signals_of(run: RunFolder) -> list[str]:
    """Names of the signals that a run holds."""
    return [folder.name for folder in sorted((run.path / "signals").glob("*")) if any(_shards(folder))]


def load_signals(run: RunFolder, name: str) -> Signals:
    """The signals of this name, of all records."""
    return Signals.join([Signals.load(shard) for shard in _shards(run.signals_folder(name))])


def _shards(folder: Path) -> list[Path]:
    return sorted(folder.glob("shard-*.safetensors"))


def records_of(corpus: Corpus, *, coin: bool = False) -> dict[str, Source]:
    """The records as readers ask for them, by name.

    All as `corpus`, canaries as `canaries`, and as `coins` too where a fair coin decided on each; benchmark items as
    `twins`.
    """
    found: dict[str, Source] = {"corpus": corpus}
    if "pool" in corpus.columns:
        found["canaries"] = corpus.where("canary", "canary_control")
        if coin:
            found["coins"] = found["canaries"]
    if "twin_of" in corpus.columns:
        found["twins"] = corpus
    return found


def by_coin(run: RunFolder) -> bool:
    """Whether a fair coin decided on each canary; a run of an earlier version tells it by the claims that it made."""
    if "coin" in run.facts or not run.verdicts_path.exists():
        return bool(run.facts.get("coin"))
    cards = [card_named(v.method) for v in run.verdicts]
    return any(card is not None and card.claim == "privacy" for card in cards)


def readers(sources: Mapping[str, Source], family: str) -> list[Callable[..., Any]]:
    """The measuring methods of a family that need nothing but what is there."""
    methods = [load(a) for a in addresses() if a.startswith("measure/")]
    return [
        m
        for m in methods
        if m.card.family in (family, "any") and m.card.needs and set(asks_for(m)) <= set(sources)  # type: ignore[attr-defined]
    ]


def measure_with(method: Callable[..., Any], sources: Mapping[str, Source], **options: Any) -> Any:
    """Call a method on the records that all it needs share, in one order; what is no records is handed over as it is.

    Further arguments without a default are taken from the sources, too, where the options do not hold them.
    """
    needs = method.card.needs  # type: ignore[attr-defined]
    needed = [sources[name] for name in needs]
    known = [s.ids for s in needed if isinstance(s, RECORDS)] or [np.zeros(0)]
    ids = reduce(lambda kept, more: kept[np.isin(kept, more)], known[1:], known[0])
    more = {n: sources[n] for n in asks_for(method)[len(needs) :] if n not in options and n in sources}
    return method(*[_in_order(s, ids) if isinstance(s, RECORDS) else s for s in needed], **more, **options)


def measure_all(sources: Mapping[str, Source], run: RunFolder, *, family: str, seed: int) -> dict[str, Scores]:
    """Run every reader that can run, keep scores and findings in the run folder.

    Returns:
        Scores by method name.
    """
    found: dict[str, Scores] = {}
    for method in readers(sources, family):
        result = measure_with(method, sources, **seed_of(method, seed))
        if isinstance(result, Scores):
            result.save(run.scores_path(result.card.name))
            found[result.card.name] = result
        elif isinstance(result, Findings):
            result.save(run.findings_folder)
    return found | read_off(found, sources, family=family, seed=seed)


def read_off(
    scores: Mapping[str, Scores], sources: Mapping[str, Source], *, family: str, seed: int
) -> dict[str, Scores]:
    """What methods that read these scores make of them: further claims about numbers that are kept already.

    They are not kept in a file, as the file of the scores they read holds what they say.
    """
    there = {**sources, **scores}
    second = [m for m in readers(there, family) if set(m.card.needs) & set(scores)]  # type: ignore[attr-defined]
    made = [measure_with(m, there, **seed_of(m, seed)) for m in second]
    return {s.card.name: s for s in made if isinstance(s, Scores)}


def of_reference(scores: Mapping[str, Scores], sources: Mapping[str, Source]) -> dict[str, Scores]:
    """The same scores of the model that never saw the records, by method name; none where it was not read.

    Of claims that are held against a reference, those that read the records and the one pass alone.
    """
    if "reference_logprobs" not in sources:
        return {}
    there = {name: source for name, source in sources.items() if isinstance(source, Corpus)}
    there["token_logprobs"] = sources["reference_logprobs"]
    found: dict[str, Scores] = {}
    for name, own in scores.items():
        if own.card.claim in AGAINST_REFERENCE and set(own.card.needs) <= {*there, *found}:
            found[name] = measure_with(load(own.card.address), {**there, **found})
    return found


def seed_of(method: Callable[..., Any], seed: int) -> dict[str, int]:
    """The seed as an option, for a method that draws."""
    return {"seed": seed} if "seed" in inspect.signature(method).parameters else {}


def _in_order(source: Source, ids: np.ndarray) -> Source:
    if len(source) == len(ids) and (source.ids == ids).all():
        return source
    return source.at(ids)
