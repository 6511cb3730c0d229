"""What would models that did, and did not, train on a record have said?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.errors import UsageError
from byheart.core.signals import Signals
from byheart.signals.text.paired import same_records


@dataclass(frozen=True, eq=False)
class Shadows:
    """A statistic of every record under every shadow model, and who trained on what.

    Args:
        values: float64 (models, n).
        included: bool (models, n), true where the model trained on the record.
    """

    values: np.ndarray
    included: np.ndarray

    @classmethod
    def read(
        cls, shadows: Sequence[Signals], included: np.ndarray, statistic: Callable[[Signals], np.ndarray]
    ) -> Shadows:
        """Take the statistic of each model's signals.

        Raises:
            UsageError: if there is no model, records differ, or `included` has another shape.
        """
        if not shadows:
            raise UsageError("no shadow models given; train some on random halves of the records")
        same_records(*shadows)
        table = np.asarray(included, dtype=bool)
        if table.shape != (len(shadows), len(shadows[0])):
            raise UsageError(
                f"included is bool (models, records), here {(len(shadows), len(shadows[0]))}; got {table.shape}"
            )
        return cls(np.stack([statistic(s) for s in shadows]), table)

    def count(self, inside: bool) -> np.ndarray:
        """How many models did (or did not) train on each record, int64 (n,)."""
        count: np.ndarray = (self.included == inside).sum(axis=0)
        return count

    def mean(self, inside: bool) -> np.ndarray:
        """Mean over the models that did (or did not) train on each record, float64 (n,); NaN without any."""
        side, n = self.included == inside, self.count(inside)
        return np.where(n > 0, np.where(side, self.values, 0.0).sum(axis=0) / np.maximum(n, 1), np.nan)

    def variance(self, inside: bool) -> np.ndarray:
        """Variance over those models, one degree of freedom spent on the mean, (n,); NaN with fewer than two."""
        squares, n = self._squares(inside), self.count(inside)
        return np.where(n > 1, squares / np.maximum(n - 1, 1), np.nan)

    def residual_variance(self, inside: bool) -> float:
        """One variance for all records: of what is left after each record's own mean; NaN if nothing is."""
        free = np.maximum(self.count(inside) - 1, 0)
        usable = (free > 0) & ~np.isnan(self._squares(inside))
        return float(self._squares(inside)[usable].sum() / free[usable].sum()) if usable.any() else float("nan")

    def _squares(self, inside: bool) -> np.ndarray:
        side = self.included == inside
        residual = np.where(side, self.values - self.mean(inside), 0.0)
        squares: np.ndarray = (residual**2).sum(axis=0)
        return squares
