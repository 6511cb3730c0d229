"""Does the model itself show, while it reads, that it is reciting and not merely sure, and where?

Tokens are labelled (`signals/text/token_events`), recited ones are matched with others of which the model was just as
sure, every number at every site is compared, and probes learn the difference at each layer. What they say is judged on
documents that they did not learn from, beside everything that needs no look inside: confidence, the words just read,
the last word alone, and the same with labels that mean nothing.

Source: Slonski 2024, arXiv 2412.01014 (pipeline; of the text a summary alone was at hand); Alain & Bengio 2016, arXiv
1610.01644 (linear probes by layer).
Departs from it: documents stay whole in every split, and classes are matched on confidence; both are reported as absent
or unknown there, and either alone would explain "near-perfect accuracy".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal

import numpy as np

from byheart.core.card import method
from byheart.core.errors import TargetError, TooFewRecords, UsageError
from byheart.core.findings import Findings
from byheart.core.progress import progress
from byheart.core.signals import Signals
from byheart.core.target import LanguageModel
from byheart.core.verdict import Estimate
from byheart.localize._activation_probe import judging
from byheart.localize._activation_probe.baselines import bag_of_words, confidence, last_token
from byheart.localize._activation_probe.events import Events, kept
from byheart.localize._activation_probe.folds import Held, fit_chosen, held_out
from byheart.localize._activation_probe.lines import KINDS, Kind, Line, Scaling
from byheart.localize._activation_probe.matching import matched
from byheart.localize._activation_probe.permuted_auc import Dealt, dealt_auc
from byheart.localize._activation_probe.probe import Probe
from byheart.localize._activation_probe.scan import Scan, scan
from byheart.models.text.sites import Site
from byheart.models.text.sites import sites as sites_of
from byheart.signals.text.token_events import NOT_RECITED, RECITED, REPEATED, removed

LEAST = 20
"""Documents of each class; with fewer no grouped cross-validation is worth its name."""
AGAINST = {"both": (NOT_RECITED, REPEATED), "unseen": (NOT_RECITED,), "repetition": (REPEATED,)}
TELLING = 0.9
"""AUC from which confidence alone tells the classes apart, matched or not."""
BLIND = "matched AUC of "
NAMES = {"p": "p of the token", "entropy": "entropy", "margin": "margin", "words": "bag of words",
         "last token": "last token", "embed": "embedding layer"}  # fmt: skip


@method(
    paper="2412.01014",
    family="text",
    needs=("token_events",),
    unit="Cohen's d",
    cost="two forward passes over the records, and probes: seconds per layer",
    limits="detecting is not controlling; without enough events of equal confidence a probe may only know certainty",
)
def activation_probe(
    token_events: Signals,
    target: LanguageModel,
    *,
    against: Literal["both", "unseen", "repetition"] = "both",
    kind: Kind = "logistic",
    sites: Sequence[str] | None = None,
    sources: np.ndarray | None = None,
    n_dealings: int = 200,
    top: int = 50,
    seed: int = 0,
    max_tokens_per_batch: int | None = None,
) -> Findings:
    """Scan all sites, fit probes, judge them.

    Args:
        token_events: the signals of that name.
        target: the model, with its weights at hand.
        against: what recited tokens are told from: tokens of unseen texts, repetition, or both.
        kind: of probe: logistic, means (their difference) or lda.
        sites: addresses to probe; None takes the embedding, the end of every block, and where the largest d are found.
        sources: name of each record's source, (n,), for judging on sources left out of the training.
        n_dealings: of labels, for both p-values.
        top: how many numbers to name.
        seed: of matching, folds, dealings and resamples.
        max_tokens_per_batch: padding included; None takes the usual.

    Returns:
        Findings with an address per number (`layers.7.mlp_act:312`); the weight is |d|, 0 for no difference. Columns:
        `site`, `layer`, `head`, `index`, `d` (above 0: larger where the model recites), `auc`, `p` (chance, looking at
        all numbers). `estimates`: of the chosen site's probe, held out, `matched AUC` and others; of the baselines
        `matched AUC of NAME`. `state`: the fitted `Probe`, and `fold_w`, `fold_b`, `fold` (per record; -1 where all
        probes are held out). `params`: `site`, `p` of the best discriminant, `curve` by layer, `sparse`, `removed`,
        `events`, `caveats`.

    Raises:
        TooFewRecords: if a class has fewer than 20 documents with an event.
        TargetError: if the model has no weights at hand.
        UsageError: if an option has no meaning.
    """
    if against not in AGAINST or kind not in KINDS:
        raise UsageError(
            f"against is one of {', '.join(AGAINST)}, kind one of {', '.join(KINDS)}; got {against!r} and {kind!r}"
        )
    if getattr(target, "module", None) is None:
        raise TargetError(f"{target.name} has no weights at hand; activations are read in a model of transformers")
    events, is_matched = _events(token_events, against, seed)
    read = {"max_tokens_per_batch": max_tokens_per_batch}
    everywhere = sites_of(target.module)  # type: ignore[attr-defined]
    found = scan(target, token_events, events, everywhere, seed=seed, n_dealings=n_dealings, **read)
    probed = _probed(everywhere, found, sites)
    x = kept(target, token_events, events, probed, **read)
    held = {
        site: held_out(x[site], events.positive, events.document, seed=seed, kind=kind)
        for site in progress(probed, "Fitting probes")
    }
    curve = {site: judging.auc_of(h.logit, events, seed=seed, alike=is_matched) for site, h in held.items()}
    inside = [s for s in probed if s.layer >= 0] or probed
    site = max(inside, key=lambda s: (round(curve[s].value or 0.0, 3), -s.layer))
    chance = dealt_auc([x[s] for s in inside], events.positive, events.document, events.unit, seed=seed,
                       n_dealings=n_dealings)  # fmt: skip
    estimates = _estimates(token_events, events, x, held, site, kind, sources, seed)
    line = fit_chosen(x[site], events.positive, events.document, seed=seed, kind=kind)
    state = _state(line, held[site], x[site], events, token_events)
    params: dict[str, Any] = {
        "site": site.address, "kind": kind, "against": against, "matched": is_matched, "seed": seed,
        "p": chance.p, "discriminant": chance.observed, "chance": _range(chance),
        "curve": [{"site": s.address, "layer": s.layer, "kind": s.kind, **asdict(e)} for s, e in curve.items()],
        "sparse": judging.sparse_curve(x[site], events, seed=seed), "train AUC": held[site].train_auc,
        "removed": removed(token_events), "events": _counts(events),
    }  # fmt: skip
    params["caveats"] = _caveats(estimates, is_matched, chance)
    address, weight, columns = _numbers(found, x, events, top)
    return Findings(
        "unit", address, weight, activation_probe.card,  # type: ignore[attr-defined]
        estimates=estimates, state=state, params=params, columns=columns,
    )  # fmt: skip


def _events(signals: Signals, against: str, seed: int) -> tuple[Events, bool]:
    """Events of both classes, matched on confidence where enough documents are left."""
    events = Events.of(signals, (RECITED, *AGAINST[against]))
    if min(events.n_documents) < LEAST:
        one, zero = events.n_documents
        raise TooFewRecords(
            f"a probe needs {LEAST} documents of each class to learn from some and be judged on others; {one} have "
            f"recited tokens and {zero} have others{_lost(signals)}; give more records, or looser rules"
        )
    alike = events.take(matched(events, seed=seed))
    return (alike, True) if min(alike.n_documents) >= LEAST else (events, False)


def _lost(signals: Signals) -> str:
    """What most tokens that might have been recited were removed for."""
    told = {k: n for k, n in removed(signals)["recited"].items() if k != "kept"}
    if not told:
        return ""
    most = max(told, key=lambda k: told[k])
    return f" ({told[most]:,} of {sum(told.values()):,} tokens were left out as {most!r})"


def _probed(everywhere: Sequence[Site], found: Scan, asked: Sequence[str] | None) -> list[Site]:
    """The embedding, the end of every block, and the sites of the three largest d; or those that were asked for."""
    if asked is not None:
        known = {s.address: s for s in everywhere}
        missing = [a for a in asked if a not in known]
        if missing:
            raise UsageError(f"no site {missing[0]!r}; there are {', '.join(list(known)[:15])}, ...")
        return [known[a] for a in asked]
    chosen = {s for s in everywhere if s.kind in ("embed", "block")} | {s for s, _ in found.top(3)}
    return [s for s in everywhere if s in chosen]


def _estimates(
    signals: Signals, events: Events, x: dict[Site, np.ndarray], held: dict[Site, Held], site: Site, kind: Kind,
    sources: np.ndarray | None, seed: int,
) -> dict[str, Estimate]:  # fmt: skip
    """The probe at its site in every way, and everything that is no probe."""
    found = judging.quality(held[site].logit, events, seed=seed) | judging.by_contrast(
        held[site].logit, events, seed=seed
    )
    blind = confidence(events) | {"words": bag_of_words(signals, events, seed=seed)}
    blind["last token"] = last_token(events, seed=seed)
    blind |= {s.kind: h.logit for s, h in held.items() if s.kind == "embed"}
    for name, scores in blind.items():
        found[BLIND + NAMES[name]] = judging.auc_of(scores, events, seed=seed)
    found |= {f"AUC of {NAMES[k]}": judging.auc_of(v, events, seed=seed, alike=False) for k, v in
              confidence(events).items()}  # fmt: skip
    found |= judging.by_kind(x[site], events, kind, seed=seed)
    if sources is not None:
        told = judging.other_sources(x[site], events, sources[events.record], kind, seed=seed)
        found |= {f"matched AUC, not learned from {name}": e for name, e in told.items()}
    return found


def _state(line: Line, held: Held, x: np.ndarray, events: Events, signals: Signals) -> dict[str, np.ndarray]:
    zero, one = x[~events.positive].astype(np.float64), x[events.positive].astype(np.float64)
    scaling, mean0 = Scaling.of(x), zero.mean(axis=0)
    probe = Probe("", line.w, np.array(line.b), mean0, mean0 @ line.w, one.mean(axis=0) @ line.w, scaling.centre,
                  scaling.scale)  # fmt: skip
    fold_of = {int(d): int(f) for d, f in zip(events.document, held.fold, strict=True)}
    groups = {g: i for i, g in enumerate(dict.fromkeys(signals.groups.tolist()))}
    fold = np.array([fold_of.get(groups[g], -1) for g in signals.groups.tolist()], np.int64)
    folds = {"fold_w": np.stack([k.w for k in held.lines]), "fold_b": np.array([k.b for k in held.lines])}
    return {**probe.state, **folds, "fold": fold}


def _numbers(
    found: Scan, x: dict[Site, np.ndarray], events: Events, top: int
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """The numbers of largest |d|: addresses, weights, further columns."""
    chosen = found.top(top)
    d = np.array([found.d[s][j] for s, j in chosen])
    columns = {
        "site": np.array([s.address for s, _ in chosen], dtype=object),
        "layer": np.array([s.layer for s, _ in chosen]),
        "head": np.array([j // (s.dim // s.heads) if s.heads > 1 else -1 for s, j in chosen]),
        "index": np.array([j for _, j in chosen]),
        "d": d,
        "auc": np.array([judging.number_auc(x[s][:, j], events) if s in x else np.nan for s, j in chosen]),
        "p": np.array([found.p[s][j] for s, j in chosen]),
    }
    return np.array([f"{s.address}:{j}" for s, j in chosen], dtype=object), np.abs(d), columns


def _range(chance: Dealt) -> list[float]:
    return [float(q) for q in np.quantile(chance.null, [0.025, 0.5, 0.975])]


def _counts(events: Events) -> dict[str, int]:
    one, zero = events.n_documents
    return {
        "recited": int(events.positive.sum()), "others": int((~events.positive).sum()),
        "of them repeated": int((events.label == REPEATED).sum()), "documents recited": one, "documents others": zero,
    }  # fmt: skip


def _caveats(estimates: dict[str, Estimate], is_matched: bool, chance: Dealt) -> list[str]:
    """What must be read before the numbers."""
    said = []
    if not is_matched:
        said.append(
            "Too few events of the two classes have equal confidence, so they are compared as they are: the probe may "
            "know no more than how sure the model is. Give control texts of which the model is sure."
        )
    for name in ("p", "entropy", "margin"):
        e = estimates[f"AUC of {NAMES[name]}"]
        if e.value is not None and max(e.value, 1 - e.value) > TELLING:
            said.append(f"The {NAMES[name]} alone tells the classes apart (AUC {e.value:.2f}), matched or not.")
    own = estimates["matched AUC"]
    blind = {k.removeprefix(BLIND): max(e.value, 1 - e.value) for k, e in estimates.items()
             if k.startswith(BLIND) and e.value is not None}  # fmt: skip
    best = max(blind, key=lambda k: blind[k], default=None)
    if best is not None and (own.low or 0.0) <= blind[best]:
        said.append(
            f"The probe (AUC {own}) is not shown to be better than the {best} alone ({blind[best]:.2f}), which needs "
            "no look inside."
        )
    if chance.p > 0.05:
        said.append(f"With labels dealt at random as much is found (p = {chance.p:.3f}).")
    return said
