"""How many generated rows copy this real record?

Source: Fang et al. 2024, arXiv 2412.11044, equation 1 (ratio of distances below 1/3). Departs from it: asked of
training and control rows in one pool, so that copies of control rows tell how many arise by coincidence.
"""

from __future__ import annotations

import numpy as np

from byheart.compare.rows.per_real_row import copying, fallen, generated
from byheart.core.card import method
from byheart.core.errors import UsageError
from byheart.core.scores import Scores
from byheart.core.signals import Signals


@method(
    paper="2412.11044",
    family="table",
    needs=("nearest_real",),
    unit="generated rows",
    threat="regurgitation of training data",
    cost="none beside the distances",
    limits="a copy of a row that has near-twins in the pool is not seen, as none of them is much nearer than the next",
)
def copied_record(nearest_real: Signals, *, threshold: float = 1 / 3) -> Scores:
    """Number of generated rows for which this record is much nearer than any other real row.

    Args:
        nearest_real: arrays `distance` (n, 2) and `neighbour` (n, 2) of generated rows to their two nearest distinct
            real rows, training and control together, and `same_as` (n,).
        threshold: a row is a copy when the ratio of its two distances lies strictly below, in (0, 1].

    Returns:
        Scores (n,) of rows of role member and nonmember, at least 0, a copy of identical rows shared between them; NaN
        for other roles, and for all when nothing was generated. `params` hold how many rows were generated.

    Raises:
        UsageError: if the threshold is not in (0, 1].
    """
    if not 0 < threshold <= 1:
        raise UsageError(f"the threshold of the ratio lies in (0, 1]; got {threshold}")
    n_generated = generated(nearest_real).size
    weight = np.full(len(nearest_real), np.nan)
    if n_generated:
        weight = fallen(nearest_real, copying(nearest_real, threshold))
    return Scores(
        weight, nearest_real.ids, nearest_real.roles, nearest_real.groups,
        copied_record.card, {"threshold": threshold, "generated": n_generated},  # type: ignore[attr-defined]
    )  # fmt: skip
