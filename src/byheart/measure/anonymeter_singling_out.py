"""Can anonymeter describe a training row, from the synthetic table alone, so that no other row fits?

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
    threat="singling out",
    sentence="Descriptions read off the synthetic table single out training rows (anonymeter).",
    cost="an interpreter that has anonymeter, and some seconds",
    limits="its guesses depend on each other, so it claims nothing here: read its rate beside those of the other sides",
)
def anonymeter_singling_out(
    corpus: Corpus, *, anonymeter: str, n_attacks: int = 500, n_columns: int = 3, seed: int = 0
) -> Findings:
    """Share of descriptions of the synthetic table that fit exactly one row.

    Args:
        corpus: rows of a table of role member, nonmember and synthetic.
        anonymeter: a Python interpreter that has the package anonymeter.
        n_attacks: guesses.
        n_columns: columns in a description.
        seed: chooses rows and guesses.

    Returns:
        Findings with an address for the training rows, the control rows and guessing; the weight is the share of
        guesses that hit, 0 for none and 1 for all.

    Raises:
        UsageError: if the interpreter cannot run it, or it gave no result.
        TooFewRecords: if a table is missing.
    """
    (made,) = attack(
        corpus, python=anonymeter, names=("singling_out",), n_attacks=n_attacks, n_columns=n_columns, seed=seed
    )  # fmt: skip
    return made.findings(anonymeter_singling_out.card)  # type: ignore[attr-defined]
