"""Do names, identifiers and free texts of this record come back word for word in the generated table?

Source: Carlini et al. 2019, arXiv 1802.08232 (does what was seen once come back?). Departs from it: no secret is
planted; texts and identifiers, which enter no distance between rows, are looked up one by one, and a value that several
real records have is shared between them.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from byheart.compare.rows.per_real_row import REAL
from byheart.core.card import method
from byheart.core.corpus import Corpus
from byheart.core.scores import Scores


@method(
    paper="1802.08232",
    family="table",
    needs=("corpus",),
    unit="values",
    claim="share",
    threat="regurgitation of training data",
    sentence="Free texts and identifiers of training rows come back in the synthetic table more often than those of "
    "rows the generator never saw.",
    cost="one look-up per value",
    limits="a value changed in one letter counts as new; a generator that draws from public lists repeats by chance",
)
def repeated_values(corpus: Corpus) -> Scores:
    """Number of the record's texts and identifiers that some generated row repeats.

    Args:
        corpus: rows of a table of role member, nonmember and synthetic.

    Returns:
        Scores (n,) of rows of role member and nonmember: per text or identifier column 1 if a generated row holds the
        record's value, divided by the number of real rows that hold it, summed over columns. NaN for other roles, and
        for all when the table has no such column or nothing was generated. `params` name the columns.
    """
    real, made = np.isin(corpus.roles, REAL), corpus.roles == "synthetic"
    columns = corpus.rows.schema.aside if made.any() else ()
    values = np.full(len(corpus), np.nan)
    if columns and real.any():
        shares = [_repeated(corpus.rows.frame[name], real, made) for name in columns]
        values[real] = np.sum(shares, axis=0)
    return Scores(
        values, corpus.ids, corpus.roles, corpus.groups,
        repeated_values.card, {"columns": list(columns)},  # type: ignore[attr-defined]
    )  # fmt: skip


def _repeated(column: pd.Series, real: np.ndarray, made: np.ndarray) -> np.ndarray:
    """For each real row 1 / (real rows of its value) if a generated row has the value, else 0, float64 (real,)."""
    texts = [None if pd.isna(v) else " ".join(str(v).split()) or None for v in column]
    said = {texts[i] for i in np.flatnonzero(made)} - {None}
    ours = [texts[i] for i in np.flatnonzero(real)]
    holders = Counter(ours)
    return np.array([1 / holders[v] if v in said else 0.0 for v in ours], dtype=np.float64)
