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

from byheart.compare.text.substring import longest_common_substring
from byheart.core.corpus import Corpus
from byheart.core.edit import Edit
from byheart.core.progress import progress
from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.core.target import LanguageModel
from byheart.core.verdict import Estimate
from byheart.mitigate._proof.decide import Bars, decide
from byheart.mitigate._proof.estimates import change_in, mean_of, over_draws, percentile_of, share_of
from byheart.mitigate._proof.patching import patched
from byheart.mitigate._proof.questions import Asked, State, exact, mean_logprob
from byheart.models.text.sites import Site
from byheart.signals.text.token_events import RECITED, RULES, Rules, token_events
from byheart.stats.permutation import permuted


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
    max_tokens_per_batch: int | Literal["auto"] = "auto",
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
    asked = Asked.of(target, corpus, prefix_tokens, new_tokens, max_tokens_per_batch)
    before = asked.of_state(target)
    events = token_events(
        target, asked.texts, token_signals=before.read, rules=rules, seed=seed,
        max_tokens_per_batch=max_tokens_per_batch,
    )  # fmt: skip
    known = np.flatnonzero(exact(before.said))
    with switch(None).on(target) as off:
        after = asked.of_state(off)
        stretches = _stretches(off, asked, known)
    n = n_random if known.size else 0
    astray = [asked.forced(there, known) for there in _each(switch, target, n)]
    found = _recall(asked, before, after, known, stretches, seed) | _on_texts(asked, before, after, events, seed)
    p, beyond = _beyond_random(asked, before, after, astray, known, seed)
    found |= beyond | _patched(target, sites, asked, before, known, seed)
    decision, sentence, caveats = decide(found, p, n_known=known.size, name=name, bars=bars or Bars())
    records = {
        "id": asked.candidates.ids, "role": asked.candidates.roles, "before": exact(before.said),
        "after": exact(after.said), **stretches,
    }  # fmt: skip
    return Effect(decision, sentence, p, found, tuple(caveats), records)


def _each(switch: Callable[[int | None], Edit], target: LanguageModel, n: int) -> Any:
    for k in progress(range(n), f"Moving as far in {n} random directions"):
        with switch(k).on(target) as there:
            yield there


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
    asked: Asked, was: State, now: State, known: np.ndarray, stretches: dict[str, np.ndarray], seed: int
) -> dict[str, Estimate]:
    """Records that are recited, and how far what is generated agrees with them."""
    before, after = exact(was.said), exact(now.said)
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


def _on_texts(asked: Asked, was: State, now: State, events: Signals, seed: int) -> dict[str, Estimate]:
    """Losses of tokens, agreement and repetition."""
    before, after = was.read.ragged("logprob"), now.read.ragged("logprob")
    row = before.row
    groups = asked.texts.groups[row]
    scored = was.read.ragged("scored").values.astype(bool)
    rise = before.values.astype(np.float64) - after.values
    recited = events.ragged("label").values == RECITED
    unseen = scored & asked.is_unseen[row]
    nats = "nats per token, rise in loss"
    found = {
        "recited tokens, loss": change_in(rise[recited], groups[recited], nats, seed),
        "held-out text, loss": change_in(rise[unseen], groups[unseen], nats, seed),
        "held-out text, loss, 99th percentile": percentile_of(rise[unseen], groups[unseen], 99, nats, seed),
    }
    agree = (was.best.values == now.best.values)[scored[asked.is_unseen[row]]]
    found["next-token agreement"] = share_of(agree, groups[unseen], "of held-out tokens with the same best guess")
    second = scored & (was.read.ragged("start").values >= asked.second_from[row])
    hits = [(state.read.ragged("gap").values > 0)[second] for state in (was, now)]
    for side, hit in zip(("before", "after"), hits, strict=True):
        found[f"repetition {side}"] = share_of(hit, groups[second], "of the tokens of second copies guessed")
    gained = hits[1].astype(np.float64) - hits[0]
    found["repetition, change"] = change_in(gained, groups[second], "share of second copies guessed", seed)
    return {name: e for name, e in found.items() if e.value is not None}


def _beyond_random(
    asked: Asked, was: State, now: State, astray: Sequence[dict[str, Ragged]], known: np.ndarray, seed: int
) -> tuple[float | None, dict[str, Estimate]]:
    """Rise in loss on what was recited, beside that under random directions of the same size."""
    if not astray:
        return None, {}
    groups = asked.candidates.groups[known]
    before = mean_logprob(was.said)[known]
    rise = before - mean_logprob(now.said)[known]
    others = np.stack([before - mean_logprob(s) for s in astray])
    nats, n = "nats per token, rise in loss of what was recited", len(astray)
    found = {
        "continuations, loss": change_in(rise, groups, nats, seed),
        "continuations, loss, random directions": over_draws(others.mean(axis=1), nats),
        "continuations, loss, beyond random": change_in(
            rise - others.mean(axis=0), groups, f"{nats}, less that of {n} random directions", seed
        ),
        "still recited, random directions": over_draws(
            np.array([exact(s).mean() for s in astray]), "share of those recited before"
        ),
    }
    return permuted(float(rise.mean()), others.mean(axis=1), exact=False).p, found


def _patched(
    target: LanguageModel, sites: Sequence[str], asked: Asked, was: State, known: np.ndarray, seed: int
) -> dict[str, Estimate]:
    """The same with all of the activation replaced by that of an unseen text."""
    if not sites or not known.size:
        return {}
    where = [Site.parse(address, target.module) for address in sites]  # type: ignore[attr-defined]
    prompts, expected = [asked.prompts[i] for i in known], [asked.expected[i] for i in known]
    logprob, recited = patched(target, where, prompts, expected, asked.unseen, seed=seed)
    told = ~np.isnan(logprob)
    if not told.any():
        return {}
    rise, groups = (mean_logprob(was.said)[known] - logprob)[told], asked.candidates.groups[known][told]
    nats = "nats per token, rise in loss of what was recited"
    return {
        "continuations, loss, site of unseen text": change_in(rise, groups, nats, seed),
        "still recited, site of unseen text": share_of(recited[told], groups, "of those recited before"),
    }
