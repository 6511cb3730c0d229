"""Can anonymeter tell, by the synthetic table alone, that two halves of a training row belong together?

Source: Giomi et al. 2022, arXiv 2211.10459 (anonymeter, run as it is by an interpreter that has it).
Departs from it: training and control rows are brought to one number, so that both attacks are equally hard.
"""

from __future__ import annotations

from byheart.core.card import method
from byheart.core.corpus import Corpus
from byheart.core.findings import Findings
from byheart.signals.table.anonymeter import attack


@method(
    paper="2211.10459",
    family="table",
    needs=("corpus",),
    unit="share of guesses",
    threat="linkability",
    sentence="The synthetic table links two halves of a training row (anonymeter).",
    cost="an interpreter that has anonymeter, and some seconds",
    limits="its guesses depend on each other, so it claims nothing here: read its rate beside those of the other sides",
)
def anonymeter_linkability(corpus: Corpus, *, anonymeter: str, n_attacks: int = 500, seed: int = 0) -> Findings:
    """Share of halves of rows that are linked by their nearest synthetic rows.

    Args:
        corpus: rows of a table of role member, nonmember and synthetic.
        anonymeter: a Python interpreter that has the package anonymeter.
        n_attacks: guesses.
        seed: chooses rows and guesses.

    Returns:
        Findings with an address for the training rows, the control rows and guessing; the weight is the share of
        guesses that hit, 0 for none and 1 for all.

    Raises:
        UsageError: if the interpreter cannot run it, or it gave no result.
        TooFewRecords: if a table is missing.
    """
    (made,) = attack(
        corpus, python=anonymeter, names=("linkability",), n_attacks=n_attacks, seed=seed
    )  # fmt: skip
    return made.findings(anonymeter_linkability.card)  # type: ignore[attr-defined]
