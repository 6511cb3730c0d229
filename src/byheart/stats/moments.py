"""Which numbers differ between two classes of events, when the events are too many to be kept?

Source: Chan, Golub & LeVeque 1983, The American Statistician 37:242-247 (means and sums of squares merged, eq. 2.1);
Cohen 1988, Statistical Power Analysis, 2nd ed., section 2.5 (d with the pooled standard deviation).
"""

from __future__ import annotations

import numpy as np


class Moments:
    """Number, mean and spread of vectors that pass by; nothing of them is stored. Everything is float64.

    Args:
        dim: how many numbers a vector has.

    >>> seen = Moments(1)
    >>> seen.update(np.array([[1.0], [2.0]]))
    >>> seen.update(np.array([[6.0]]))
    >>> seen.n, float(seen.mean[0]), float(seen.variance[0])
    (3, 3.0, 7.0)
    """

    def __init__(self, dim: int) -> None:
        self.n = 0
        self.mean = np.zeros(dim)
        self.m2 = np.zeros(dim)

    def update(self, x: np.ndarray) -> None:
        """Add vectors (events, dim) of any type of number."""
        if x.ndim != 2 or x.shape[1] != self.mean.size:
            raise ValueError(f"vectors have the shape (events, {self.mean.size}); got {x.shape}")
        if len(x):
            block = Moments(x.shape[1])
            x = x.astype(np.float64)
            block.n, block.mean = len(x), x.mean(axis=0)
            block.m2 = ((x - block.mean) ** 2).sum(axis=0)
            self.merge(block)

    def merge(self, other: Moments) -> None:
        """Add what another has seen."""
        n = self.n + other.n
        if other.n == 0:
            return
        gap = other.mean - self.mean
        self.mean = self.mean + gap * (other.n / n)
        self.m2 = self.m2 + other.m2 + gap**2 * (self.n * other.n / n)
        self.n = n

    @property
    def variance(self) -> np.ndarray:
        """Unbiased, float64 (dim,); NaN for fewer than 2 vectors."""
        return self.m2 / (self.n - 1) if self.n > 1 else np.full(self.mean.size, np.nan)


def cohen_d(a: Moments, b: Moments) -> np.ndarray:
    """How far the mean of a lies above that of b, in pooled standard deviations, float64 (dim,).

    0 where the means agree; NaN where nothing varies in either class, or with fewer than 3 vectors in all.
    """
    free = a.n + b.n - 2
    pooled = np.sqrt((a.m2 + b.m2) / free) if free > 0 else np.full(a.mean.size, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        d: np.ndarray = (a.mean - b.mean) / pooled
    return np.where(np.isfinite(d), d, np.nan)
