"""Does the model recite more than a reference that never saw the records, record by record?

Source: Fisher 1935, The Design of Experiments, section 21 (sign flips); Student 1908; Wilcoxon 1945.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import ttest_1samp, wilcoxon

from byheart.core.scores import Scores
from byheart.stats.permutation import Permuted, permuted, sign_flip_test
from byheart.stats.sides import number_groups

EXACT = 20
"""Up to so many groups every dealing is tried."""


@dataclass(frozen=True)
class Paired:
    """Differences to a reference, tested.

    Args:
        differences: score under the model minus score under the reference, (n,).
        groups: of each, (n,).
        flips: the sign-flip test.
        t: p of the one-sided t-test over group means; None where they do not vary.
        wilcoxon: p of the one-sided signed-rank test over group means; None where all are zero.
    """

    differences: np.ndarray
    groups: np.ndarray
    flips: Permuted
    t: float | None
    wilcoxon: float | None

    def told(self) -> str:
        """All three p-values in a sentence."""
        others = [f"{name} {p:.2g}" for name, p in (("t-test", self.t), ("Wilcoxon", self.wilcoxon)) if p is not None]
        return f"p = {self.flips.p:.2g} ({self.flips.how()} of the signs{'; ' if others else ''}{', '.join(others)})"


def against(scores: Scores, reference: Scores, *, seed: int, n_resamples: int) -> Paired | None:
    """Hold scores against those of the same records under a reference; None where they share no record."""
    theirs = reference.at(scores.ids, skip_unknown=True)
    ours = scores.at(theirs.ids)
    kept = ~np.isnan(ours.values - theirs.values)
    differences, groups = (ours.values - theirs.values)[kept], ours.groups[kept]
    if not differences.size:
        return None
    codes, n_groups = number_groups(groups)
    means = np.bincount(codes, differences, n_groups) / np.bincount(codes, minlength=n_groups)
    flips = sign_flips(differences, groups, seed=seed, n_resamples=n_resamples)
    t = float(ttest_1samp(means, 0.0, alternative="greater").pvalue) if n_groups > 1 and np.ptp(means) > 0 else None
    return Paired(differences, groups, flips, t, _signed_ranks(means))


def _signed_ranks(values: np.ndarray) -> float | None:
    """One-sided p of Wilcoxon's test: exact for few values without ties, else by the normal law."""
    if not np.any(values != 0):
        return None
    sizes = np.abs(values)
    exact = values.size <= EXACT and bool(np.all(sizes > 0)) and np.unique(sizes).size == sizes.size
    if exact:
        return float(wilcoxon(values, alternative="greater", method="exact").pvalue)
    return float(wilcoxon(values, alternative="greater", method="approx").pvalue)


def sign_flips(differences: np.ndarray, groups: np.ndarray | None = None, *, seed: int, n_resamples: int) -> Permuted:
    """The sign-flip test of paired differences (n,), exact up to `EXACT` groups.

    >>> sign_flips(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), seed=0, n_resamples=10).p  # 1 of 32
    0.03125
    """
    values = np.asarray(differences, np.float64)
    codes, n_groups = number_groups(np.arange(values.size) if groups is None else groups)
    if n_groups > EXACT:
        return sign_flip_test(values, codes, seed=seed, n_resamples=n_resamples)
    null = np.zeros(1)
    for total in np.bincount(codes, values, n_groups).tolist():
        null = np.concatenate([null + total, null - total])
    return permuted(float(values.mean()), null / values.size, exact=True)
