"""On which real record does each generated row fall?

Everything here treats training and control rows alike, so that their labels can be dealt anew. What falls on a row that
others are identical to is shared between them.
"""

from __future__ import annotations

import numpy as np

from byheart.core.errors import DataError
from byheart.core.signals import Signals

REAL = ("member", "nonmember")


def near_one(first: np.ndarray, second: np.ndarray, threshold: float) -> np.ndarray:
    """Whether rows (n,) are much nearer to their nearest row than to the second: ratio < threshold, bool (n,).

    Distance 0 is near, whether or not there is a second row; a missing second distance is not.
    """
    near: np.ndarray = (first == 0) | (first < threshold * second)
    return near


def is_real(signals: Signals) -> np.ndarray:
    """Which records are rows of the two real tables, bool (n,)."""
    found: np.ndarray = np.isin(signals.roles, REAL)
    return found


def generated(nearest_real: Signals) -> np.ndarray:
    """Places of the generated rows that have a nearest real row, int64 (rows,)."""
    found = (nearest_real.roles == "synthetic") & (nearest_real.dense("neighbour")[:, 0] >= 0)
    return np.flatnonzero(found)


def copying(nearest_real: Signals, threshold: float) -> np.ndarray:
    """Places of the generated rows whose nearest real row is much nearer than the second, int64 (rows,)."""
    rows = generated(nearest_real)
    first, second = nearest_real.dense("distance")[rows].T
    near: np.ndarray = rows[near_one(first, second, threshold)]
    return near


def fallen(nearest_real: Signals, rows: np.ndarray) -> np.ndarray:
    """How many of the generated rows at these places fall on each record, float64 (n,).

    Args:
        nearest_real: `neighbour` (n, 2) of generated rows, and `same_as` (n,), which names one representative of each
            set of identical real rows.
        rows: places of generated rows.

    Returns:
        Row counts, shared evenly between identical real rows; NaN where a record is not real.

    Raises:
        DataError: if the signals are a part of what they were made of.
    """
    n, same_as = len(nearest_real), nearest_real.dense("same_as")
    if max(int(same_as.max(initial=-1)), int(nearest_real.dense("neighbour").max(initial=-1))) >= n:
        raise DataError("neighbours are places in the whole corpus; read the signals of all its records, not of a part")
    hit = np.bincount(nearest_real.dense("neighbour")[rows, 0], minlength=n).astype(np.float64)
    real = is_real(nearest_real)
    twins = np.bincount(same_as[real], minlength=n)
    weight = np.full(n, np.nan)
    weight[real] = hit[same_as[real]] / twins[same_as[real]]
    return weight
