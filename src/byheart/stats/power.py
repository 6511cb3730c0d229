"""What could have been seen with so many records, and how many would it take?

Source: Hanley & McNeil 1982, Radiology 143:29-36 (variance of an AUC under exponential scores); Cohen 1988, Statistical
Power Analysis, chapter 6 (arcsine difference of two proportions).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm


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


def detectable_share(
    m: float, n: float, control_share: float, *, level: float = 0.05, power: float = 0.8
) -> float | None:
    """Smallest share among m members that would be seen against n controls with `control_share`; None if none would.

    >>> round(detectable_share(100, 100, 0.5), 3)
    0.672
    """
    reach = (norm.isf(level) + norm.ppf(power)) * math.sqrt(1 / m + 1 / n)
    angle = 2 * math.asin(math.sqrt(control_share)) + reach
    return float(np.sin(angle / 2) ** 2) if angle < math.pi else None
