"""What is the mean of the smallest, or largest, share of some values?"""

from __future__ import annotations

import math

import numpy as np

from byheart.core.errors import UsageError


def check_share(k: float) -> None:
    """Refuse a share outside (0, 1].

    Raises:
        UsageError: naming the value.
    """
    if not 0 < k <= 1:
        raise UsageError(f"k is a share of the tokens, in (0, 1]; got {k}")


def kept(n: int, k: float) -> int:
    """ceil(k n), so that at least one value is kept; 0.1 of 30 is 3, whatever binary fractions say.

    >>> kept(5, 0.2), kept(3, 0.2), kept(30, 0.1)
    (1, 1, 3)
    """
    return max(1, math.ceil(round(k * n, 9)))


def mean_of_lowest(values: np.ndarray, k: float) -> float:
    """Mean of the smallest ceil(k n) values of (n,), summed in float64; NaN if n is 0.

    >>> mean_of_lowest(np.array([-1.0, -4.0, -2.0, -3.0]), 0.5)
    -3.5
    """
    if values.size == 0:
        return math.nan
    m = kept(values.size, k)
    return float(np.partition(values, m - 1)[:m].mean(dtype=np.float64))


def tail_means(values: np.ndarray, shares: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Means of the smallest and of the largest ceil(k n) of at least one value (n,), for each k of `shares` (shares,).

    >>> [means.tolist() for means in tail_means(np.array([-1.0, -4.0, -2.0, -3.0]), (0.25, 0.5))]
    [[-4.0, -3.5], [-1.0, -1.5]]
    """
    ordered = np.sort(values).astype(np.float64)
    sizes = np.array([kept(values.size, k) for k in shares])
    return ordered.cumsum()[sizes - 1] / sizes, ordered[::-1].cumsum()[sizes - 1] / sizes
