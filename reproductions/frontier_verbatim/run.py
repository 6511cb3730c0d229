"""A verbatim audit through the chat interface, tried on models and oracles whose memory was planted.

Run with `byheart reproduce frontier_verbatim`; claims.toml says what is claimed, README.md why ours differs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from byheart.core.claim import Exhibit, Found
from byheart.core.run import RunFolder
from byheart.core.scores import Scores
from byheart.core.verdict import Estimate
from byheart.stats.auc import auc_estimate
from byheart.stats.intervals import bootstrap_mean, proportion
from byheart.stats.paired import compare_pairs, trend
from byheart.stats.sides import Sides
from byheart.stats.threshold import control_threshold

from .articles import PLANS, Plan, dealt
from .policies import false_filters, filter_of, try_policies
from .training import audited, parameters


def run(folder: Path, *, scale: str, seed: int) -> Iterator[Found | Exhibit]:
    """All claims: first the oracles, then the models by size."""
    yield from try_claims(folder, PLANS[scale], seed)


def try_claims(folder: Path, plan: Plan, seed: int) -> Iterator[Found | Exhibit]:
    """The same at any plan."""
    yield from try_policies(folder, plan, seed=seed)
    runs = {f"{parameters(size, plan.vocabulary) / 1e6:.2g} M": audited(plan, size, folder, seed=seed)
            for size in plan.sizes}  # fmt: skip
    members, _, _ = dealt(plan, seed=seed)
    repeats = dict(zip(members.ids.tolist(), members.columns["repeats"].tolist(), strict=True))
    scores = {name: run.scores["verbatim"] for name, run in runs.items()}
    yield from by_size(scores, seed)
    yield from by_repeats(list(scores.values())[-1], repeats, plan, seed)
    yield from by_prefix(list(runs.values())[-1])
    wrong = [*false_filters(folder), *(filter_of(run) is not None for run in runs.values())]
    yield Found("no-filter", Estimate(float(sum(wrong)), None, None, len(wrong), "models and oracles", "counted"))
    yield Found("false-alarms", proportion(np.concatenate([fresh_above(s) for s in scores.values()]), np.tile(
        np.arange(plan.control // 2), len(scores))))  # fmt: skip
    yield repeats_exhibit(scores, repeats, seed)
    yield prefix_exhibit(runs)


def by_size(scores: dict[str, Scores], seed: int) -> Iterator[Found | Exhibit]:
    """Models on the same articles, pair by pair, and the trend."""
    values = {name: s.where("member").values for name, s in scores.items()}
    groups = next(iter(scores.values())).where("member").groups
    pairs = compare_pairs(values, groups, seed=seed, unit="characters")
    first, last = next(iter(values)), list(values)[-1]
    ends = next(p for p in pairs if (p.first, p.second) == (first, last))
    yield Found("size", ends.difference)
    yield Found("size-trend", trend(np.stack(list(values.values()), axis=1), groups, seed=seed)[0])
    rows = [{"smaller": x.first, "larger": x.second, "difference, characters": x.difference.value,
             "low": x.difference.low, "high": x.difference.high, "n": x.difference.n, "p": x.p,
             "p adjusted": x.adjusted} for x in pairs]  # fmt: skip
    yield Exhibit("Models pair by pair", "The same articles; sign flips, adjusted for all pairs by Holm.", rows)


def by_repeats(own: Scores, repeats: dict[str, int], plan: Plan, seed: int) -> Iterator[Found]:
    """The largest model, by how often it saw an article."""
    members, controls = own.where("member"), own.where("nonmember")
    seen = np.array([repeats[str(name)] for name in members.ids])
    often, once = members.values[seen == max(plan.repeats)], members.values[seen == min(plan.repeats)]
    yield Found("duplicates", auc_estimate(Sides.of(often, once)))
    yield Found("duplicates-trend", correlation(seen, members.values, seed))
    yield Found("controls", proportion(np.asarray(controls.extra["recited"], dtype=bool)))
    yield Found("flagged", proportion(often > (control_threshold(controls.values).value or 0.0)))


def by_prefix(run: RunFolder) -> Iterator[Found]:
    """The contrasts that the audit itself made."""
    told = json.loads((run.findings_folder / "prefix_length.json").read_text(encoding="utf-8"))["estimates"]
    yield Found("prefix", Estimate(**told["longer"]))
    yield Found("offset", Estimate(**told["further"]))


def correlation(x: np.ndarray, y: np.ndarray, seed: int, n_resamples: int = 2000) -> Estimate:
    """Spearman's correlation with its bootstrap interval and its p by permutation, one-sided."""
    from scipy.stats import rankdata, spearmanr

    from byheart.core.randomness import generator

    rng, value = generator(seed, "correlation"), float(spearmanr(x, y).statistic)
    drawn = [spearmanr(x[i], y[i]).statistic for i in rng.integers(len(x), size=(n_resamples, len(x)))]
    low, high = np.quantile(drawn, [0.025, 0.975])
    ranks, places = rankdata(x), rankdata(y)
    chance = np.array([rng.permutation(ranks) @ places for _ in range(n_resamples)])
    p = (1 + int((chance >= ranks @ places - 1e-9).sum())) / (1 + n_resamples)
    how = f"Spearman's correlation; interval from {n_resamples} resamples; p by permutation {p:.2g}"
    return Estimate(value, float(low), float(high), len(x), "articles", how)


def fresh_above(scores: Scores) -> np.ndarray:
    """Whether each of the second half of the controls passes the threshold set by the first half, bool."""
    values = scores.where("nonmember").values
    half = len(values) // 2
    passed: np.ndarray = values[half : 2 * half] > (control_threshold(values[:half]).value or 0.0)
    return passed


def repeats_exhibit(scores: dict[str, Scores], repeats: dict[str, int], seed: int) -> Exhibit:
    """Longest stretch by repeats and size; 0 repeats are the controls."""
    rows: list[dict[str, Any]] = []
    for name, own in scores.items():
        seen = np.array([repeats.get(str(i), 0) for i in own.ids])
        for times in np.unique(seen):
            side = own.take(seen == times)
            mean = bootstrap_mean(side.values, seed=seed)
            rows.append({"model": name, "repeats": int(times), "n": len(side), "characters": mean.value,
                         "low": mean.low, "high": mean.high, "words": float(np.mean(side.extra["words"])),
                         "nearly, words": float(np.mean(side.extra["near"])),
                         "20 words in a row": float(np.mean(side.extra["recited"]))})  # fmt: skip
    plot = {"x": "repeats", "y": "characters", "by": "model", "y low": "low", "y high": "high", "joined": "yes"}
    return Exhibit("Longest stretch by repeats and size", "Means over articles; 0 repeats are controls.", rows, plot)


def prefix_exhibit(runs: dict[str, RunFolder]) -> Exhibit:
    """Longest stretch by length and place of the prefix, for each model."""
    rows: list[dict[str, Any]] = []
    for name, run in runs.items():
        table = pd.read_parquet(run.findings_folder / "prefix_length.parquet").sort_values(["role", "offset", "prefix"])
        rows += [{"curve": f"{name}, {'articles' if r.role == 'member' else 'controls'}, from word {r.offset}",
                  "prefix, words": int(r.prefix), "characters": float(r.weight), "low": float(r.low),
                  "high": float(r.high), "n": int(r.n)} for r in table.itertuples()]  # fmt: skip
    plot = {"x": "prefix, words", "y": "characters", "by": "curve", "y low": "low", "y high": "high", "joined": "yes"}
    caption = "Longest stretch by the words given, from the beginning and from further inside; the same articles."
    return Exhibit("By prefix", caption, rows, plot)
