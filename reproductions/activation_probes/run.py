"""Activation probes, tried: strings learned by heart, strings copied from the context, and strings never seen.

Run with `byheart reproduce activation_probes`; claims.toml says what is claimed, README.md why ours differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from byheart.core.claim import Exhibit, Found
from byheart.core.corpus import Corpus
from byheart.core.findings import Findings
from byheart.core.randomness import generator
from byheart.core.verdict import Estimate
from byheart.localize._activation_probe.events import Events, kept
from byheart.localize._activation_probe.folds import held_out
from byheart.localize._activation_probe.judging import auc_of
from byheart.localize._activation_probe.permuted_auc import dealt_auc
from byheart.localize._activation_probe.probe import Probe
from byheart.localize._activation_probe.records import score_records
from byheart.localize.activation_probe import activation_probe
from byheart.mitigate._proof.effect import measure_switch
from byheart.mitigate.activation_probe import activation_probe as switch_off
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.sites import Site
from byheart.signals.text.token_events import REPEATED, Rules, removed
from byheart.stats.auc import auc_estimate
from byheart.stats.intervals import bootstrap_mean
from byheart.stats.sides import Sides

from .labelling import Labelled, label
from .texts import PLANS, Plan
from .training import trained

BLIND = {"p-matched": "p of the token", "entropy-matched": "entropy", "margin-matched": "margin",
         "words-matched": "bag of words"}  # fmt: skip
SWITCHED = {"falls": "still recited", "costs": "held-out text, loss", "spares-repetition": "repetition, change",
            "random-directions": "still recited, random directions"}  # fmt: skip


def run(folder: Path, *, scale: str, seed: int) -> Iterator[Found | Exhibit]:
    """All claims."""
    yield from try_claims(folder, PLANS[scale], seed)


def try_claims(folder: Path, plan: Plan, seed: int) -> Iterator[Found | Exhibit]:
    """The same at any plan."""
    model, twin, corpus, words = trained(plan, folder, seed=seed)
    known = label(model, corpus, words, plan, seed=seed)
    yield Found("short-context", bootstrap_mean(*known.short, seed=seed, unit="share of recited tokens"))
    unseen = activation_probe(known.events, model, against="unseen", seed=seed)
    yield Found("tells-unseen", unseen.estimates["AUC"])
    yield Found("confidence-does-too", unseen.estimates["AUC of p of the token"])
    yield from by_string(unseen, known, model, plan, seed)
    alike = activation_probe(known.events, model, against="repetition", seed=seed)
    yield Found("tells-repeated", best_block(alike), " ".join(alike.params["caveats"]))
    for claim, name in BLIND.items():
        yield Found(claim, alike.estimates[f"matched AUC of {name}"])
    yield Found("twin", best_block(activation_probe(known.events, twin, against="repetition", seed=seed)))
    yield from at_one_site(alike, known, model, seed)
    yield from switched(alike, known, corpus, model, plan, seed)
    yield from tables(alike, known, plan)


def best_block(found: Findings) -> Estimate:
    """Matched AUC at the block where it is largest."""
    blocks = [c for c in found.params["curve"] if c["kind"] == "block"]
    best = max(blocks, key=lambda c: c["value"] if c["value"] is not None else -1.0)
    return Estimate(**{k: best[k] for k in Estimate.__dataclass_fields__})


def by_string(found: Findings, known: Labelled, model: CausalLM, plan: Plan, seed: int) -> Iterator[Found | Exhibit]:
    """Whole strings, by how often they were seen; each judged by probes that did not learn from it."""
    table, _ = score_records(model, known.own, Site.parse(found.params["site"], model.module), found.state)
    score, count = table["score"].to_numpy(), known.strings.columns["count"]
    yield Found("by-document", auc_estimate(Sides.of(score[count == max(plan.counts)], score[count == 0])))
    rng, draws = generator(seed, "dose"), []
    rows = [np.flatnonzero(count == c) for c in plan.counts]
    for _ in range(500):
        draws.append(_rises([score[rng.choice(r, r.size)].mean() for r in rows]))
    value, (low, high) = _rises([score[r].mean() for r in rows]), np.quantile(draws, [0.025, 0.975])
    how = "Spearman correlation of count and mean log-odds; interval from 500 resamples of strings"
    yield Found("dose", Estimate(value, min(float(low), value), float(high), len(count), "rank correlation", how))
    gap = known.own.ragged("label")
    shown = [{"count": c, "strings": int(r.size), "log-odds": float(score[r].mean()),
              "tokens recited, share": float(np.mean([(gap[i] == 1).mean() for i in r])) if c else None}
             for c, r in zip(plan.counts, rows, strict=True)]  # fmt: skip
    plot = {"x": "count", "y": "log-odds", "joined": "yes"}
    yield Exhibit("By how often a string was seen", "Mean log-odds over its words, held out.", shown, plot)


def _rises(means: list[float]) -> float:
    return float(spearmanr(np.arange(len(means)), means).statistic)


def at_one_site(found: Findings, known: Labelled, model: CausalLM, seed: int) -> Iterator[Found]:
    """At the site of the probe: dealt labels, and the recipe for repetition."""
    site = Site.parse(found.params["site"], model.module)
    events = Events.of(known.events, (1, 2))
    x = kept(model, known.events, events, [site])[site]
    null = dealt_auc([x], events.positive, events.document, events.unit, seed=seed).null
    reach = 1.96 * float(null.std(ddof=1)) / null.size**0.5
    mean, how = float(null.mean()), "mean over dealings of whole documents, each cross-validated anew"
    yield Found("shuffled", Estimate(mean, mean - reach, mean + reach, null.size, "AUC over dealings", how))
    events = Events.of(known.events, (0, 1, 2), positive=REPEATED)
    x = kept(model, known.events, events, [site])[site]
    logit = held_out(x, events.positive, events.document, seed=seed).logit
    yield Found("repetition", auc_of(logit, events, seed=seed, alike=False))


def switched(
    found: Findings, known: Labelled, corpus: Corpus, model: CausalLM, plan: Plan, seed: int
) -> Iterator[Found]:
    """The switch at the probe's site, on the strings seen most and on held-out documents."""
    often = known.strings.take(known.strings.columns["count"] == max(plan.counts))
    held = np.flatnonzero(corpus.roles == "nonmember")
    texts = often + corpus.take(np.sort(generator(seed, "held-out text").permutation(held)[:100]))
    probe = Probe.of(found.state, found.params["site"])
    effect = measure_switch(
        model, lambda k: switch_off([probe], astray=k, seed=seed), texts, name=probe.site,
        rules=Rules(p_min=plan.p_min), seed=seed,
    )  # fmt: skip
    for claim, name in SWITCHED.items():
        if name in effect.estimates:
            yield Found(claim, effect.estimates[name], effect.sentence if claim == "falls" else "")


def tables(found: Findings, known: Labelled, plan: Plan) -> Iterator[Exhibit]:
    """By layer, by number of numbers, and what each rule removed."""
    p = found.estimates["matched AUC of p of the token"].value
    rows: list[dict[str, Any]] = [
        {"site": c["site"], "layer": c["layer"], "auc": c["value"], "low": c["low"], "high": c["high"],
         "p of the token": p} for c in found.params["curve"]
    ]  # fmt: skip
    plot = {"x": "layer", "y": "auc", "y low": "low", "y high": "high"}
    yield Exhibit("By layer", "Recited against repeated tokens of equal confidence, held out.", rows, plot)
    yield Exhibit("How many numbers it takes", "Matched AUC of probes that may look at so many numbers.",
                  found.params["sparse"], {"x": "numbers", "y": "auc", "y low": "low", "y high": "high"})  # fmt: skip
    lost = [{"class": kind, "rule": rule, "tokens": n} for kind, by in removed(known.events).items()
            for rule, n in by.items()]  # fmt: skip
    yield Exhibit("What each rule removed", "The first rule that a token fails.", lost)
