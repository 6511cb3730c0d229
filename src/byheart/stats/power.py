"""What could have been seen with so many records, and how many would it take?

Source: Hanley & McNeil 1982, Radiology 143:29-36 (variance of an AUC under exponential scores); Cohen 1988, Statistical
Power Analysis, chapter 6 (arcsine difference of two proportions, for many records); Fisher 1935 (for fewer).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.stats import binom, hypergeom, norm

MAX_EXACT = 20_000  # records, above which the arcsine approximation stands in for Fisher's test


def auc_variance(area: float, m: float, n: float) -> float:
    """Hanley and McNeil's variance of an AUC with m members and n controls."""
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    return (area * (1 - area) + (m - 1) * (q1 - area**2) + (n - 1) * (q2 - area**2)) / (m * n)


def auc_power(area: float, m: int, n: int, *, level: float = 0.05, effect: float = 1.0) -> float:
    """Probability that a one-sided test at `level` sees this AUC.

    Args:
        area: the true AUC.
        m: members.
        n: controls.
        level: of the test.
        effect: design effect, how much larger grouping makes the variance.
    """
    null = math.sqrt(effect * (m + n + 1) / (12 * m * n))
    spread = math.sqrt(max(effect * auc_variance(area, m, n), 1e-300))
    return float(norm.cdf((area - 0.5 - norm.isf(level) * null) / spread))


def detectable_auc(m: int, n: int, *, level: float = 0.05, power: float = 0.8, effect: float = 1.0) -> float | None:
    """Smallest AUC above 0.5 that would be seen with this power; None if even a perfect separation would not.

    >>> round(detectable_auc(90, 90), 3)
    0.606
    """

    def lack(area: float) -> float:
        return auc_power(area, m, n, level=level, effect=effect) - power

    return float(brentq(lack, 0.5, 1 - 1e-9)) if min(m, n) > 0 and lack(1 - 1e-9) > 0 else None


def controls_for_auc(area: float, *, level: float = 0.05, power: float = 0.8, effect: float = 1.0) -> int:
    """How many members, and as many controls, it takes to see this AUC.

    Raises:
        ValueError: if the AUC is not in (0.5, 1).
    """
    if not 0.5 < area < 1:
        raise ValueError(f"an AUC that can be planned for lies between 0.5 and 1; got {area}")
    n = 2
    while auc_power(area, n, n, level=level, effect=effect) < power:
        n *= 2
    low = n // 2
    while n - low > 1:
        middle = (low + n) // 2
        enough = auc_power(area, middle, middle, level=level, effect=effect) >= power
        low, n = (low, middle) if enough else (middle, n)
    return n


def detectable_share(m: int, n: int, control_share: float, *, level: float = 0.05, power: float = 0.8) -> float | None:
    """Smallest share among m members that Fisher's exact test would see against n controls; None if it sees none.

    Args:
        m: members.
        n: controls.
        control_share: true share of hits among the controls.
        level: of the one-sided test.
        power: probability of seeing it.

    >>> round(detectable_share(90, 90, 0.0), 3)
    0.074
    """
    if min(m, n) < 1:
        return None
    if m + n > MAX_EXACT:
        angle = 2 * math.asin(math.sqrt(control_share)) + _reach(m, n, level, power)
        return float(np.sin(angle / 2) ** 2) if angle < math.pi else None
    j = np.arange(n + 1)
    weight = binom.pmf(j, n, control_share)
    j, weight = j[weight > 1e-9], weight[weight > 1e-9]
    needed = _critical(m, n, j, level)

    def lack(share: float) -> float:
        return float(weight @ binom.sf(needed - 1, m, share)) - power

    return float(brentq(lack, control_share, 1.0)) if lack(1.0) > 0 > lack(control_share) else None


def _reach(m: int, n: int, level: float, power: float) -> float:
    return float(norm.isf(level) + norm.ppf(power)) * math.sqrt(1 / m + 1 / n)


def _critical(m: int, n: int, j: np.ndarray, level: float) -> np.ndarray:
    """Fewest hits among m members that Fisher's test calls more than j among n controls; m + 1 if none are enough."""
    low, high = np.zeros_like(j), np.full_like(j, m + 1)  # p falls as the hits rise: bisect
    while (low < high).any():
        k = (low + high) // 2
        enough = (k > m) | (hypergeom.sf(k - 1, m + n, np.minimum(k + j, m + n), m) < level)
        low, high = np.where(enough, low, np.minimum(k + 1, high)), np.where(enough, k, high)
    return high
