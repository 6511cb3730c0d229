"""Tokens whose truth is known: recited, unseen and repeated strings, all at the same places of texts of one length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from byheart.core.corpus import Corpus
from byheart.core.signals import Signals
from byheart.models.text.causal_lm import CausalLM
from byheart.signals.text.token_events import EXPECTED, IGNORED, Rules, given_twice, token_events
from byheart.signals.text.token_logprobs import token_logprobs

from .texts import Plan, string

ASKED = 16  # words at the end of a string that are to be recited


@dataclass(frozen=True, eq=False)
class Labelled:
    """What is compared; a repeated word stands in the second half of its text, so only second halves are labelled.

    Args:
        strings: those to be learned and those never seen.
        events: of the strings, then of unseen ones of half the length given twice.
        own: of the strings alone.
        short: whether a short context expects each recited token, and the tokens' documents.
    """

    strings: Corpus
    events: Signals
    own: Signals
    short: tuple[np.ndarray, np.ndarray]


def label(model: CausalLM, corpus: Corpus, words: Sequence[str], plan: Plan, *, seed: int) -> Labelled:
    """Label every token. No reference is asked: that a word is recited only from memory is so by construction."""
    rules = Rules(p_min=plan.p_min)
    planted = corpus.where("canary", "canary_control")
    secret = np.array([" ".join(text.split()[-ASKED:]) for text in planted.items], dtype=object)
    strings = replace(planted, columns={**planted.columns, "secret": secret})
    halves = [string(list(words), plan.words // 2, seed, "given twice", i) for i in range(2 * plan.canaries)]
    twice = given_twice(model, Corpus.of(halves, "canary_control", ids=[f"half-{i:05d}" for i in range(len(halves))]))
    read = token_logprobs(model, strings, seed=seed)
    told, short = (
        _second_half(token_events(model, strings, token_signals=read, reference=r, rules=rules, seed=seed), plan)
        for r in (None, "short context")
    )
    again = _second_half(token_events(model, twice, reference=None, rules=rules, seed=seed), plan)
    label_, reason = told.ragged("label"), short.ragged("reason").values
    kept = label_.values == 1
    return Labelled(
        strings, Signals.join([told, again]), told,
        ((reason[kept] == EXPECTED).astype(float), strings.groups[label_.row[kept]]),
    )  # fmt: skip


def _second_half(events: Signals, plan: Plan) -> Signals:
    """The same with nothing labelled, and no word counted, before the middle of a text."""
    label_, begins = events.ragged("label"), events.ragged("word_start")
    late = np.arange(label_.values.size) - label_.offsets[:-1][label_.row] >= plan.words // 2
    values = np.where(late, label_.values, IGNORED).astype(np.int8)
    counted = (begins.values * late).astype(np.uint8)
    return replace(events, arrays={**events.arrays, "label": label_.like(values), "word_start": begins.like(counted)})
