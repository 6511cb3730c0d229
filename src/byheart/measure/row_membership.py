"""Was this row in the training table, judging by how near a generated row comes to it?

Source: Hilprecht, Haerterich & Bernau 2019, doi 10.2478/popets-2019-0067 (nearness of generated records); van Breugel
et al. 2023, arXiv 2302.12580 (divided by what the population does). Departs from them: the population's part is the
distance to the nearest other real row, which needs no density and no further table.
"""

from __future__ import annotations

import numpy as np

from byheart.compare.rows.per_real_row import is_real
from byheart.core.card import method
from byheart.core.scores import Scores
from byheart.core.signals import Signals


@method(
    paper="2302.12580",
    family="table",
    needs=("nearest_synthetic", "nearest_real"),
    unit="log ratio of distances",
    claim="membership",
    threat="membership inference",
    sentence="Who holds a row can tell from the synthetic table whether it was a training row.",
    cost="none beside the distances",
    limits="an AUC over all rows hides a leak of few; look at the rows of highest score",
)
def row_membership(nearest_synthetic: Signals, nearest_real: Signals) -> Scores:
    """Log of the distance to the nearest other real row, minus log of the distance to the nearest generated row.

    Args:
        nearest_synthetic: array `distance` (n, 2) of real rows to their two nearest distinct generated rows.
        nearest_real: array `distance` (n, 2) of real rows to their two nearest distinct other real rows.

    Returns:
        Scores (n,) of rows of role member and nonmember: above 0 where a generated row is nearer than any other real
        row, 0 where both are as near. A distance of 0 counts as half the smallest one above 0. NaN for other roles, and
        where one of the two distances does not exist.
    """
    real = is_real(nearest_real)
    to_generated = np.where(real, nearest_synthetic.dense("distance")[:, 0], np.nan)
    to_real = np.where(real, nearest_real.dense("distance")[:, 0], np.nan)
    both = np.concatenate([to_generated, to_real])
    least = float(np.min(both, initial=np.inf, where=both > 0))
    floor = least / 2 if np.isfinite(least) else 1.0
    values = np.log(np.maximum(to_real, floor)) - np.log(np.maximum(to_generated, floor))
    values[~np.isfinite(values)] = np.nan
    return Scores(
        values, nearest_real.ids, nearest_real.roles, nearest_real.groups,
        row_membership.card, {"floor": floor},  # type: ignore[attr-defined]
    )  # fmt: skip
