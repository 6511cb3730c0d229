"""What does a switch do to recitation, to other text and to repetition, and would a random direction do the same?

A proof like any other (`prove`); what is said of it is that of a probe thrown as a switch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from byheart.core.corpus import Corpus
from byheart.core.edit import Edit
from byheart.core.target import LanguageModel
from byheart.mitigate._proof.language import LanguageQuestions
from byheart.mitigate._proof.lessons import Relearning
from byheart.mitigate._proof.proof import Evidence, Proof
from byheart.mitigate._proof.prove import Weighed, on, prove
from byheart.mitigate._proof.weighing import Bars, decide
from byheart.signals.text.token_events import RULES, Rules

Effect = Proof


def measure_switch(
    target: LanguageModel,
    switch: Callable[[int | None], Edit] | Edit,
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
    relearning: Relearning | None = None,
    seed: int = 0,
) -> Proof:
    """Throw a switch and measure, then as many random directions of the same size.

    Args:
        target: the model, with open weights.
        switch: the edit with its control draws; or a function that gives it for None, and for a number that draw.
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
        relearning: how the model is then taught the beginnings of the records, the switch on; None leaves it out.
        seed: of resamples and draws.

    Raises:
        TooFewRecords: if no record may be recited.
    """
    edit = switch if isinstance(switch, Edit) else replace(switch(None), control=switch)
    questions = LanguageQuestions.of(
        target, corpus, edit, prefix_tokens=prefix_tokens, new_tokens=new_tokens, sites=tuple(sites), rules=rules,
        batch=max_tokens_per_batch, seed=seed,
    )  # fmt: skip
    return prove(on(target), edit, questions, n_random=n_random, relearning=relearning, weighed=as_switch(name, bars))


def as_switch(name: str, bars: Bars | None = None) -> Weighed:
    """What is said of a probe thrown as a switch."""

    def weighed(evidence: Evidence) -> tuple[str, str, list[str]]:
        return decide(evidence.estimates, evidence.p, n_known=evidence.n_leaking, name=name, bars=bars or Bars())

    return weighed
