"""How much better do models predict a record when they trained on it than when they did not?

Source: Zhang et al. 2021, arXiv 2112.12938, equation 1 (counterfactual memorization; per-token accuracy).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from byheart.compare.text.runs import greedy_hits
from byheart.core.card import method
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.signals.text.shadows import Shadows


@method(
    paper="2112.12938",
    family="text",
    needs=("shadow_logprobs",),
    unit="difference of token accuracies",
    threat="membership inference",
    cost="training the shadow models, and one pass of each",
    limits="is about the training recipe, not about one model; the paper used 400 models on random quarters",
)
def counterfactual(shadows: Sequence[Signals], *, included: np.ndarray) -> Scores:
    """Mean accuracy of the models that trained on the record minus that of those that did not.

    Args:
        shadows: `token_logprobs` of each model on the same records; reads `gap`.
        included: bool (models, n), true where the model trained on the record.

    Returns:
        Scores (n,): 0 when training on the record changes nothing, 1 when it decides everything; NaN where a side has
        no model. Extra columns: `standard_error` (NaN with fewer than two models on a side), `n_in`, `n_out`.

    Raises:
        UsageError: if records differ or `included` has another shape.
    """
    table = Shadows.read(shadows, included, _accuracy)
    n_in, n_out = table.count(True), table.count(False)
    spread = table.variance(True) / np.maximum(n_in, 1) + table.variance(False) / np.maximum(n_out, 1)
    extra = {"standard_error": np.sqrt(spread), "n_in": n_in, "n_out": n_out}
    params = {"n_shadows": len(shadows)}
    return shadows[0].wrap(table.mean(True) - table.mean(False), method=counterfactual, params=params, extra=extra)


def _accuracy(signals: Signals) -> np.ndarray:
    """Share of scored tokens that greedy decoding takes, float64 (n,); NaN without any."""
    hits = greedy_hits(signals)
    total = np.bincount(hits.row, weights=hits.values, minlength=len(hits))
    return np.where(hits.lengths > 0, total / np.maximum(hits.lengths, 1), np.nan)
