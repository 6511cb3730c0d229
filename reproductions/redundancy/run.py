"""Redundancy and memorization, tried: canaries of known redundancy and exposure, read after perturbed prefixes.

Run with `byheart reproduce redundancy`; claims.toml says what is claimed, README.md why ours differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from byheart.core.claim import Exhibit, Found
from byheart.core.corpus import Corpus
from byheart.core.findings import Findings
from byheart.core.signals import Signals
from byheart.core.verdict import Estimate
from byheart.explain.redundancy import redundancy
from byheart.signals.text.perturbed_prefixes import BASELINES, CLEAN
from byheart.stats.auc import auc_estimate
from byheart.stats.intervals import bootstrap_mean
from byheart.stats.sides import Sides

from .texts import KINDS, PLANS, Plan
from .training import read_all

NAMED = {
    "low-share": "low among memorized", "risk": "risk ratio of low", "fragile": "vulnerability ratio",
    "fragile-places": "vulnerability ratio by places", "fragile-matched": "vulnerability ratio, matched",
    "drop-memorized": "drop, memorized", "drop-others": "drop, others",
    "drop-relative": "relative drop, memorized to others",
}  # fmt: skip


def run(folder: Path, *, scale: str, seed: int) -> Iterator[Found | Exhibit]:
    """All claims, those of the smallest model first; the others follow for the claim on sizes."""
    yield from try_claims(folder, PLANS[scale], seed)


def try_claims(folder: Path, plan: Plan, seed: int) -> Iterator[Found | Exhibit]:
    """The same at any plan."""
    found: list[Findings] = []
    for size in plan.sizes:
        signals, corpus, counts = read_all(plan, size, folder, seed=seed)
        found.append(redundancy(signals, counts=counts, threshold=0.5, seed=seed))
        if size == plan.sizes[0]:
            yield from of_one_model(found[0], signals, corpus, plan, seed)
    yield Found("size", apart(*(f.estimates["relative drop, memorized"] for f in (found[-1], found[0]))))
    yield sizes(found, plan)


def of_one_model(found: Findings, signals: Signals, corpus: Corpus, plan: Plan, seed: int) -> Iterator[Found | Exhibit]:
    """Everything that one model can tell."""
    told = found.estimates
    caveats = " ".join(found.params["caveats"])
    for claim, name in NAMED.items():
        yield Found(claim, told[name], caveats if claim == "fragile" else "")
    slopes = [told[f"frequency, nll, {who}, slope"] for who in ("others", "memorized")]
    yield Found("frequency", apart(*slopes))
    on = found.state["memorized"]
    yield Found("uncertainty", over(signals, signals.dense("entropy")[:, len(BASELINES) :].mean(axis=1)
                                    - signals.dense("entropy")[:, CLEAN], on, seed))  # fmt: skip
    yield Found("dose", between(found, signals, "random/16", "random/1", on, seed))
    yield Found("near-end", between(found, signals, "replace/4/end", "replace/4/start", on, seed))
    yield from planted(signals, corpus, plan, seed)
    yield by_perturbation(found)
    yield by_exposure(signals, corpus, plan)


def planted(signals: Signals, corpus: Corpus, plan: Plan, seed: int) -> Iterator[Found]:
    """Against the truth that was planted."""
    recited, hits = (signals.dense(name)[:, CLEAN].astype(np.float64) for name in ("recited", "hits"))
    kind, exposures = corpus.columns["kind"], corpus.columns["exposures"]
    never, often = exposures == 0, exposures == max(plan.exposures)
    yield Found("copying", over(signals, recited, (kind == "periodic") & never, seed))
    a, b = (kind == "distinct") & often, (kind == "distinct") & never
    yield Found("twins", apart(over(signals, recited, a, seed), over(signals, recited, b, seed)))
    yield Found("detect", auc_estimate(Sides.of(hits[a], hits[b])))


def over(signals: Signals, values: np.ndarray, on: np.ndarray, seed: int) -> Estimate:
    """Mean over some records."""
    used = on & ~np.isnan(values)
    if np.unique(signals.groups[used]).size < 2:
        return Estimate(None, None, None, int(used.sum()), "records", "fewer than two documents or canaries")
    return bootstrap_mean(values[used], signals.groups[used], seed=seed, unit="mean over records")


def between(found: Findings, signals: Signals, one: str, other: str, on: np.ndarray, seed: int) -> Estimate:
    """Drop of one perturbation less that of another, record by record."""
    columns = [found.address.tolist().index(name) for name in (one, other)]
    assert found.per_record is not None
    return over(signals, found.per_record[:, columns[0]] - found.per_record[:, columns[1]], on, seed)


def apart(a: Estimate, b: Estimate) -> Estimate:
    """Difference of two estimates from different records; interval from theirs (Zou & Donner 2008)."""
    parts = (a.value, a.low, a.high, b.value, b.low, b.high)
    how = f"{a.how}; difference, interval from the two (Zou & Donner 2008)"
    if a.value is None or b.value is None:
        return Estimate(None, None, None, a.n + b.n, a.unit, how)
    x, x_low, x_high, y, y_low, y_high = (float(v) if v is not None else np.nan for v in parts)
    x_low, x_high = (x if np.isnan(v) else v for v in (x_low, x_high))  # a side without spread adds none
    y_low, y_high = (y if np.isnan(v) else v for v in (y_low, y_high))
    low, high = x - y - np.hypot(x - x_low, y_high - y), x - y + np.hypot(x_high - x, y - y_low)
    return Estimate(x - y, float(low), float(high), a.n + b.n, a.unit, how)


def by_perturbation(found: Findings) -> Exhibit:
    """A row per perturbation."""
    names = ("address", "weight", "low", "high", "n", "strength", "places", "of_low", "of_high", "others", "twins",
             "elsewhere", "unchanged")  # fmt: skip
    rows: list[dict[str, Any]] = [
        {k: None if isinstance(row[k], float) and np.isnan(row[k]) else row[k] for k in names}
        for row in found.table().to_dict("records")
    ]
    caption = "Mean drop of memorized records, and of low and high redundancy; strength on words and by places."
    plot = {"x": "strength", "y": "weight", "by": "address", "y low": "low", "y high": "high"}
    return Exhibit("What each perturbation takes", caption, rows, plot)


def by_exposure(signals: Signals, corpus: Corpus, plan: Plan) -> Exhibit:
    """What is recited by kind and exposure, before anything is perturbed."""
    cells = [(k, e, (corpus.columns["kind"] == k) & (corpus.columns["exposures"] == e))
             for k in KINDS for e in plan.exposures]  # fmt: skip
    told = {name: signals.dense(name)[:, CLEAN] for name in ("recited", "hits")}
    rows = [{"kind": k, "exposures": e, "n": int(on.sum()), **{name: float(v[on].mean()) for name, v in told.items()}}
            for k, e, on in cells]  # fmt: skip
    plot = {"x": "exposures", "y": "recited", "by": "kind", "joined": "yes"}
    return Exhibit("Recited by exposure", "Exposure 0 are twins that were never trained on.", rows, plot)


def sizes(found: list[Findings], plan: Plan) -> Exhibit:
    """Memorized records and their vulnerability by size of the model."""
    rows = [{"layers": layers, "width": width, "memorized": int(f.state["memorized"].sum()),
             "relative drop": f.estimates["relative drop, memorized"].value,
             "vulnerability ratio": f.estimates["vulnerability ratio"].value}
            for (width, layers), f in zip(plan.sizes, found, strict=True)]  # fmt: skip
    return Exhibit("By size", "The same stream for all.", rows)
