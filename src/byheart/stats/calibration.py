"""When it says 80 %, is it so in 80 of 100 cases?

Source: Naeini, Cooper & Hauskrecht 2015, AAAI 29 (expected calibration error, bins of equal width).
"""

from __future__ import annotations

import numpy as np


def calibration_error(said: np.ndarray, true: np.ndarray, *, n_bins: int = 10) -> float:
    """Mean distance between what was said and what was so, over bins of what was said.

    Args:
        said: probabilities (n,).
        true: whether it was so, bool (n,).
        n_bins: of equal width in [0, 1].

    Returns:
        0 when it is so as often as said, at most 1; NaN for nothing said.

    >>> round(calibration_error(np.array([0.9, 0.9, 0.1, 0.1]), np.array([True, False, False, False])), 3)
    0.25
    """
    if not said.size:
        return float("nan")
    bins = np.minimum((said * n_bins).astype(np.int64), n_bins - 1)
    gaps = np.bincount(bins, said - true.astype(np.float64), n_bins)
    return float(np.abs(gaps).sum() / said.size)
