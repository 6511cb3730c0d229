"""What do anonymeter's attacks find in the same tables?

Its guesses depend on each other (many hit one row), so no p-value of ours is attached to them and they claim nothing:
they stand beside our verdicts, each under the name of its method.
"""

from __future__ import annotations

from typing import Any

from byheart.core.card import Card, load
from byheart.core.corpus import Corpus
from byheart.core.verdict import Decision, Estimate, Verdict
from byheart.signals.table.anonymeter import Attack, attack
from byheart.stats.judge.membership import verdict


def anonymeter_attacks(corpus: Corpus, *, python: str | None = None, seed: int, **options: Any) -> list[Verdict]:
    """Success of three attacks on training rows beside that on control rows and that of guessing, with intervals.

    Args:
        corpus: rows of a table of role member, nonmember and synthetic.
        python: an interpreter that has anonymeter; None for this one.
        seed: chooses rows and guesses.
        options: further ones of `signals/table/anonymeter`.

    Returns:
        A verdict for each attack; none is `shown`, the caveats say what each number means.
    """
    made = attack(corpus, python=python, seed=seed, **options)
    return [_verdict(load(f"measure/anonymeter_{a.name}").card, a) for a in made]  # type: ignore[attr-defined]


def _verdict(card: Card, made: Attack) -> Verdict:
    if made.failed:
        none = Estimate(None, None, None, 0, "share of guesses", "not estimated: anonymeter gave no result")
        return verdict(
            card, card.sentence, "inconclusive", None, none, said=[f"anonymeter: {made.failed}", made.how]
        )  # fmt: skip
    main, control, baseline = made.rates.values()
    more = (main.low or 0.0) > (baseline.high or 0.0)
    why = (
        f"An outside attack, which claims nothing here: {main} on training rows, {control} on control rows, {baseline} "
        f"by guessing. Were its guesses independent, p would be {made.p:.2g}."
    )
    weak = "" if more else " It does no better than guessing, so it says nothing for or against the table."
    decision: Decision = "inconclusive" if made.p < 0.05 or not more else "not shown"
    return verdict(card, card.sentence, decision, None, main, control, baseline, [why + weak, made.how])
