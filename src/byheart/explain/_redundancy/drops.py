"""How much recitation is lost when prefixes are perturbed, and is more of it lost where there is less redundancy?

A record recited at 0.02 cannot lose 0.6, so drops stand beside relative drops. A repetitive prefix is perturbed less by
the same operator, as equal tokens change places; so the strength is measured on tokens, and low is matched to high on
it, perturbation by perturbation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from byheart.core.signals import Signals
from byheart.core.verdict import Estimate
from byheart.explain._redundancy.levels import Levels
from byheart.explain._redundancy.resample import clustered, mean, ratio_of_means, relative_loss
from byheart.signals.text.perturbed_prefixes import BASELINES, CLEAN, SHORTER

BINS = np.array([0.0, 1e-9, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0 + 1e-9])
"""Edges of the strengths that are compared with each other; the first holds the perturbations that changed nothing."""


@dataclass(frozen=True, eq=False)
class Drops:
    """What was lost, record by record.

    Args:
        clean: the outcome after the clean prefix, (n,).
        after: after each perturbation, (n, perturbations); NaN where there is none.
        strength: how much each changed, on tokens, 0 to 1, (n, perturbations).
        places: the same by places, NaN unless tokens were only moved.
        shorter: the outcome after the prefix without its first tokens, (n,).
    """

    clean: np.ndarray
    after: np.ndarray
    strength: np.ndarray
    places: np.ndarray
    shorter: np.ndarray

    @classmethod
    def read(cls, signals: Signals, outcome: str, strength: str) -> Drops:
        """From `perturbed_prefixes`."""
        values, k = signals.dense(outcome).astype(np.float64), len(BASELINES)
        scale = {"lineage": 3.0, "lineage_tokens": 3.0}
        amount = signals.dense(strength)[:, k:].astype(np.float64) / scale.get(strength, 1.0)
        places = signals.dense("lineage")[:, k:].astype(np.float64) / 3
        return cls(values[:, CLEAN], values[:, k:], amount, places, values[:, SHORTER])

    @property
    def drop(self) -> np.ndarray:
        """What each perturbation took, (n, perturbations)."""
        lost: np.ndarray = self.clean[:, None] - self.after
        return lost


def mean_drops(drops: Drops, levels: Levels, nearly: np.ndarray, *, seed: int) -> dict[str, Estimate]:
    """Absolute and relative drops of the groups, all perturbations together.

    Args:
        drops: record by record.
        levels: of the records.
        nearly: bool (n,), not memorized but almost recited: what memorized ones are fairly compared with.
        seed: of the resamples.
    """
    told = ~np.isnan(drops.drop)
    lost, n = np.where(told, drops.drop, 0).sum(axis=1), told.sum(axis=1).astype(np.float64)
    left = np.where(told, drops.after, 0).sum(axis=1)
    had = np.nan_to_num(drops.clean) * n
    unit = "share of the continuation, over records and perturbations"
    found = {}
    groups = {"memorized": levels.memorized, "others": levels.others, "nearly memorized": nearly, "twins": levels.twins}
    for name, on in groups.items():
        x = np.stack([lost, n], axis=1) * on[:, None]
        found[f"drop, {name}"] = clustered(x, mean, levels.groups, seed=seed, unit=unit, how="mean of M - M'")
        x = np.stack([left, had], axis=1) * on[:, None]
        found[f"relative drop, {name}"] = clustered(
            x, relative_loss, levels.groups, seed=seed, unit="share of what was recited", how="1 - M'/M, sums first"
        )
    m, o = levels.memorized, levels.others
    x = np.stack([(had - left) * m, had * m, (had - left) * o, had * o], axis=1)
    found["relative drop, memorized to others"] = clustered(
        x, ratio_of_means, levels.groups, seed=seed, unit="ratio", how="relative drop of the one / that of the other"
    )
    known = m & ~np.isnan(drops.shorter)
    x = np.stack([np.nan_to_num(drops.clean - drops.shorter) * known, known], axis=1)
    found["drop from a shorter prefix, memorized"] = clustered(
        x, mean, levels.groups, seed=seed, unit="share of the continuation",
        how="mean loss when the first tokens are left out, none perturbed",
    )  # fmt: skip
    return found


def vulnerability(
    drops: Drops, low: np.ndarray, high: np.ndarray, groups: np.ndarray, *, seed: int, by: str = "strength"
) -> dict[str, Estimate]:
    """V = sum(D S) / sum(S^2), the slope of the drop on the strength through 0, of each level, and V(low) / V(high).

    Args:
        drops: record by record.
        low: records of the one level, bool (n,).
        high: records of the other.
        groups: of the records, (n,).
        seed: of the resamples.
        by: `strength` (on tokens) or `places`.
    """
    s: np.ndarray = getattr(drops, by)
    told = ~np.isnan(drops.drop) & ~np.isnan(s)
    ds = np.where(told, drops.drop * s, 0).sum(axis=1)
    ss = np.where(told, s * s, 0).sum(axis=1)
    x = np.stack([ds * low, ss * low, ds * high, ss * high], axis=1)
    unit, how = "share of the continuation per unit of strength", f"sum(D S) / sum(S^2), S by {by}"
    return {
        "low": clustered(x[:, :2], mean, groups, seed=seed, unit=unit, how=how),
        "high": clustered(x[:, 2:], mean, groups, seed=seed, unit=unit, how=how),
        "ratio": clustered(x, ratio_of_means, groups, seed=seed, unit="ratio, low to high", how=how),
    }


def matched_ratio(drops: Drops, low: np.ndarray, high: np.ndarray, groups: np.ndarray, *, seed: int) -> Estimate:
    """Mean drop of low over mean drop of high redundancy, at equal strength of the same perturbation.

    Cells are a perturbation and a bin of strength on tokens; each counts as often as the rarer level occurs in it.
    Perturbations that changed no token are left out.
    """
    unit, how = "ratio, low to high", "mean drops, perturbations of one strength weighted by the rarer level"
    n, m = drops.drop.shape
    told = ~np.isnan(drops.drop) & (drops.strength > 0)
    bins = np.clip(np.digitize(np.nan_to_num(drops.strength), BINS) - 1, 0, BINS.size - 2)
    cell = np.where(told, np.arange(m) * (BINS.size - 1) + bins, -1)
    used = np.unique(cell[told & (low | high)[:, None]])
    if not used.size:
        return Estimate(None, None, None, 0, unit, f"{how}; no perturbation changed a token")
    count, lost = np.zeros((n, used.size)), np.zeros((n, used.size))
    rows, columns = np.nonzero(told & np.isin(cell, used))
    place = np.searchsorted(used, cell[rows, columns])
    np.add.at(count, (rows, place), 1.0)
    np.add.at(lost, (rows, place), drops.drop[rows, columns])
    parts = [part * level[:, None] for level in (low, high) for part in (lost, count)]
    stacked = np.stack(parts, axis=2).reshape(n, -1)  # cell by cell: lost low, n low, lost high, n high

    def formula(sums: np.ndarray) -> np.ndarray:
        by_cell = sums.reshape(used.size, 4, -1)
        lost_low, n_low, lost_high, n_high = (by_cell[:, k] for k in range(4))
        weight = np.minimum(n_low, n_high)
        of_low = np.where(weight > 0, weight * lost_low / np.maximum(n_low, 1), 0).sum(axis=0)
        of_high = np.where(weight > 0, weight * lost_high / np.maximum(n_high, 1), 0).sum(axis=0)
        ratio: np.ndarray = of_low / of_high
        return ratio

    return clustered(stacked, formula, groups, seed=seed, unit=unit, how=how)


def dose_response(drops: Drops, low: np.ndarray, high: np.ndarray) -> dict[str, np.ndarray]:
    """Mean drop and number of pairs in each bin of strength, by level, (bins,); NaN where there is none."""
    bins = np.clip(np.digitize(np.nan_to_num(drops.strength), BINS) - 1, 0, BINS.size - 2)
    found = {"dose_edges": BINS}
    for name, level in (("low", low), ("high", high)):
        on = level[:, None] & ~np.isnan(drops.drop) & ~np.isnan(drops.strength)
        n = np.bincount(bins[on], minlength=BINS.size - 1)
        lost = np.bincount(bins[on], drops.drop[on], BINS.size - 1)
        found[f"dose_n_{name}"] = n
        found[f"dose_drop_{name}"] = np.where(n > 0, lost / np.maximum(n, 1), np.nan)
    return found
