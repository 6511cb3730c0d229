"""How often does a recited token score higher than another of which the model was just as sure?

Tokens were chosen as recited because the model was sure of them, so anything that follows its confidence tells them
from others. Only pairs of (nearly) equal confidence are counted here: what then remains is not confidence.

Source: Hanley & McNeil 1982, Radiology 143:29-36 (AUC as a share of pairs); Davison & Hinkley 1997, Bootstrap Methods
and their Application, section 3.8 (documents resampled whole).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from byheart.core.errors import TooFewRecords
from byheart.core.randomness import generator
from byheart.core.verdict import Estimate
from byheart.stats.intervals import clopper_pearson
from byheart.stats.sides import number_groups

WIDTH = 0.02
BLOCK = 1 << 22  # pairs looked at together


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of one event of each class, summed by their groups.

    Args:
        wins: (groups, groups), pairs in which the event of class 1 (rows) scores higher; ties count half.
        counted: (groups, groups), all pairs.
        groups1, groups0: which groups have events of class 1 and of class 0, int64.
    """

    wins: np.ndarray
    counted: np.ndarray
    groups1: np.ndarray
    groups0: np.ndarray

    @property
    def n_groups(self) -> int:
        """Groups with an event in any pair that could be made."""
        return int(np.union1d(self.groups1, self.groups0).size)

    @property
    def auc(self) -> float:
        """Share of pairs won; NaN without a pair."""
        n = self.counted.sum()
        return float(self.wins.sum() / n) if n else float("nan")

    def resampled(self, n_resamples: int, *, seed: int) -> np.ndarray:
        """The AUC when groups are drawn anew, each class to its own number; (n_resamples,), NaN without a pair.

        A group with events of both classes is drawn once, for both.
        """
        rng = generator(seed, "matched auc")
        both = np.intersect1d(self.groups1, self.groups0)
        strata = [both, np.setdiff1d(self.groups1, both), np.setdiff1d(self.groups0, both)]
        weights = np.zeros((n_resamples, len(self.wins)))
        for stratum in strata:
            if stratum.size:
                share = np.full(stratum.size, 1 / stratum.size)
                weights[:, stratum] = rng.multinomial(stratum.size, share, size=n_resamples)
        wins = np.einsum("bi,bi->b", weights @ self.wins, weights)
        counted = np.einsum("bi,bi->b", weights @ self.counted, weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            found: np.ndarray = np.where(counted > 0, wins / counted, np.nan)
        return found


def pairs(
    scores: np.ndarray,
    positive: np.ndarray,
    groups: Sequence[Any] | np.ndarray,
    *,
    confidence: np.ndarray | None = None,
    width: float = WIDTH,
) -> Pairs:
    """Compare every event of class 1 with every event of class 0 of like confidence.

    Args:
        scores: (events,), higher says class 1.
        positive: bool (events,), of class 1.
        groups: of each event.
        confidence: probability that the model gave the token (events,); None compares all pairs.
        width: pairs count whose probabilities are less than this apart.

    Raises:
        TooFewRecords: if a class has no event.
    """
    codes, n_groups = number_groups(groups)
    one, zero = np.flatnonzero(positive), np.flatnonzero(~positive)
    if not one.size or not zero.size:
        raise TooFewRecords(f"an AUC needs events of both classes; got {one.size} and {zero.size}")
    zero = zero[np.argsort(codes[zero], kind="stable")]
    edges = np.flatnonzero(np.diff(codes[zero], prepend=-1))
    names = codes[zero][edges]
    wins, counted = np.zeros((n_groups, n_groups)), np.zeros((n_groups, n_groups))
    rows = max(1, BLOCK // zero.size)
    for k in range(0, one.size, rows):
        some = one[k : k + rows]
        like = np.ones((some.size, zero.size), bool)
        if confidence is not None:
            like = np.abs(confidence[some, None] - confidence[None, zero]) < width
        above = scores[some, None] > scores[None, zero]
        won = (above + 0.5 * (scores[some, None] == scores[None, zero])) * like
        for table, values in ((wins, won), (counted, like.astype(np.float64))):
            by_group = np.add.reduceat(values, edges, axis=1)
            np.add.at(table, (codes[some][:, None], names[None, :]), by_group)
    return Pairs(wins, counted, np.unique(codes[one]), np.unique(codes[zero]))


def matched_auc(
    scores: np.ndarray,
    positive: np.ndarray,
    groups: Sequence[Any] | np.ndarray,
    *,
    seed: int,
    confidence: np.ndarray | None = None,
    width: float = WIDTH,
    n_resamples: int = 1000,
    level: float = 0.95,
) -> Estimate:
    """Share of pairs of like confidence in which class 1 scores higher, with whole documents resampled.

    Args:
        scores: (events,), higher says class 1.
        positive: bool (events,), of class 1.
        groups: of each event.
        seed: of the resamples.
        confidence: probability that the model gave the token (events,); None compares all pairs.
        width: pairs count whose probabilities are less than this apart.
        n_resamples: how many.
        level: coverage.

    Returns:
        0.5 where the scores say nothing, 1 where every event of class 1 is above those it is compared with. Without a
        value where there is no pair of like confidence.

    Raises:
        TooFewRecords: if a class has no event.
    """
    found = pairs(scores, positive, groups, confidence=confidence, width=width)
    n, n_pairs = found.n_groups, int(found.counted.sum())
    matched = "" if confidence is None else f" whose confidence is less than {width:g} apart"
    unit = f"AUC over {n_pairs} pairs of events in {n} documents"
    how = f"share of pairs of events{matched} in which the first class scores higher"
    if not n_pairs:
        return Estimate(None, None, None, n, unit, f"{how}; there is no such pair", level)
    draws = found.resampled(n_resamples, seed=seed)
    told = draws[np.isfinite(draws)]
    if told.size < 0.95 * n_resamples:
        return Estimate(found.auc, None, None, n, unit, f"{how}; too few documents for an interval", level)
    if found.auc in (0.0, 1.0):
        least = min(found.groups1.size, found.groups0.size)
        low, high = clopper_pearson(round(found.auc * least), least, level)
        how += "; exact interval for the documents of the smaller class, as every pair says the same"
        return Estimate(found.auc, low, high, n, unit, how, level)
    low, high = np.quantile(told, [(1 - level) / 2, (1 + level) / 2])
    how += f"; interval from {n_resamples} resamples of whole documents"
    return Estimate(found.auc, min(float(low), found.auc), max(float(high), found.auc), n, unit, how, level)
