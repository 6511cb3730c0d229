"""Is a generated row so near one training row that chance does not explain it?

Source: Fang et al. 2024, arXiv 2412.11044, equation 1 (ratio of the distances to the two nearest training rows, copied
below 1/3). Departs from it: one normaliser for all rows (its normaliser per row calls held-out real rows copied);
identical training rows count as one neighbour; an exact copy has ratio 0 however often its original stands there; and
held-out rows get the same number, so that the ratio has a null.
"""

from __future__ import annotations

import numpy as np

from byheart.compare.rows.per_real_row import near_one
from byheart.core.card import method
from byheart.core.errors import UsageError
from byheart.core.scores import Scores
from byheart.core.signals import Signals

ASKED = ("synthetic", "nonmember")


@method(
    paper="2412.11044",
    family="table",
    needs=("nearest_member",),
    unit="1 - ratio of distances",
    claim="copies",
    threat="regurgitation of training data",
    rests_on=("copied_record",),
    cost="none beside the distances",
    limits="a small ratio alone is no copy: in coarse tables held-out rows have it too; read it against their share",
)
def nearest_row(nearest_member: Signals, *, threshold: float = 1 / 3) -> Scores:
    """One minus the distance to the nearest training row over the distance to the second nearest.

    Args:
        nearest_member: arrays `distance` (n, 2), `neighbour` (n, 2) and `copies` (n, 2) of rows of role synthetic and
            nonmember to their two nearest distinct training rows.
        threshold: a row is copied when its ratio lies strictly below, in (0, 1].

    Returns:
        Scores (n,): 1 for an exact copy, 0 for a row that has two training rows equally near; NaN for other roles, and
        where there is no second training row to compare with. Extra: `distance_1`, `distance_2`, `neighbour` (place of
        the nearest row in the corpus, -1 for none), `copies` (how many training rows are identical to it), `copied` and
        `exact` (0 or 1).

    Raises:
        UsageError: if the threshold is not in (0, 1].
    """
    if not 0 < threshold <= 1:
        raise UsageError(f"the threshold of the ratio lies in (0, 1]; got {threshold}")
    asked = np.isin(nearest_member.roles, ASKED)
    first, second = np.where(asked[:, None], nearest_member.dense("distance"), np.nan).T
    exact, copied = first == 0, near_one(first, second, threshold)
    ratio = np.divide(first, second, out=np.full(first.shape, np.nan), where=second > 0)
    extra = {
        "distance_1": first, "distance_2": second,
        "neighbour": np.where(asked, nearest_member.dense("neighbour")[:, 0], -1),
        "copies": np.where(asked, nearest_member.dense("copies")[:, 0], 0),
        "copied": copied.astype(np.int64), "exact": exact.astype(np.int64),
    }  # fmt: skip
    return Scores(
        np.where(exact, 1.0, 1 - ratio), nearest_member.ids, nearest_member.roles, nearest_member.groups,
        nearest_row.card, {"threshold": threshold}, extra,  # type: ignore[attr-defined]
    )  # fmt: skip
