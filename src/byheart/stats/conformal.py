"""Which single records stand out from the controls?

Source: Bates, Candes, Lei, Romano & Sesia 2023, arXiv 2104.08279: p-values against one calibration set depend on each
other, but in the way under which Benjamini & Hochberg's procedure still keeps its promise.
"""

from __future__ import annotations

import numpy as np

from byheart.core.errors import TooFewRecords
from byheart.stats.multiplicity import benjamini_hochberg
from byheart.stats.sides import Sides


def conformal_p(values: np.ndarray, controls: np.ndarray) -> np.ndarray:
    """For each value (n,), the chance that a record like the controls (m,) scores at least as high.

    Returns:
        (1 + controls at or above) / (m + 1), (n,); the smallest possible is 1 / (m + 1). NaN for a NaN value.

    Raises:
        TooFewRecords: if there is no control.

    >>> conformal_p(np.array([5.0, 2.0]), np.array([1.0, 2.0, 3.0])).tolist()
    [0.25, 0.75]
    """
    calibration = np.sort(controls[~np.isnan(controls)])
    if not calibration.size:
        raise TooFewRecords("a record can only stand out from controls; got none")
    at_or_above = calibration.size - np.searchsorted(calibration, values, side="left")
    return np.where(np.isnan(values), np.nan, (1 + at_or_above) / (calibration.size + 1))


def standing_out(sides: Sides, *, share_false: float = 0.05) -> np.ndarray:
    """Which members stand out, bool (m,), so that at most `share_false` of those named would be like a control.

    Each name is exact where records are exchangeable with the controls one by one (every record its own group).

    Raises:
        TooFewRecords: if there is no control.
    """
    found: np.ndarray = benjamini_hochberg(conformal_p(sides.members, sides.controls)) <= share_false
    return found
