"""Does this model know a text better than another model that never trained on it?

Source: Carlini et al. 2021, arXiv 2012.07805 (second model); Mireshghallah et al. 2022, arXiv 2203.03929 (the base of
a fine-tuned model as reference).
Departs from it: where tokenizers differ, log-probabilities are compared per byte of text, as tokens are not the same.
"""

from __future__ import annotations

import numpy as np

from byheart.core.card import method
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.signals.text.paired import paired_means, same_records, same_tokens, total_logprobs


@method(
    paper="2012.07805",
    family="text",
    needs=("token_logprobs", "reference_logprobs"),
    unit="nats per token (per byte where tokenizers differ)",
    claim="membership",
    threat="membership inference",
    precedence=1,
    cost="one pass of the reference model",
    limits="the reference must not have seen the records; choosing the best of many references is tuning on the answer",
)
def reference(signals: Signals, others: Signals) -> Scores:
    """Mean log-probability under the target minus that under the reference.

    Args:
        signals: `token_logprobs` of the target; reads `logprob` (nats), `token_ids` and `n_bytes`.
        others: `reference_logprobs` of the same records.

    Returns:
        Scores (n,): 0 for the same model twice, positive where the target knows more; NaN without a common token.
        `params["per"]` says `token` or `byte`.

    Raises:
        UsageError: if the records differ.
    """
    same_records(signals, others)
    if same_tokens(signals, others):
        own, other = paired_means(signals, others)
        return signals.wrap(own - other, method=reference, params={"per": "token"})
    size = np.maximum(np.asarray(signals.dense("n_bytes"), dtype=np.float64), 1)
    values = (total_logprobs(signals) - total_logprobs(others)) / size
    return signals.wrap(values, method=reference, params={"per": "byte"})
