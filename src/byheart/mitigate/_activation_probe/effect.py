"""What does a switch do to recitation, to other text and to repetition, and would a random direction do the same?

Recall is exact and counted without generating: a continuation is recited if and only if each of its tokens is the best
guess after the true ones. Every change is that of the same tokens before and after, so that records are their own
control; intervals resample whole groups.

Source: Slonski 2024, arXiv 2412.01014 (recitation falls, the rest is kept; how that is measured is ours).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from byheart.compare.substring import longest_common_substring
from byheart.core.corpus import Corpus
from byheart.core.edit import Edit
from byheart.core.errors import TooFewRecords
from byheart.core.progress import progress
from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.core.target import LanguageModel
from byheart.core.verdict import Estimate
from byheart.mitigate._activation_probe.best_guesses import best_guesses
from byheart.mitigate._activation_probe.decide import Bars, decide
from byheart.mitigate._activation_probe.estimates import change_in, mean_of, over_draws, percentile_of, share_of
from byheart.mitigate._activation_probe.patching import patched
from byheart.models.sites import Site
from byheart.signals.continuations import cut_record
from byheart.signals.forced import forced
from byheart.signals.token_events import RECITED, RULES, TWICE, Rules, given_twice, token_events
from byheart.signals.token_logprobs import token_logprobs
from byheart.stats.permutation import permuted

Batch = int | Literal["auto"]


@dataclass(frozen=True, eq=False)
class Effect:
    """What a switch does.

    Args:
        decision: `controls`, `detects but does not control`, `costs too much` or `inconclusive`.
        sentence: the same in a sentence, with its numbers.
        p: how often a random direction of the same size disturbs recited text as much; None without recited text.
        estimates: by name, each with its interval.
        caveats: to be read first.
        records: per record that may be recited: `id`, `role`, `before` and `after` (recited or not), `stretch_before`,
            `stretch_after` (longest stretch in common with the truth, tokens; -1 where it was not generated).
    """

    decision: str
    sentence: str
    p: float | None
    estimates: dict[str, Estimate]
    caveats: tuple[str, ...] = ()
    records: dict[str, np.ndarray] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it, without the records."""
        told = {name: e.__dict__ for name, e in self.estimates.items()}
        return {
            "decision": self.decision, "sentence": self.sentence, "p": self.p, "estimates": told,
            "caveats": list(self.caveats),
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class Asked:
    """What is asked of every state of the model: records that may be recited, cut in two, and texts to be read."""

    candidates: Corpus
    prompts: list[np.ndarray]
    expected: list[np.ndarray]
    texts: Corpus  # candidates, then unseen, then unseen ones given twice


def measure_switch(
    target: LanguageModel,
    switch: Callable[[int | None], Edit],
    corpus: Corpus,
    *,
    name: str,
    sites: Sequence[str] = (),
    prefix_tokens: int = 32,
    new_tokens: int = 32,
    n_random: int = 20,
    rules: Rules = RULES,
    bars: Bars | None = None,
    max_tokens_per_batch: Batch = "auto",
    seed: int = 0,
) -> Effect:
    """Throw a switch and measure, then as many random directions of the same size.

    Args:
        target: the model, with open weights.
        switch: the edit for None, and for a number that draw of a random direction.
        corpus: members and canaries may be recited; held-out text is that of nonmembers (of canary controls, if there
            is no other), and repetition the same texts given twice.
        name: of what is switched off, for sentences.
        sites: addresses of what is switched off; there all of the activation is also replaced by that of unseen text.
        prefix_tokens: where a record is cut; a canary is cut before its secret.
        new_tokens: how much must be recited.
        n_random: random directions; fewer than 19 cannot give a p of 0.05.
        rules: when a single token counts as recited.
        bars: what is asked of a switch that controls.
        max_tokens_per_batch: padding included.
        seed: of resamples and draws.

    Raises:
        TooFewRecords: if no record may be recited.
    """
    asked = _asked(target, corpus, prefix_tokens, new_tokens)
    batches = {"max_tokens_per_batch": max_tokens_per_batch}
    read = [token_logprobs(target, asked.texts, **batches)]  # type: ignore[arg-type]
    said = [_forced(target, asked, max_tokens_per_batch)]
    events = token_events(target, asked.texts, token_signals=read[0], rules=rules, seed=seed, **batches)  # type: ignore[arg-type]
    unseen = asked.texts.take(_unseen(asked))
    best = [best_guesses(target, unseen)]
    known = np.flatnonzero(_exact(said[0]))
    with switch(None).on(target) as off:
        read.append(token_logprobs(off, asked.texts, **batches))  # type: ignore[arg-type]
        said.append(_forced(off, asked, max_tokens_per_batch))
        best.append(best_guesses(off, unseen))
        stretches = _stretches(off, asked, known)
    astray = [
        _forced(there, asked, max_tokens_per_batch, known)
        for there in _each(switch, target, n_random if known.size else 0)
    ]
    found = _recall(asked, said, known, stretches, seed) | _on_texts(asked, read, events, best, seed)
    p, beyond = _beyond_random(asked, said, astray, known, seed)
    found |= beyond | _patched(target, sites, asked, said[0], known, unseen, seed)
    decision, sentence, caveats = decide(found, p, n_known=known.size, name=name, bars=bars or Bars())
    records = {
        "id": asked.candidates.ids, "role": asked.candidates.roles, "before": _exact(said[0]), "after": _exact(said[1]),
    } | stretches  # fmt: skip
    return Effect(decision, sentence, p, found, tuple(caveats), records)


def _asked(target: LanguageModel, corpus: Corpus, prefix_tokens: int, new_tokens: int) -> Asked:
    candidates = corpus.where("member", "canary")
    cuts = [cut_record(target, candidates, i, prefix_tokens, new_tokens) for i in range(len(candidates))]
    long_enough = np.array([expected.size > 0 for _, expected in cuts], bool)
    if not long_enough.any():
        raise TooFewRecords("no member or canary is long enough to be cut in two; nothing can be switched off")
    candidates = candidates.take(long_enough)
    unseen = corpus.where("nonmember") if (corpus.roles == "nonmember").any() else corpus.where("canary_control")
    texts = candidates + unseen
    texts = texts + given_twice(target, unseen) if len(unseen) else texts
    prompts, expected = zip(*(cut for cut, kept in zip(cuts, long_enough, strict=True) if kept), strict=True)
    return Asked(candidates, list(prompts), list(expected), texts)


def _unseen(asked: Asked) -> np.ndarray:
    """Which texts are held-out ones as they are, bool (texts,)."""
    found: np.ndarray = (np.arange(len(asked.texts)) >= len(asked.candidates)) & ~_is_twice(asked)
    return found


def _is_twice(asked: Asked) -> np.ndarray:
    column = asked.texts.columns.get(TWICE, np.full(len(asked.texts), None, object))
    return np.array([bool(v) and v == v for v in column.tolist()], bool)


def _each(switch: Callable[[int | None], Edit], target: LanguageModel, n: int) -> Any:
    for k in progress(range(n), f"Moving as far in {n} random directions"):
        with switch(k).on(target) as there:
            yield there


def _forced(
    target: LanguageModel, asked: Asked, max_tokens_per_batch: Batch, rows: np.ndarray | None = None
) -> dict[str, Ragged]:
    """The true continuations read after their prompts; all of them, or those of some rows."""
    rows = np.arange(len(asked.prompts)) if rows is None else rows
    prompts, expected = [asked.prompts[i] for i in rows], [asked.expected[i] for i in rows]
    return forced(target, prompts, expected, max_tokens_per_batch=max_tokens_per_batch)


def _exact(said: dict[str, Ragged]) -> np.ndarray:
    """Whether every token of a continuation is the best guess, bool (rows,)."""
    gap = said["gap"]
    misses = np.bincount(gap.row, ~(gap.values > 0), minlength=len(gap))
    exact: np.ndarray = (misses == 0) & (gap.lengths > 0)
    return exact


def _stretches(off: LanguageModel, asked: Asked, known: np.ndarray) -> dict[str, np.ndarray]:
    """Longest stretch that the generated text shares with the truth, for records recited before; -1 for others."""
    found = {f"stretch_{side}": np.full(len(asked.prompts), -1) for side in ("before", "after")}
    if known.size:
        n_new = max(asked.expected[i].size for i in known)
        made = off.generate([asked.prompts[i] for i in known], n_new)
        for i, new in zip(known, made, strict=True):
            truth = asked.expected[i]
            found["stretch_before"][i] = truth.size
            found["stretch_after"][i] = longest_common_substring(truth, new[: truth.size]).length
    return found


def _recall(
    asked: Asked, said: Sequence[dict[str, Ragged]], known: np.ndarray, stretches: dict[str, np.ndarray], seed: int
) -> dict[str, Estimate]:
    before, after = (_exact(s) for s in said)
    groups, roles = asked.candidates.groups, asked.candidates.roles
    found = {}
    for role in ("", "member", "canary"):
        on = roles == role if role else np.ones(len(roles), bool)
        if on.any() and (not role or not on.all()):
            tail = f", {role}" if role else ""
            found[f"recited before{tail}"] = share_of(before[on], groups[on], "of the records")
            found[f"recited after{tail}"] = share_of(after[on], groups[on], "of the records")
    found["recited, change"] = change_in(after * 1.0 - before, groups, "share of records recited", seed)
    found["still recited"] = share_of(after[known], groups[known], "of those recited before")
    for side in ("before", "after"):
        values = stretches[f"stretch_{side}"][known].astype(np.float64)
        found[f"longest stretch {side}"] = mean_of(values, groups[known], "tokens in a row, generated", seed)
    return found


def _on_texts(
    asked: Asked, read: Sequence[Signals], events: Signals, best: Sequence[Ragged], seed: int
) -> dict[str, Estimate]:
    """Losses of tokens, agreement and repetition."""
    shape = read[0].ragged("logprob")
    groups = asked.texts.groups[shape.row]
    scored = read[0].ragged("scored").values.astype(bool)
    rise = read[0].ragged("logprob").values.astype(np.float64) - read[1].ragged("logprob").values
    recited = events.ragged("label").values == RECITED
    unseen = scored & _unseen(asked)[shape.row]
    nats = "nats per token, rise in loss"
    found = {
        "recited tokens, loss": change_in(rise[recited], groups[recited], nats, seed),
        "held-out text, loss": change_in(rise[unseen], groups[unseen], nats, seed),
        "held-out text, loss, 99th percentile": percentile_of(rise[unseen], groups[unseen], 99, nats, seed),
    }
    kept = scored[_unseen(asked)[shape.row]]
    agree = (best[0].values == best[1].values)[kept]
    found["next-token agreement"] = share_of(agree, groups[unseen], "of held-out tokens with the same best guess")
    second = _second_copies(asked, read[0]) & scored
    hits = [(r.ragged("gap").values > 0)[second] for r in read]
    for side, hit in zip(("before", "after"), hits, strict=True):
        found[f"repetition {side}"] = share_of(hit, groups[second], "of the tokens of second copies guessed")
    gained = hits[1].astype(np.float64) - hits[0]
    found["repetition, change"] = change_in(gained, groups[second], "share of second copies guessed", seed)
    return {name: e for name, e in found.items() if e.value is not None}


def _second_copies(asked: Asked, read: Signals) -> np.ndarray:
    """Tokens of the second copy of texts given twice, bool (tokens,)."""
    start = read.ragged("start")
    column = asked.texts.columns.get(TWICE, np.zeros(len(asked.texts)))
    since = np.array([v if v and v == v else np.inf for v in column.tolist()], np.float64)
    second: np.ndarray = start.values >= since[start.row]
    return second


def _beyond_random(
    asked: Asked, said: Sequence[dict[str, Ragged]], astray: Sequence[dict[str, Ragged]], known: np.ndarray, seed: int
) -> tuple[float | None, dict[str, Estimate]]:
    """Rise in loss on what was recited, beside that under random directions of the same size."""
    if not astray:
        return None, {}
    groups = asked.candidates.groups[known]
    before = _mean_logprob(said[0])[known]
    rise = before - _mean_logprob(said[1])[known]
    others = np.stack([before - _mean_logprob(s) for s in astray])
    nats, n = "nats per token, rise in loss of what was recited", len(astray)
    found = {
        "continuations, loss": change_in(rise, groups, nats, seed),
        "continuations, loss, random directions": over_draws(others.mean(axis=1), nats),
        "continuations, loss, beyond random": change_in(
            rise - others.mean(axis=0), groups, f"{nats}, less that of {n} random directions", seed
        ),
        "still recited, random directions": over_draws(
            np.array([_exact(s).mean() for s in astray]), "share of those recited before"
        ),
    }
    return permuted(float(rise.mean()), others.mean(axis=1), exact=False).p, found


def _patched(
    target: LanguageModel, sites: Sequence[str], asked: Asked, said: dict[str, Ragged], known: np.ndarray,
    unseen: Corpus, seed: int,
) -> dict[str, Estimate]:  # fmt: skip
    """The same with all of the activation replaced by that of an unseen text."""
    if not sites or not known.size:
        return {}
    where = [Site.parse(address, target.module) for address in sites]  # type: ignore[attr-defined]
    prompts, expected = [asked.prompts[i] for i in known], [asked.expected[i] for i in known]
    logprob, recited = patched(target, where, prompts, expected, unseen, seed=seed)
    told = ~np.isnan(logprob)
    if not told.any():
        return {}
    rise, groups = (_mean_logprob(said)[known] - logprob)[told], asked.candidates.groups[known][told]
    nats = "nats per token, rise in loss of what was recited"
    return {
        "continuations, loss, site of unseen text": change_in(rise, groups, nats, seed),
        "still recited, site of unseen text": share_of(recited[told], groups, "of those recited before"),
    }


def _mean_logprob(said: dict[str, Ragged]) -> np.ndarray:
    logprob = said["logprob"]
    mean: np.ndarray = np.bincount(logprob.row, logprob.values, minlength=len(logprob)) / logprob.lengths
    return mean
