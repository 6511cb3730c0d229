"""Is a token of a reasoning chain said because it is frequent in the training corpus, and through which channel?

At every scored token stand the k likeliest candidates. If the order of their probabilities is that of their counts in
the corpus, the token follows the corpus. Three counts, three channels: how often a candidate follows the longest known
end of the context (local), how often it stands near the salient words of what the model wrote before (mid), and of the
question (long). A well-trained model follows the corpus on right tokens too; so a high score ranks suspects within a
chain, and is no proof of memorization.

Source: Li et al. 2025, arXiv 2508.02037 (STIM), section 3: STIM = Spearman's rho of probabilities and counts.
Departs from it: every score comes with what chance gives, as the mean of the five highest of some tokens is at 0.3 to
0.4 by chance alone; a source dominates only beyond its noise; too few counts give no number instead of a small one;
partial correlations given the frequency of the candidates, and NPMI, stand beside raw counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from byheart.core.card import method
from byheart.core.errors import TokenizerMismatchError, TooFewRecords, UsageError
from byheart.core.findings import Findings
from byheart.core.progress import progress
from byheart.core.randomness import generator
from byheart.core.signals import Signals
from byheart.core.verdict import Estimate
from byheart.explain._stim.counts import Neighbours
from byheart.explain._stim.instance import Instance, instance, instance_estimates
from byheart.explain._stim.ranks import highest, margins, partial_spearman, permuted, spearman, upper_p
from byheart.explain._stim.tokens import SOURCES, Counted, Reading, count, dominant, joined, leading, readings
from byheart.explain._stim.wrong import KS, wrong_token_report
from byheart.index import CorpusIndex
from byheart.stats.intervals import proportion
from byheart.stats.multiplicity import benjamini_hochberg

LEVEL = 0.05


@method(
    paper="2508.02037",
    family="text",
    needs=("chain_candidates",),
    unit="rank correlation, -1 to 1",
    cost="some microseconds per candidate and word in the corpus index",
    limits="right tokens follow the corpus too: it ranks suspects in a chain; a recited passage with one known "
    "continuation has no local score",
)
def stim(
    chain_candidates: Signals,
    *,
    index: CorpusIndex,
    association: str = "count",
    n_salient: int = 5,
    window: int = 1000,
    top: int = 5,
    ks: Sequence[int] = KS,
    n_perm: int = 999,
    seed: int = 0,
) -> Findings:
    """Local, mid-range and long-range scores of the tokens of chains.

    Args:
        chain_candidates: the signals of that name.
        index: of the corpus the model was trained on, made with the model's tokenizer.
        association: `count`, or `npmi` of the same counts, is what `local`, `mid` and `long` correlate.
        n_salient: words that are looked up, of the question and of the answer.
        window: largest distance of two terms that stand together, in tokens.
        top: the instance score is the mean of so many highest scores of a chain.
        ks: for precision and recall of wrong tokens.
        n_perm: how often counts are dealt anew to the candidates.
        seed: of the deals and resamples.

    Returns:
        Findings with an address CHAIN:POSITION per scored token; the weight is the highest of its scores, 1 for the
        same order as the corpus, 0 for none, -1 for the opposite, NaN if no source has a score. Columns: `local`,
        `mid`, `long`; of each `z_` (in standard deviations of chance), `p_` (one-sided, by permutation), `q_` (p
        adjusted over all tokens, Benjamini-Hochberg), `partial_` (given log unigram count), `other_` (with the other
        association) and `why_` (why there is no score); `p` of the weight, among the highest of as many sources by
        chance; `leading`, `dominant` (undetermined within noise), `margin`, `noise`; `ngram` and `ngram_count`
        (tokens and count of the longest known end of the context), `elicited`, `suffix`, `logprob`, `token_id`,
        `wrong`, `salient_mid`, `salient_long` (words). `state`: `candidate`, `candidate_logprob`, `counts_local`, ...
        (tokens, k). `estimates`: instance score, its chance and z, shares of dominant sources, precision and recall
        at k. `params["instances"]` has them by chain, `params["sources"]` the mean score of each source, both with z
        and p.

    Raises:
        UsageError: if an option has no meaning.
        TooFewRecords: if no token is scored.
        TokenizerMismatchError: if the index was made with another tokenizer.
    """
    if association not in ("count", "npmi") or min(n_salient, window, top, n_perm) < 1:
        raise UsageError(
            "association is count or npmi; n_salient, window, top and n_perm are at least 1; got "
            f"{association!r}, {n_salient}, {window}, {top}, {n_perm}"
        )
    _same_tokenizer(chain_candidates, index)
    keys = generator(seed, "stim").integers(1 << 63, size=n_perm).astype(np.uint64)
    neighbours = Neighbours(index, window)
    tables, chains, sums = [], [], []
    for reading in progress(list(readings(chain_candidates)), "Looking up the candidates"):
        if reading.position.size:
            counted = count(reading, neighbours, n_salient)
            table, drawn = _score(reading, counted, association, keys)
            tables.append(table)
            chains.append(instance(reading.name, reading.group, table["weight"], highest(drawn), top))
            sums.append(np.nansum(drawn, axis=2))
    if not tables:
        raise TooFewRecords("no token of any chain is scored; give completions with words in them, within the context")
    columns = {name: joined([t[name] for t in tables], tables[0][name]) for name in tables[0]}
    for source in SOURCES:
        columns[f"q_{source}"] = _adjusted(columns[f"p_{source}"])
    columns["q"] = _adjusted(columns["p"])
    state = {name: columns.pop(name) for name in [c for c in columns if columns[c].ndim == 2]}
    address = columns.pop("address")
    weight = columns.pop("weight")
    estimates = instance_estimates(chains, seed=seed) | _shares(columns)
    estimates |= _wrong(tables, chains, ks, seed)
    params: dict[str, Any] = {
        "association": association, "n_salient": n_salient, "window": window, "top": top, "n_perm": n_perm,
        "seed": seed, "instances": {c.name: c.facts for c in chains}, "sources": _means(columns, sums),
        **_total(chains),
    }  # fmt: skip
    return Findings(
        "token", address, weight, stim.card, estimates=estimates, state=state, params=params,  # type: ignore[attr-defined]
        columns=columns,
    )  # fmt: skip


def _same_tokenizer(signals: Signals, index: CorpusIndex) -> None:
    marks = {row.tobytes().decode("ascii") for row in signals.ragged("tokenizer")}
    for mark in marks - {index.tokenizer_fingerprint}:
        raise TokenizerMismatchError(
            f"the index was made with the tokenizer {index.tokenizer_fingerprint[:12] or 'of nobody'}, the model's is "
            f"{mark[:12] or 'unknown'}; its counts would be of other tokens: build the index with the model's tokenizer"
        )


def _score(
    reading: Reading, counted: Counted, association: str, keys: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """All columns of one chain, and its scores after each deal, (n_perm, sources, tokens)."""
    p, k = reading.candidate_logprob, reading.candidate.shape[1]
    used, other = (counted.counts, counted.bound) if association == "count" else (counted.bound, counted.counts)
    scores = spearman(p, used)
    drawn = permuted(p, used, reading.candidate, keys)
    best, chance = highest(scores), highest(drawn)
    lead = leading(scores)
    margin, noise = margins(p, used)
    by_source = upper_p(scores, drawn)
    own = np.where(lead == "", np.nan, np.nanmin(np.where(lead == np.array(SOURCES)[:, None], by_source, 2.0), axis=0))
    partial = partial_spearman(p, used, np.broadcast_to(np.log1p(counted.unigrams), used.shape))
    table: dict[str, np.ndarray] = {
        "address": np.array([f"{reading.name}:{t}" for t in reading.position], dtype=object), "weight": best,
        "chain": np.full(best.size, reading.name, dtype=object), "position": reading.position,
        "token_id": reading.ids[reading.position], "logprob": reading.logprob, "leading": lead,
        "dominant": dominant(lead, margin, noise, own, LEVEL), "margin": margin, "noise": noise,
        "p": upper_p(best, chance), "ngram": counted.length, "ngram_count": counted.context,
        "elicited": reading.elicited, "suffix": reading.suffix, "wrong": reading.wrong,
        "candidate": reading.candidate, "candidate_logprob": p,
    }  # fmt: skip
    for s, source in enumerate(SOURCES):
        table |= {
            source: scores[s], f"z_{source}": scores[s] * np.sqrt(k - 1), f"p_{source}": by_source[s],
            f"partial_{source}": partial[s], f"other_{source}": spearman(p, other[s]), f"why_{source}": counted.why[s],
            f"counts_{source}": counted.counts[s],
        }  # fmt: skip
        if source != "local":
            table[f"salient_{source}"] = np.array([" ".join(words) for words in counted.salient[s]], dtype=object)
    return table, drawn


def _adjusted(p: np.ndarray) -> np.ndarray:
    """Adjusted over the tokens that have a p, float64 (tokens,)."""
    q, told = np.full(p.size, np.nan), ~np.isnan(p)
    q[told] = benjamini_hochberg(p[told])
    return q


def _shares(columns: Mapping[str, np.ndarray]) -> dict[str, Estimate]:
    """How often each source dominates, of the tokens with a score; of the wrong ones too, where they are known."""
    estimates = {}
    told = columns["dominant"] != ""
    for who, on in (("", told), (" of wrong tokens", told & (columns["wrong"] == 1))):
        for name in (*SOURCES, "undetermined") if on.any() else ():
            hits = columns["dominant"][on] == name
            estimates[f"share {name}{who}"] = proportion(hits, columns["chain"][on])
    return estimates


def _wrong(
    tables: Sequence[Mapping[str, np.ndarray]], chains: Sequence[Instance], ks: Sequence[int], seed: int
) -> dict[str, Estimate]:
    labelled = [i for i, t in enumerate(tables) if (t["wrong"] < 2).all() and (t["wrong"] == 1).any()]
    scores, wrong = [tables[i]["weight"] for i in labelled], [tables[i]["wrong"] == 1 for i in labelled]
    return wrong_token_report(scores, wrong, [chains[i].group for i in labelled], ks=ks, seed=seed)


def _means(columns: Mapping[str, np.ndarray], sums: Sequence[np.ndarray]) -> dict[str, Any]:
    """Mean score of each source over all tokens, with what the same deals at all tokens give."""
    found = {}
    for s, source in enumerate(SOURCES):
        told = columns[source][~np.isnan(columns[source])]
        drawn = np.sum(sums, axis=0)[:, s] / told.size if told.size else np.zeros(0)
        found[source] = Instance("", "", float(told.mean()) if told.size else np.nan, drawn).facts | {"n": told.size}
    return found


def _total(chains: Sequence[Instance]) -> dict[str, Any]:
    """Score, chance and p of all chains together: the mean of their instance scores, dealt anew all at once."""
    told = [c for c in chains if c.drawn.size]
    if not told:
        return {"score": None, "null_mean": None, "null_sd": None, "z": None, "p": None}
    score = float(np.mean([c.score for c in told]))
    return Instance("", "", score, np.mean([c.drawn for c in told], axis=0)).facts
