"""Are the labels 'member' and 'control' worth anything to the scores?

By dealing the labels anew to whole groups, however many they are: where one side is small, or few records carry all the
weight, no normal law holds for what chance does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from byheart.core.verdict import Estimate
from byheart.stats.permutation import Statistic, permutation_test
from byheart.stats.sides import Sides


@dataclass(frozen=True)
class LabelTest:
    """The result of the test.

    Args:
        p: one-sided, that members score this much higher by chance.
        opposite: one-sided, that they score this much lower by chance.
        control: the same statistic where there is nothing to find: its mean and its range.
    """

    p: float
    opposite: float
    control: Estimate


def label_test(
    sides: Sides, *, seed: int, statistic: Statistic = "auc", n_resamples: int = 2000, level: float = 0.95
) -> LabelTest:
    """Test that members score higher than controls.

    Args:
        sides: the scores.
        seed: for the dealings.
        statistic: the AUC, or the difference of means in standard deviations of the controls.
        n_resamples: how many dealings.
        level: of the range in `control`.

    Raises:
        TooFewRecords: if either side is empty.
    """
    scale = 1.0 if statistic == "auc" else float(sides.controls.std(ddof=1)) or 1.0
    unit = "AUC" if statistic == "auc" else "standard deviations"
    unit = f"{unit} with the labels dealt at random, over {sides.counted()}"
    tails = [(1 - level) / 2, (1 + level) / 2]
    test = permutation_test(sides, seed=seed, statistic=statistic, n_resamples=n_resamples)
    low, high = np.quantile(test.null, tails) / scale
    how = f"what the same scores give when the labels mean nothing; {test.how()} of whole groups"
    control = Estimate(float(test.null.mean()) / scale, float(low), float(high), sides.n_groups, unit, how, level)
    return LabelTest(test.p, test.opposite, control)
