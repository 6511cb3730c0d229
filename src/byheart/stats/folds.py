"""Which records learn together, so that no document is on both sides?"""

from __future__ import annotations

import numpy as np

from byheart.core.randomness import derive_seed


def grouped_folds(groups: np.ndarray, strata: np.ndarray, n_folds: int, *, seed: int, purpose: str) -> np.ndarray:
    """Deal whole groups into folds, within each stratum in turn, by a hash of (seed, purpose, group).

    The order of the records does not count. A group with records of two strata goes with its smaller stratum name.

    Args:
        groups: the unit that stays whole, (n,).
        strata: what is spread evenly, for instance the role, (n,).
        n_folds: how many folds, at least 1.
        seed: the user's seed.
        purpose: what the folds are for; another purpose deals anew.

    Returns:
        Fold of each record, int64 (n,).
    """
    stratum_of: dict[str, str] = {}
    for group, stratum in zip(map(str, groups), map(str, strata), strict=True):
        stratum_of[group] = min(stratum, stratum_of.get(group, stratum))
    order = sorted(stratum_of, key=lambda g: (stratum_of[g], derive_seed(seed, purpose, g)))
    fold_of = {group: i % n_folds for i, group in enumerate(order)}
    return np.array([fold_of[str(g)] for g in groups], dtype=np.int64)
