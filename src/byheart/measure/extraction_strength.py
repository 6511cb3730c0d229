"""How much of a record can be left out of the prompt and still come back word for word?

Source: Carlini et al. 2021, arXiv 2012.07805, as open-unlearning (arXiv 2506.12618) scores it: 1 - k* / |y|.
Departs from it: 0, not 1 / |y|, when the last token misses, since then no prefix brings the rest back.
"""

from __future__ import annotations

import numpy as np

from byheart.compare.text.runs import greedy_hits, trailing_runs
from byheart.core.card import method
from byheart.core.scores import Scores
from byheart.core.signals import Signals


@method(
    paper="2012.07805",
    family="text",
    needs=("token_logprobs",),
    unit="share of the record",
    threat="regurgitation of training data",
    cost="none beside the pass",
    limits="one wrong token near the end hides a long recited stretch; short records reach high shares by chance",
)
def extraction_strength(signals: Signals) -> Scores:
    """Share of the record that greedy decoding recites from the shortest sufficient prefix.

    Args:
        signals: `token_logprobs`; reads `gap`, nats.

    Returns:
        Scores (n,): 0 when the last token misses, 1 when every scored token hits; NaN without a scored token.
    """
    hits = greedy_hits(signals)
    values = np.where(hits.lengths > 0, trailing_runs(hits) / np.maximum(hits.lengths, 1), np.nan)
    return signals.wrap(values, method=extraction_strength)
