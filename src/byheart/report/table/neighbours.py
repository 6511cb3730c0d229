"""Which rows lie nearest to each row of a run over tables, and how far away are they?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from byheart.core.signals import Signals
from byheart.report.evidence import Evidence

COPIED = 1 / 3  # a ratio below it counts as a copy


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The two nearest distinct rows of each row of the corpus.

    Args:
        distance: float64 (n, 2), ascending; NaN where none was asked for.
        place: int64 (n, 2), where the neighbours stand in the corpus; -1 for none.
        copies: int64 (n, 2), how many rows of their table are identical to them.
        same_as: int64 (n,), for rows that may be neighbours, the first of all that are identical; else -1.
    """

    distance: np.ndarray
    place: np.ndarray
    copies: np.ndarray
    same_as: np.ndarray

    @property
    def ratio(self) -> np.ndarray:
        """Nearest over second nearest distance, float64 (n,): 0 for a copy, 1 for no preference, NaN for none."""
        first, second = self.distance.T
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(first == 0, 0.0, first / second)

    @classmethod
    def of(cls, evidence: Evidence, name: str) -> Neighbours | None:
        """Read a signal into the order of the corpus; None if either is not in the run folder."""
        parts = list(evidence.shards(name))
        corpus = evidence.corpus
        if not parts or corpus is None:
            return None
        signals = Signals.join(parts)
        at = pd.Index(corpus.ids).get_indexer(pd.Index(signals.ids))
        known = at >= 0

        def filled(array: str, blank: float, *shape: int) -> np.ndarray:
            values = signals.dense(array) if array in signals.arrays else np.full((len(signals), *shape), blank)
            out = np.full((len(corpus), *shape), blank, dtype=values.dtype)
            out[at[known]] = values[known]
            return out

        return cls(
            filled("distance", np.nan, 2), filled("neighbour", -1, 2), filled("copies", 0, 2), filled("same_as", -1)
        )
