"""Could chance alone, dealing the labels anew, have done as much?

Under the null hypothesis it does not matter which groups were called members, so every other dealing was as likely as
the one seen. Groups are dealt whole; in a group that reaches over both sides the labels are dealt within it.

Source: Phipson & Smyth 2010, arXiv 1603.05766 (p = (1 + hits) / (1 + draws), never 0); Fisher 1935, The Design of
Experiments, section 21 (sign flips).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from scipy.stats import rankdata

from byheart.core.errors import TooFewRecords
from byheart.core.randomness import generator
from byheart.stats.dealing import drawn_sums, drawn_within
from byheart.stats.sides import Sides, number_groups

Statistic = Literal["auc", "mean"]


@dataclass(frozen=True, eq=False)
class Permuted:
    """What was seen beside what chance does.

    Args:
        p: one-sided, how often chance does at least as much; never 0.
        opposite: the same in the other direction.
        observed: the statistic with the true labels.
        null: the statistic under other dealings, (draws,).
        exact: whether `null` holds every possible dealing.
        normal: whether the part of each dealing that falls on many like groups follows the normal law.
    """

    p: float
    opposite: float
    observed: float
    null: np.ndarray
    exact: bool
    normal: bool = False

    def how(self) -> str:
        """In words, for a caveat or an estimate."""
        if self.exact:
            return f"all {self.null.size} dealings"
        part = " (the sum over the many groups that are alike by the normal law)" if self.normal else ""
        return f"{self.null.size} random dealings{part}"


def permutation_test(sides: Sides, *, seed: int, statistic: Statistic = "auc", n_resamples: int = 2000) -> Permuted:
    """Test that members and controls are alike, with whole groups as units.

    Args:
        sides: the scores.
        seed: for the dealings.
        statistic: the AUC, or the difference of means (members minus controls).
        n_resamples: how many dealings to draw; all of them are taken where there are no more than this.

    Raises:
        TooFewRecords: if either side is empty.
    """
    m, n = sides.members.size, sides.controls.size
    if not m or not n:
        raise TooFewRecords(f"a permutation test needs both sides; got {m} and {n}")
    pooled = np.concatenate([sides.members, sides.controls])
    values = rankdata(pooled) if statistic == "auc" else pooled
    total, records = float(values.sum()), m + n

    def measure(sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        if statistic == "auc":
            areas: np.ndarray = (sums - sizes * (sizes + 1) / 2) / (sizes * (records - sizes))
            return areas
        gaps: np.ndarray = sums / sizes - (total - sums) / (records - sizes)
        return gaps

    observed = float(measure(np.array([values[:m].sum()]), np.array([m]))[0])
    sums, sizes, exact, normal = _dealings(sides, values, seed, n_resamples)
    return replace(permuted(observed, measure(sums, sizes), exact), normal=normal)


def sign_flip_test(
    differences: Sequence[float] | np.ndarray,
    groups: Sequence[Any] | np.ndarray | None = None,
    *,
    seed: int,
    n_resamples: int = 2000,
) -> Permuted:
    """Test that paired differences (n,) are as often up as down, with whole groups flipped together.

    Raises:
        TooFewRecords: if there is no difference.
    """
    values = np.asarray(differences, np.float64)
    if not values.size:
        raise TooFewRecords("a sign-flip test needs at least one difference; got none")
    codes, n_groups = number_groups(np.arange(values.size) if groups is None else groups)
    sums = np.bincount(codes, values, n_groups)
    exact = n_groups < 63 and 2**n_groups <= n_resamples
    if exact:
        signs = 1 - 2 * ((np.arange(2**n_groups)[:, None] >> np.arange(n_groups)) & 1)
        return permuted(float(values.mean()), signs @ sums / values.size, exact=True)
    rng = generator(seed, "sign_flip")
    null = [(sums @ (1 - 2 * rng.integers(2, size=n_groups, dtype=np.int8))) / values.size for _ in range(n_resamples)]
    return permuted(float(values.mean()), np.array(null), exact=False)


def permuted(observed: float, null: np.ndarray, exact: bool) -> Permuted:
    """Where the observed value stands among those that chance gave, (dealings,)."""
    slack = 1e-9 * max(1.0, abs(observed))  # sums in another order may differ in the last digit
    up, down = int((null >= observed - slack).sum()), int((null <= observed + slack).sum())
    first = 0 if exact else 1  # among all dealings the true one is counted already
    return Permuted((first + up) / (first + null.size), (first + down) / (first + null.size), observed, null, exact)


def _dealings(
    sides: Sides, values: np.ndarray, seed: int, n_resamples: int
) -> tuple[np.ndarray, np.ndarray, bool, bool]:
    """Sum and number of the values dealt to the members' side, (draws,) each; whether all; whether partly normal."""
    codes = np.concatenate([sides.member_groups, sides.control_groups])
    both = (sides.member_sizes > 0) & (sides.control_sizes > 0)
    whole = np.flatnonzero(~both)
    group_sums = np.bincount(codes, values, sides.n_groups)[whole]
    group_sizes = (sides.member_sizes + sides.control_sizes)[whole]
    k = int(np.count_nonzero(sides.member_sizes[whole]))
    if not both.any() and whole.size < 64 and math.comb(whole.size, k) <= n_resamples:
        picks = np.array(list(itertools.combinations(range(whole.size), k)), np.int64)
        return group_sums[picks].sum(axis=1), group_sizes[picks].sum(axis=1), True, False
    rng = generator(seed, "permutation")
    sums, sizes, normal = drawn_sums(group_sums, group_sizes, k, rng, n_resamples)
    if both.any():
        rows = both[codes]
        is_member = np.arange(codes.size) < sides.members.size
        within, part = drawn_within(values[rows], is_member[rows], codes[rows], rng, n_resamples)
        sums, sizes, normal = sums + within, sizes + int(sides.member_sizes[both].sum()), normal or part
    return sums, sizes, False, normal
