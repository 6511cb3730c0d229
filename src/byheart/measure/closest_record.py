"""Do generated rows lie closer to training rows than to rows that were held out?

Source: Platzer & Reutterer 2021, arXiv 2104.00635 (share of generated rows closer to training than to held-out rows).
Departs from it: one range for all distances, ties shared by chance, any two sizes, and a number per real record, so
that the labels can be dealt anew.
"""

from __future__ import annotations

import numpy as np

from byheart.compare.rows.per_real_row import fallen, generated
from byheart.core.card import method
from byheart.core.scores import Scores
from byheart.core.signals import Signals


@method(
    paper="2104.00635",
    family="table",
    needs=("nearest_real",),
    unit="generated rows",
    claim="share",
    threat="regurgitation of training data",
    sentence="Synthetic rows lie closer to training rows than to rows the generator never saw.",
    precedence=2,
    cost="none beside the distances",
    limits="a generator that fits many columns closely leans to its training rows without copying any one of them",
)
def closest_record(nearest_real: Signals) -> Scores:
    """Number of generated rows whose closest real row is this record.

    Args:
        nearest_real: array `neighbour` (n, 2) of generated rows among all distinct real rows, training and control
            together, and `same_as` (n,).

    Returns:
        Scores (n,) of rows of role member and nonmember, at least 0, shared between identical rows; NaN for other
        roles, and for all when nothing was generated.
    """
    rows = generated(nearest_real)
    weight = fallen(nearest_real, rows) if rows.size else np.full(len(nearest_real), np.nan)
    return Scores(
        weight, nearest_real.ids, nearest_real.roles, nearest_real.groups,
        closest_record.card, {"generated": rows.size},  # type: ignore[attr-defined]
    )  # fmt: skip
