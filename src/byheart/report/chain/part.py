"""What stands on the page of explained chains: every token by the channel through which the corpus had it?"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from byheart.core.mask import mask_personal
from byheart.core.signals import Signals
from byheart.core.verdict import Estimate
from byheart.report import words
from byheart.report.evidence import Evidence
from byheart.report.figures import Chart
from byheart.report.part import Part
from byheart.report.text.tokens import shape

SOURCES = {"local": "local", "mid": "mid-range", "long": "long-range"}
CHAINS, BEFORE, ANSWER = 12, 60, 600  # chains on the page; tokens shown of the prompt and of the answer
WIDEST = 32
GLOSSARY = {
    **{k: words.GLOSSARY[k] for k in ("interval", "p-value", "adjusted", "token", "tokens")},
    "local": "the words right before it: the longest of their ends that stands in the corpus",
    "mid-range": "words that the model wrote itself, in the shortest end of its answer that brings the token about",
    "long-range": "words of the question",
    "undetermined": "no source is ahead of the others by more than its noise, or the best is no better than chance",
    "candidates": "the likeliest tokens at this place; those that could have been said",
    "rank correlation": "1 where two orders are the same, -1 where one is the reverse of the other, 0 where they have "
    "nothing to do with each other",
}


def page(evidence: Evidence, show_text: bool) -> tuple[dict[str, Any], dict[str, Chart]]:
    """What the template of chains says; it has no charts."""
    own = {
        "headline": headline(evidence), "explain": words.Explained(GLOSSARY),
        "sources": SOURCES, "told": list(told(evidence, show_text)), "chains": list(chains(evidence, show_text)),
        "most": CHAINS, "n_chains": len(_facts(evidence).get("params", {}).get("instances", {})),
        "found": _found(evidence),
    }  # fmt: skip
    return own, {}


def missing(evidence: Evidence) -> dict[str, bool]:
    """What a run over chains may lack, and what it would add; whether it is there."""
    return {
        "The scores of the tokens are not in the run folder, so no chain can be shown.":
            (evidence.run.findings_folder / "stim.parquet").exists(),
        "No wrong words were named, so whether the scores find them is not known; a column `wrong` names them.":
            "precision@1" in _facts(evidence).get("estimates", {}),
    }  # fmt: skip


@cache
def _read(path: Path, changed: float) -> pd.DataFrame:
    return pd.read_parquet(path)


def _table(evidence: Evidence, name: str) -> pd.DataFrame:
    """A table of the findings, empty if it is not there."""
    path = evidence.run.findings_folder / f"{name}.parquet"
    return _read(path, path.stat().st_mtime) if path.exists() else pd.DataFrame()


def _facts(evidence: Evidence) -> dict[str, Any]:
    path = evidence.run.findings_folder / "stim.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _estimate(evidence: Evidence, name: str) -> Estimate | None:
    fields = _facts(evidence).get("estimates", {}).get(name)
    return None if fields is None else Estimate(**fields)


def headline(evidence: Evidence) -> str:
    """The one sentence a reader takes away: how many tokens have a dominant source."""
    table = _table(evidence, "stim")
    scored = table[table["dominant"] != ""] if len(table) else table
    if not len(scored):
        return "No token of these chains could be scored."
    counts = {name: int((scored["dominant"] == key).sum()) for key, name in SOURCES.items()}
    n = sum(counts.values())
    parts = ", ".join(f"{k:,} {name}" for name, k in counts.items())
    follow = "follows" if n == 1 else "follow"
    return f"Of {len(scored):,} scored tokens {n:,} {follow} the corpus through one channel: {parts}."


def told(evidence: Evidence, show_text: bool, most: int = 0) -> Iterator[str]:
    """The numbers in sentences, and the highest tokens by name."""
    score, z = _estimate(evidence, "instance score"), _estimate(evidence, "instance z")
    chance, params = _estimate(evidence, "instance score, by chance"), _facts(evidence).get("params", {})
    if score is not None and chance is not None and z is not None:
        yield (
            f"The mean of the {params['top']} highest scores of a chain is {words.estimate_words(score)}; by chance it "
            f"would be {words.number(chance.value)} (z = {words.number(params['z'])}, {words.p_words(params['p'])}, "
            f"{score.n} chain{'' if score.n == 1 else 's'})."
        )
    own, by_chance = _estimate(evidence, "precision@1"), _estimate(evidence, "precision@1, random")
    if own is not None and by_chance is not None:
        yield (
            f"The highest score names a wrong token in {words.estimate_words(own)} of {own.n} chains; a token drawn "
            f"blindly would in {words.number(by_chance.value)}."
        )
    table = _table(evidence, "stim")
    for row in table[table["weight"].notna()].head(most).to_dict("records") if most and len(table) else ():
        scores = ", ".join(f"{n} {row[k]:.2f}" for k, n in SOURCES.items() if not math.isnan(row[k]))
        text = _said(evidence, show_text).get(str(row["address"]), "")
        name = words.safe(row["address"] if show_text else mask_personal(str(row["address"])))
        yield f"{name} {text!r}: {scores}; {row['dominant']}, {words.p_words(row['p'])}."


def _said(evidence: Evidence, show_text: bool) -> dict[str, str]:
    """The letters of every scored token, masked or not, by address."""
    found = {}
    for signals in evidence.shards("chain_candidates"):
        for i, name in enumerate(signals.ids):
            text = _text(signals, i)
            start, end = signals.ragged("start")[i], signals.ragged("end")[i]
            for t in signals.ragged("position")[i]:
                found[f"{name}:{t}"] = _shown(text[start[t] : end[t]], show_text)
    return found


def _text(signals: Signals, i: int) -> str:
    return signals.ragged("text")[i].tobytes().decode("utf-8", "surrogatepass")


def _shown(piece: str, show_text: bool) -> str:
    """A piece as a page may show it, on one line."""
    short = piece if len(piece) <= WIDEST else piece[:WIDEST] + "…"
    return _line(short, show_text) or "·"


def _line(text: str, show_text: bool) -> str:
    plain = words.safe(text if show_text else shape(text))
    return plain.replace("\r", "").replace("\n", "↵").replace("\t", "⇥")


def chains(evidence: Evidence, show_text: bool) -> Iterator[dict[str, Any]]:
    """The chains with the highest z, each with its tokens and what is known of them."""
    table, facts = _table(evidence, "stim"), _facts(evidence).get("params", {}).get("instances", {})
    if not len(table):
        return
    ranked = sorted(facts, key=lambda n: -(facts[n]["z"] if facts[n]["z"] is not None else -math.inf))[:CHAINS]
    by_chain = {name: part.set_index("position") for name, part in table.groupby("chain")}
    beside = {name: _by_address(_table(evidence, name)) for name in ("stim_candidates", "stim_passages")}
    found = {}
    for signals in evidence.shards("chain_candidates"):
        for i, name in enumerate(signals.ids.tolist()):
            if name in ranked:
                found[name] = _chain(signals, i, by_chain[name], beside, show_text) | facts[name]
    yield from (found[name] for name in ranked if name in found)


def _by_address(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {str(address): part for address, part in table.groupby("address")} if len(table) else {}


def _chain(
    signals: Signals, i: int, rows: pd.DataFrame, beside: dict[str, dict[str, pd.DataFrame]], show_text: bool
) -> dict[str, Any]:
    name, text = str(signals.ids[i]), _text(signals, i)
    start, end = signals.ragged("start")[i], signals.ragged("end")[i]
    answer, n = int(signals.dense("answer")[i]), start.size
    first, last = max(int(signals.dense("n_front")[i]), answer - BEFORE), min(n, answer + ANSWER)
    tokens = []
    for t in range(first, last):
        piece = text[start[t] : start[t + 1] if t + 1 < n and start[t + 1] >= start[t] else end[t]]
        token: dict[str, Any] = {"text": _shown(piece, show_text), "part": "p" if t < answer else "a", "card": None}
        if t in rows.index:
            token["card"] = _card(rows.loc[t], beside, show_text)
        tokens.append(token)
    scored = [t["card"] for t in tokens if t["card"]]
    best = max(scored, key=lambda c: c["weight"], default=None)
    shown_name = words.safe(name if show_text else mask_personal(name))
    return {
        "name": shown_name,
        "tokens": tokens,
        "before": first - int(signals.dense("n_front")[i]),
        "after": n - last,
        "best": best,
        "n": len(rows),
    }


def _card(row: Any, beside: dict[str, dict[str, pd.DataFrame]], show_text: bool) -> dict[str, Any]:
    """What is known of one token."""
    address = str(row["address"])
    candidates, passages = (beside.get(k, {}).get(address) for k in ("stim_candidates", "stim_passages"))
    scores = [
        {
            "name": name, "score": None if math.isnan(row[key]) else float(row[key]), "why": str(row[f"why_{key}"]),
            "p": None if math.isnan(row[f"p_{key}"]) else float(row[f"p_{key}"]),
            "partial": None if math.isnan(row[f"partial_{key}"]) else float(row[f"partial_{key}"]),
            "words": _line(str(row.get(f"salient_{key}", "")), show_text) if key != "local" else "",
            "length": int(row["ngram"]) if key == "local" else 0,
        }
        for key, name in SOURCES.items()
    ]  # fmt: skip
    return {
        "address": address, "dominant": str(row["dominant"]), "label": _label(row),
        "weight": _number(row["weight"]), "scores": scores,
        "probability": f"{100 * math.exp(row['logprob']):.2g} %", "wrong": int(row["wrong"]) == 1,
        "candidates": [] if candidates is None else [_candidate(c, row, show_text) for c in _records(candidates)],
        "passages": [] if passages is None else [_passage(p, show_text) for p in _records(passages)],
    }  # fmt: skip


def _label(row: Any) -> str:
    """The dominant source in words; where none is, which is ahead."""
    if row["dominant"] == "":
        return "no score"
    lead = SOURCES[str(row["leading"])]
    return f"undetermined, {lead} ahead" if row["dominant"] == "undetermined" else lead


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def _number(x: Any) -> float:
    return -2.0 if math.isnan(x) else float(x)


def _candidate(c: dict[str, Any], row: Any, show_text: bool) -> dict[str, Any]:
    counts = [None if math.isnan(c[key]) else float(c[key]) for key in SOURCES]
    return {
        "text": _shown(str(c["text"]), show_text), "said": int(c["token_id"]) == int(row["token_id"]),
        "probability": f"{100 * math.exp(c['logprob']):.2g} %", "counts": counts,
    }  # fmt: skip


def _passage(p: dict[str, Any], show_text: bool) -> dict[str, Any]:
    parts = {k: _line(str(p[k]), show_text) for k in ("before", "match", "between", "other", "after")}
    name = str(p["document"])
    document = words.safe(name if show_text else mask_personal(name))
    return {
        **parts,
        "source": SOURCES[str(p["source"])],
        "document": document,
        "offset": int(p["offset"]),
        "gap": int(p["gap"]),
    }


def _found(evidence: Evidence) -> list[dict[str, Any]]:
    """Shares of dominant sources, and precision and recall of wrong tokens, as rows of a table."""
    rows = []
    for key, name in (*SOURCES.items(), ("undetermined", "undetermined")):
        own, wrong = (_estimate(evidence, f"share {key}{who}") for who in ("", " of wrong tokens"))
        if own is not None:
            rows.append({"what": f"share of tokens that are {name}", "own": own, "chance": None})
        if wrong is not None:
            rows.append({"what": f"share of wrong tokens that are {name}", "own": wrong, "chance": None})
    for what in ("precision", "recall"):
        for k in (1, 2, 3):
            own = _estimate(evidence, f"{what}@{k}")
            if own is not None:
                rows.append({
                    "what": f"{what} of wrong tokens at {k}", "own": own,
                    "chance": _estimate(evidence, f"{what}@{k}, random"),
                })  # fmt: skip
    return rows


PART = Part(
    home=__name__,
    template="chain.html.jinja",
    page=page,
    missing=missing,
    roles=(("unknown", "chain of reasoning", "chains of reasoning"),),
    baseline="baseline",
)
