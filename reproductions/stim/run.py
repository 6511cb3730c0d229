"""STIM, tried: tokens planted in one channel each, and real text against its corpus and against another.

Run with `byheart reproduce stim`; claims.toml says what is claimed, README.md why ours differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from byheart.core.claim import Exhibit, Found
from byheart.core.findings import Findings
from byheart.core.verdict import Estimate
from byheart.explain.stim import stim
from byheart.stats.intervals import proportion

from .training import text_signals, trap_signals
from .traps import KINDS, PLANS, Plan


def run(folder: Path, *, scale: str, seed: int) -> Iterator[Found | Exhibit]:
    """All claims: the traps, then the text."""
    yield from try_claims(folder, PLANS[scale], seed)


def try_claims(folder: Path, plan: Plan, seed: int) -> Iterator[Found | Exhibit]:
    """The same at any plan."""
    signals, kinds, index = trap_signals(plan, folder, seed=seed)
    found = stim(signals, index=index, seed=seed)
    yield from of_traps(found, np.array(kinds))
    signals, index, control = text_signals(plan, folder, seed=seed)
    told, other = stim(signals, index=index, seed=seed), stim(signals, index=control, seed=seed)
    yield from of_text(told, other)


def of_traps(found: Findings, kinds: np.ndarray) -> Iterator[Found | Exhibit]:
    """Which source is named at the planted token of each chain, and whether the highest score is there."""
    column, wrong = found.columns, found.columns["wrong"] == 1
    assert wrong.sum() == kinds.size, "every chain has one planted token"
    leading, dominant = column["leading"][wrong], column["dominant"][wrong]
    right = leading == kinds
    for kind in KINDS:
        yield Found(f"trap-{kind}", proportion(right[kinds == kind]))
    yield Found("traps", proportion(right))
    sure = np.isin(dominant, KINDS)
    note = f"In {int((~sure).sum())} of {sure.size} traps no source is ahead by more than its noise."
    yield Found("determined", share_right(dominant[sure] == kinds[sure]), note)
    yield Found("precision-1", found.estimates["precision@1, above random"])
    yield Found("recall-3", found.estimates["recall@3, above random"])
    yield named(kinds, leading, dominant)
    yield by_kind(found, kinds, wrong)


def share_right(hits: np.ndarray) -> Estimate:
    """A share, or none of nothing."""
    return proportion(hits) if hits.size else Estimate(None, None, None, 0, "share of traps", "no source is ahead")


def named(kinds: np.ndarray, leading: np.ndarray, dominant: np.ndarray) -> Exhibit:
    """The confusion matrix."""
    rows = [
        {"planted": kind, **{f"leading {s}": int((leading[kinds == kind] == s).sum()) for s in KINDS},
         **{f"dominant {s}": int((dominant[kinds == kind] == s).sum()) for s in (*KINDS, "undetermined")}}
        for kind in KINDS
    ]  # fmt: skip
    return Exhibit("Planted and named", "Traps by the channel that was planted and the one that is named.", rows)


def by_kind(found: Findings, kinds: np.ndarray, wrong: np.ndarray) -> Exhibit:
    """Mean scores, plain and with other associations."""
    rows = []
    for kind in KINDS:
        at = np.flatnonzero(wrong)[kinds == kind]
        for source in KINDS:
            scores = {n: found.columns[f"{p}{source}"][at] for n, p in (("score", ""), ("given frequency", "partial_"),
                                                                       ("NPMI", "other_"))}  # fmt: skip
            means = {n: float(np.nanmean(v)) if np.isfinite(v).any() else None for n, v in scores.items()}
            rows.append({"planted": kind, "source": source, **means, "scored": int(np.isfinite(scores["score"]).sum())})
    caption = "Mean rank correlations at the planted token; the planted source should be high, the others near 0."
    return Exhibit("Scores of the planted tokens", caption, rows)


def of_text(told: Findings, other: Findings) -> Iterator[Found | Exhibit]:
    """Real text against its own corpus, and against one of other token ids."""
    yield Found("text-local", z_of(told))
    yield Found("text-shuffled", z_of(other))
    lead, chain = told.columns["leading"], told.columns["chain"]
    yield Found("local-share", proportion(lead[lead != ""] == "local", chain[lead != ""]))
    yield Found("chance-level", told.estimates["instance score, by chance"])
    rows = [
        {"index": name, **{s: f.params["sources"][s]["score"] for s in KINDS},
         **{f"scored {s}": f.params["sources"][s]["n"] for s in KINDS},
         "instance score": f.params["score"], "by chance": f.params["null_mean"], "z": f.params["z"]}
        for name, f in (("own corpus", told), ("other token ids", other))
    ]  # fmt: skip
    yield Exhibit("Text against its own corpus and another", "Mean scores over the tokens that have one.", rows)


def z_of(found: Findings) -> Estimate:
    """How far the mean local score is above what chance gives, in standard deviations of chance."""
    told = found.params["sources"]["local"]
    how = f"counts dealt anew to the candidates, alike at all tokens, {found.params['n_perm']} times"
    ends = (None, None) if told["z"] is None else (told["z"] - 1.96, told["z"] + 1.96)
    return Estimate(told["z"], *ends, told["n"], "standard deviations of chance, over tokens", how)
