"""Which of several models knows more of the same articles, and does knowing grow with size?

Models are compared record by record, as articles differ far more than models do.

Source: Fisher 1935, The Design of Experiments, section 21 (sign flips); Holm 1979 (many pairs); Page 1963, JASA
58:216-230 (trend over treatments that the same blocks received).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from scipy.stats import rankdata

from byheart.core.errors import TooFewRecords
from byheart.core.randomness import generator
from byheart.core.verdict import Estimate
from byheart.stats.intervals import bootstrap_mean
from byheart.stats.multiplicity import holm
from byheart.stats.permutation import permuted, sign_flip_test
from byheart.stats.sides import number_groups


@dataclass(frozen=True)
class Pair:
    """Two models on the same records.

    Args:
        first, second: their names.
        difference: mean of the second less that of the first, over records that both answered.
        p: two-sided, by sign flips.
        adjusted: the same after Holm's correction for all pairs.
    """

    first: str
    second: str
    difference: Estimate
    p: float
    adjusted: float


def compare_pairs(
    values: Mapping[str, np.ndarray],
    groups: Sequence[Any] | np.ndarray | None = None,
    *,
    seed: int,
    unit: str = "",
    n_resamples: int = 2000,
) -> list[Pair]:
    """Every pair of models on the same records.

    Args:
        values: scores of the same records in the same order by name of the model, (records,) each; NaN is missing.
        groups: of the records; whole groups are resampled and flipped.
        seed: of the resamples and flips.
        unit: of the scores.
        n_resamples: how many of them.

    Returns:
        Pairs in the order of `values`.

    Raises:
        TooFewRecords: if a pair shares fewer than 2 groups of records.
    """
    pairs = []
    for first, second in combinations(values, 2):
        change = np.asarray(values[second], np.float64) - np.asarray(values[first], np.float64)
        known = ~np.isnan(change)
        owners = None if groups is None else np.asarray(groups, dtype=object)[known]
        tested = two_sided(change[known], owners, seed=seed, n_resamples=n_resamples)
        mean = bootstrap_mean(change[known], owners, seed=seed, unit=unit, n_resamples=n_resamples)
        left_out = f"; {int((~known).sum())} records answered by one model only left out" if not known.all() else ""
        how = f"{second} less {first}, record by record; {mean.how}{left_out}"
        pairs.append(Pair(first, second, replace(mean, how=how), tested, tested))
    return [replace(pair, adjusted=float(p)) for pair, p in zip(pairs, holm([x.p for x in pairs]), strict=True)]


def two_sided(
    differences: np.ndarray, groups: Sequence[Any] | np.ndarray | None = None, *, seed: int, n_resamples: int = 2000
) -> float:
    """How often sign flips take the mean as far, in either direction.

    Raises:
        TooFewRecords: if there is no difference.
    """
    found = sign_flip_test(differences, groups, seed=seed, n_resamples=n_resamples)
    return min(1.0, 2 * min(found.p, found.opposite))


def trend(
    values: np.ndarray,
    groups: Sequence[Any] | np.ndarray | None = None,
    *,
    seed: int,
    n_resamples: int = 2000,
) -> tuple[Estimate, float]:
    """Do the scores of each record rise from the first model to the last?

    Args:
        values: (records, models), models of one family by size; records with a NaN are left out.
        groups: of the records.
        seed: of the resamples and of the dealings.
        n_resamples: how many of them.

    Returns:
        Mean over records of Spearman's correlation with the order of the models, in [-1, 1] (0 for a record on which
        all models are alike), and Page's one-sided p: how often the scores of each group of records, dealt to the
        models anew, rise as much.

    Raises:
        TooFewRecords: if there are fewer than 2 models, or 2 groups of records.
    """
    table = np.asarray(values, np.float64)
    known = ~np.isnan(table).any(axis=1)
    table = table[known]
    if table.ndim != 2 or table.shape[1] < 2:
        raise TooFewRecords(f"a trend needs at least 2 models; got an array of shape {table.shape}")
    owners = np.arange(len(table)) if groups is None else np.asarray(groups, dtype=object)[known]
    codes, n_groups = number_groups(owners)
    ranks = np.apply_along_axis(rankdata, 1, table) if len(table) else table
    ranks = ranks - ranks.mean(axis=1, keepdims=True)
    order = np.arange(table.shape[1]) - (table.shape[1] - 1) / 2
    length = np.sqrt((ranks**2).sum(axis=1, keepdims=True) * (order**2).sum())
    parts = np.divide(ranks, length, out=np.zeros_like(ranks), where=length > 0)
    main = bootstrap_mean(parts @ order, owners, seed=seed, unit="mean Spearman correlation", n_resamples=n_resamples)
    by_group = np.zeros((n_groups, table.shape[1]))
    np.add.at(by_group, codes, parts)
    rng = generator(seed, "trend")
    null = np.array([(rng.permuted(by_group, axis=1) @ order).sum() / len(table) for _ in range(n_resamples)])
    tested = permuted(float((parts @ order).mean()), null, exact=False)
    how = f"{main.how}; Page's trend test, {n_resamples} dealings within records, p = {tested.p:.2g}"
    return replace(main, how=how), tested.p
