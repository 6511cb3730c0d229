"""Tokens whose truth is known: recited, unseen and repeated strings, all at the same places of texts of one length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from byheart.core.corpus import Corpus
from byheart.core.signals import Signals
from byheart.models.causal_lm import CausalLM
from byheart.signals.token_events import EXPECTED, Rules, given_twice, token_events
from byheart.signals.token_logprobs import token_logprobs

from .texts import Plan, string

ASKED = 16  # words at the end of a string that are to be recited


@dataclass(frozen=True, eq=False)
class Labelled:
    """What is compared.

    Args:
        strings: each behind words of chance, so that a recited word stands where a repeated one does.
        events: of the strings, then of unseen ones given twice.
        own: of the strings alone, where only words of the string itself count as words.
        short: share of the recited tokens of each document that a short context expects, with the documents.
    """

    strings: Corpus
    events: Signals
    own: Signals
    short: tuple[np.ndarray, np.ndarray]


def behind_fillers(corpus: Corpus, words: Sequence[str], plan: Plan, *, seed: int) -> Corpus:
    """Every string behind as many words of chance, with its last words as what is to be recited."""
    planted = corpus.where("canary", "canary_control")
    fillers = [string(list(words), plan.words, seed, "filler", i) for i in range(len(planted))]
    items = [f"{filler} {text}" for filler, text in zip(fillers, planted.items, strict=True)]
    secret = np.array([" ".join(text.split()[-ASKED:]) for text in planted.items], dtype=object)
    return replace(planted, items=items, columns={**planted.columns, "secret": secret})


def label(model: CausalLM, corpus: Corpus, words: Sequence[str], plan: Plan, *, seed: int) -> Labelled:
    """Label every token. No reference is asked: that a word is recited only from memory is so by construction."""
    rules = Rules(p_min=plan.p_min)
    strings = behind_fillers(corpus, words, plan, seed=seed)
    read = token_logprobs(model, strings, seed=seed)
    plain = token_events(model, strings, token_signals=read, reference=None, rules=rules, seed=seed)
    unseen = corpus.take(corpus.roles == "canary_control")
    twice = token_events(model, given_twice(model, unseen), reference=None, rules=rules, seed=seed)
    judged = token_events(model, strings, token_signals=read, reference="short context", rules=rules, seed=seed)
    reason, one = judged.ragged("reason"), plain.ragged("label")
    kept = one.values == 1
    short = (reason.values[kept] == EXPECTED).astype(float), strings.groups[one.row[kept]]
    since = np.array([text.find(s) for text, s in zip(strings.items, strings.columns["secret"], strict=True)])
    starts = plain.ragged("word_start")
    inside = plain.ragged("start").values >= since[starts.row]
    own = replace(plain, arrays={**plain.arrays, "word_start": starts.like((starts.values * inside).astype(np.uint8))})
    return Labelled(strings, Signals.join([plain, twice]), own, short)
