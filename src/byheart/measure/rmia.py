"""Did this model gain more on a record, compared with other models, than it gained on records it never saw?

Source: Zarifzadeh et al. 2024, arXiv 2312.03262 (RMIA), equations 8 to 10 and the offline approximation of section 3.2.
Departs from it: the probability of a text is that of its average token, exp(mean log-probability), so that long texts
do not decide alone; the population is the control, each control record compared with the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from byheart.core.card import method
from byheart.core.errors import TooFewRecords
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.signals.text.paired import mean_logprobs, same_records
from byheart.signals.text.shadows import Shadows


@method(
    paper="2312.03262",
    family="text",
    needs=("token_logprobs", "shadow_logprobs"),
    unit="share of control records outdone",
    claim="membership",
    threat="membership inference",
    cost="training the shadow models, and one pass of each",
    limits="no finer than 1 / (number of control records)",
)
def rmia(
    signals: Signals,
    shadows: Sequence[Signals],
    *,
    included: np.ndarray,
    gamma: float = 1.0,
    offline: bool = False,
    a: float = 0.3,
) -> Scores:
    """Share of control records z with [p(x) / p_mean(x)] / [p(z) / p_mean(z)] above gamma.

    Args:
        signals: `token_logprobs` of the target; reads `logprob`, nats.
        shadows: `token_logprobs` of each shadow model on the same records.
        included: bool (models, n), true where the shadow model trained on the record.
        gamma: how many times more the record must have gained.
        offline: guess the mean over all models from those that did not train on x: (1 + a) / 2 mean + (1 - a) / 2.
        a: slope of that guess.

    Returns:
        Scores (n,): 0 when it outdoes no control record, 1 when it outdoes all; NaN where a side has no model.

    Raises:
        UsageError: if records differ or `included` has another shape.
        TooFewRecords: with fewer than two usable control records.
    """
    table = Shadows.read(shadows, included, lambda s: np.exp(mean_logprobs(s)))
    same_records(signals, shadows[0])
    out = table.mean(False)
    mean = (1 + a) / 2 * out + (1 - a) / 2 if offline else (out + table.mean(True)) / 2
    with np.errstate(divide="ignore"):
        gain = mean_logprobs(signals) - np.log(mean)
    population = (signals.roles == "nonmember") & ~np.isnan(gain)
    if population.sum() < 2:
        raise TooFewRecords(f"rmia compares with at least 2 control records; got {int(population.sum())}")
    values = _share_below(gain, population, np.log(gamma))
    params = {"gamma": gamma, "offline": offline, "a": a, "n_shadows": len(shadows)}
    return signals.wrap(values, method=rmia, params=params)


def _share_below(gain: np.ndarray, population: np.ndarray, margin: float) -> np.ndarray:
    """Share of the other population records whose gain is below each record's by more than the margin, (n,)."""
    ordered = np.sort(gain[population])
    below = np.searchsorted(ordered, gain - margin, side="left") - (population & (margin < 0))
    return np.where(np.isnan(gain), np.nan, below / (ordered.size - population))
