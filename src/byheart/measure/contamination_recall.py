"""Is the model right on a benchmark's items and wrong on twins that ask the same of other things?

Source: ours. Near it: Mirzadeh et al. 2024, arXiv 2410.05229 (answers to items with numbers and names redrawn). Departs
from it: the name 'item' is dealt anew among the versions of each, and a reference model is taken off.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.core.card import method
from byheart.core.scores import Scores
from byheart.stats.version_test import over_others


@method(
    paper="ours",
    family="text",
    needs=("contamination",),
    unit="share of answers",
    claim="recall",
    cost="none beside the pass",
    limits="twins made by redrawing numbers have no known answer; give twins with answers",
)
def contamination_recall(contamination: Scores) -> Scores:
    """Whether a version is answered right, minus the share of right answers on the other versions of the same item.

    Args:
        contamination: scores of `measure/contamination`; reads the columns `family` and `right`.

    Returns:
        Scores (n,): 0 when a version is answered as often as the others, 1 when it alone is answered right; NaN where
        the answer is not known to be right, and without another version. Extra columns as they were.
    """
    right = np.asarray(contamination.extra["right"], dtype=np.float64)
    code = np.unique(contamination.extra["family"].astype(str), return_inverse=True)[1]
    card = contamination_recall.card  # type: ignore[attr-defined]
    return replace(contamination, values=over_others(right, code), card=card)
