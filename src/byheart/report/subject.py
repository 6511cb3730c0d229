"""How does the evidence annex speak of what was audited? Of a model, unless the kind of run brings words of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from byheart.core.card import card_named
from byheart.core.verdict import Verdict


class Subject(NamedTuple):
    """The words of the annex for one kind of run.

    Args:
        opening: what was audited, in a sentence or more.
        threats: headings of the claims, in order, as cards name them; what was counted stands under the first.
        untested: attacks that no run of this kind tries.
        needs: roles that some attack needs, each with what it is called.
        tried: what beside other attacks the tests say nothing of.
        explain: what a claim of anonymity has to explain where memorization is shown.
        measures: what to tell of the design, and the threat model of the audit.
        cardless: the threat by method, for methods of other programs, which have no card.
    """

    opening: str
    threats: Sequence[str]
    untested: Sequence[str]
    needs: Sequence[tuple[str, str]]
    tried: str
    explain: str
    measures: str
    cardless: Mapping[str, str] = {}

    def threat_of(self, verdict: Verdict) -> str:
        """The heading a claim stands under; empty where it is about none of the threats."""
        card = card_named(verdict.method)
        threat = card.threat if card is not None else self.cardless.get(verdict.method, "")
        return threat if threat in self.threats else ""


MODEL = Subject(
    "It records one audit of one model.",
    ("regurgitation of training data", "membership inference"),
    (
        "attribute inference",
        "exfiltration of the weights",
        "model inversion",
        "reconstruction of records from gradients",
    ),
    (("member", "training records"), ("nonmember", "a control"), ("canary", "planted canaries")),
    "prompts that were not tried",
    "A claim that this model holds no personal data has to explain that, or show that the recited records hold none.",
    "choice and cleaning of the sources, training choices, filters on the output. The threat model of this audit: "
    "someone who holds the model, and for membership also the records in question; prompts are the records' own "
    "beginnings.",
)
