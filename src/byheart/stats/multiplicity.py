"""Of many claims made at once, which still stand?

Source: Holm 1979, Scandinavian Journal of Statistics 6:65-70 (no false claim at all); Benjamini & Hochberg 1995, JRSS B
57:289-300 (few false claims among those made).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from byheart.core.errors import DataError


def holm(p: Sequence[float] | np.ndarray) -> np.ndarray:
    """Adjusted p-values (n,): claims at or below the level are, all together, without a false one at that level.

    Raises:
        DataError: if a p-value is not in [0, 1].

    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    values = _checked(p)
    order = np.argsort(values, kind="stable")
    raised = np.maximum.accumulate(values[order] * np.arange(values.size, 0, -1))
    return _back(np.minimum(raised, 1.0), order)


def benjamini_hochberg(p: Sequence[float] | np.ndarray) -> np.ndarray:
    """Adjusted p-values (n,): of the claims at or below the level, at most that share is false on average.

    Raises:
        DataError: if a p-value is not in [0, 1].

    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.04, 0.04]
    """
    values = _checked(p)
    order = np.argsort(values, kind="stable")
    raised = values[order] * values.size / np.arange(1, values.size + 1)
    return _back(np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0), order)


def _checked(p: Sequence[float] | np.ndarray) -> np.ndarray:
    values = np.asarray(p, np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        raise DataError(f"a p-value lies in [0, 1]; got {values[~((values >= 0) & (values <= 1))][0]}")
    return values


def _back(adjusted: np.ndarray, order: np.ndarray) -> np.ndarray:
    result = np.empty_like(adjusted)
    result[order] = adjusted
    return result
