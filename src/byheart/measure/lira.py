"""Is the model's loss on a record that of models which trained on it, or of models which did not?

Source: Carlini et al. 2022, arXiv 2112.03570 (LiRA), algorithm 1 and the offline variant of section VI.
Departs from it: the statistic is a text's mean log-probability; the shared variance is that of the residuals after each
record's own mean, one for each side; offline is one-sided, by the survival function, so an unusually *bad* fit is no
sign of membership.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import norm

from byheart.core.card import method
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.signals.text.paired import mean_logprobs, same_records
from byheart.signals.text.shadows import Shadows


@method(
    paper="2112.03570",
    family="text",
    needs=("token_logprobs", "shadow_logprobs"),
    unit="log likelihood ratio (offline: minus log p-value), nats",
    claim="membership",
    threat="membership inference",
    cost="training the shadow models, and one pass of each",
    limits="shadow models must be trained as the target was, each on its own random part of the records",
)
def lira(
    signals: Signals,
    shadows: Sequence[Signals],
    *,
    included: np.ndarray,
    offline: bool = False,
    own_variance: bool = False,
) -> Scores:
    """Log-likelihood of the target's loss under models that trained on the record, minus under those that did not.

    Args:
        signals: `token_logprobs` of the target; reads `logprob`, nats.
        shadows: `token_logprobs` of each shadow model on the same records.
        included: bool (models, n), true where the shadow model trained on the record.
        offline: use only models that did not train on the record.
        own_variance: a variance for each record (the paper's choice with 64 models or more), not one for all.

    Returns:
        Scores (n,): 0 when both sides explain the record equally; higher is more memorized. Offline: minus the log of
        the share of non-training models expected to do as well. NaN where a side has no model.

    Raises:
        UsageError: if records differ or `included` has another shape.
    """
    table = Shadows.read(shadows, included, mean_logprobs)
    same_records(signals, shadows[0])
    observed = mean_logprobs(signals)
    out_mean, out_sd = _normal(table, False, own_variance)
    if offline:
        values = -norm.logsf(observed, out_mean, out_sd)
    else:
        in_mean, in_sd = _normal(table, True, own_variance)
        values = norm.logpdf(observed, in_mean, in_sd) - norm.logpdf(observed, out_mean, out_sd)
    params = {"offline": offline, "own_variance": own_variance, "n_shadows": len(shadows)}
    return signals.wrap(np.asarray(values), method=lira, params=params)


def _normal(table: Shadows, inside: bool, own_variance: bool) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each record on one side, (n,); NaN where they cannot be had."""
    mean = table.mean(inside)
    variance = table.variance(inside) if own_variance else np.full(mean.size, table.residual_variance(inside))
    return mean, np.sqrt(np.where(variance > 0, variance, np.nan))
