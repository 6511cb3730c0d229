"""Which of very many numbers differ between two classes, when chance would find large differences among so many?

Events of one unit (a document) go to one class or the other together. Each of B dealings gives the classes to the units
anew, and for each the sums of one class are kept while the events pass by: a product of a matrix (dealings, units) with
the units' sums, so memory is dealings x numbers, however many events there are. The sums of squares of both classes
together do not depend on who is dealt where, so d follows from the sums of one class:

    SS_within = SS_total - n1 n0 / (n1 + n0) (m1 - m0)^2;   d = (m1 - m0) / sqrt(SS_within / (n1 + n0 - 2))

The largest |d| over all numbers in each dealing is what a |d| is held against (max-statistic).

Source: Westfall & Young 1993, Resampling-Based Multiple Testing, section 2.3 (single step, max T); Cohen 1988,
Statistical Power Analysis, section 2.5 (d); Phipson & Smyth 2010, arXiv 1603.05766 (p is never 0).
"""

from __future__ import annotations

import numpy as np

from byheart.core.errors import TooFewRecords
from byheart.core.randomness import generator


class DealtSums:
    """Sums of vectors that pass by, for the true classes (dealing 0) and for each dealing of chance.

    Args:
        dealings: class of each unit in each dealing, bool (dealings, units); row 0 is the truth.
        counts: how many events each unit has in all, int (units,).
        dim: how many numbers a vector has.
    """

    def __init__(self, dealings: np.ndarray, counts: np.ndarray, dim: int) -> None:
        self.dealings = dealings.astype(np.float64)
        self.counts = counts.astype(np.float64)
        self.sums = np.zeros((len(dealings), dim))
        self.total, self.squares = np.zeros(dim), np.zeros(dim)
        self.centre: np.ndarray | None = None

    def update(self, x: np.ndarray, unit: np.ndarray) -> None:
        """Add vectors (events, dim) of these units (events,); every event is added once."""
        if not len(x):
            return
        x = x.astype(np.float64)
        if self.centre is None:  # d knows no origin; one near the numbers keeps their squares exact
            self.centre = np.median(x, axis=0)
        x = x - self.centre
        seen, which = np.unique(unit, return_inverse=True)
        order = np.argsort(which, kind="stable")
        starts = np.searchsorted(which[order], np.arange(seen.size))
        by_unit = np.add.reduceat(x[order], starts, axis=0)
        self.sums += self.dealings[:, seen] @ by_unit
        self.total += by_unit.sum(axis=0)
        self.squares += np.einsum("ij,ij->j", x, x)

    def d(self) -> np.ndarray:
        """Cohen's d of each number in each dealing, float64 (dealings, dim); 0 where nothing varies."""
        n1 = (self.dealings @ self.counts)[:, None]
        n0 = self.counts.sum() - n1
        n = float(self.counts.sum())
        gap = self.sums / n1 - (self.total - self.sums) / n0
        spread = self.squares - self.total**2 / n
        within = spread - n1 * n0 / n * gap**2
        certain = within <= 1e-12 * np.maximum(spread, 1e-300)  # a rest of rounding
        pooled = np.sqrt(np.where(certain, 0.0, within) / max(n - 2, 1))
        with np.errstate(divide="ignore", invalid="ignore"):
            found: np.ndarray = np.where(pooled > 0, gap / pooled, np.where(spread > 0, np.sign(gap) * np.inf, 0.0))
        return found


def dealings(truth: np.ndarray, n: int, *, seed: int) -> np.ndarray:
    """The true classes of the units and n dealings of the same size, bool (n + 1, units).

    Args:
        truth: whether each unit is of class 1, bool (units,).
        n: how many dealings of chance.
        seed: of the draws.

    Raises:
        TooFewRecords: if a class has no unit.
    """
    if truth.all() or not truth.any():
        raise TooFewRecords(f"two classes are compared; of {truth.size} documents {int(truth.sum())} are of the first")
    rng = generator(seed, "dealings")
    return np.stack([truth, *(rng.permutation(truth) for _ in range(n))])


def max_p(d: np.ndarray, largest: np.ndarray) -> np.ndarray:
    """How often chance, looking at all numbers, finds one at least as large; (numbers,), never 0.

    Args:
        d: of the true classes, (numbers,).
        largest: the largest |d| over all numbers in each dealing of chance, (dealings,).

    >>> max_p(np.array([2.0, 0.5]), np.array([1.0, 1.0, 0.4])).tolist()
    [0.25, 0.75]
    """
    order = np.sort(largest)
    at_or_above = largest.size - np.searchsorted(order, np.abs(d) * (1 - 1e-12), side="left")
    p: np.ndarray = (1 + at_or_above) / (1 + largest.size)
    return p
