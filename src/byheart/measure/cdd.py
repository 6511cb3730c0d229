"""Does the model say nearly the same thing each time it is asked, as it would with an answer learned by heart?

Source: Dong et al. 2024, arXiv 2402.15938 (CDD), equations 5 to 7. Defaults: alpha = 0.05, outputs cut at 100 tokens.
"""

from __future__ import annotations

import numpy as np

from byheart.compare.text.alignment import edit_distance
from byheart.core.card import method
from byheart.core.errors import DataError
from byheart.core.scores import Scores
from byheart.core.signals import Signals


@method(
    paper="2402.15938",
    family="text",
    needs=("samples",),
    unit="share of samples",
    claim="membership",
    threat="regurgitation of training data",
    cost="51 generations for each record at the paper's setting",
    limits="an easy question has a peaked answer too; the paper's threshold of 0.01 is not calibrated on your model",
)
def cdd(signals: Signals, *, alpha: float = 0.05, max_tokens: int = 100) -> Scores:
    """Share of samples within alpha times the longest output's length, in edits, of the greedy output.

    Args:
        signals: `samples`; reads `greedy` and `sample_000`, `sample_001`, ..., token ids.
        alpha: edits allowed, as a share of the longest output.
        max_tokens: outputs are cut here.

    Returns:
        Scores (n,): 0 when every sample differs, 1 when all are alike; NaN where every output is empty.

    Raises:
        DataError: if there is no sample.
    """
    names = sorted(name for name in signals.arrays if name.startswith("sample_"))
    if not names:
        raise DataError("the signals hold no sample_000; ask for at least one sample")
    columns = [signals.ragged(name) for name in names]
    values = [
        _peak(greedy[:max_tokens], [column[i][:max_tokens] for column in columns], alpha)
        for i, greedy in enumerate(signals.ragged("greedy"))
    ]
    params = {"alpha": alpha, "max_tokens": max_tokens, "n_samples": len(names)}
    return signals.wrap(np.array(values, dtype=np.float64), method=cdd, params=params)


def _peak(greedy: np.ndarray, samples: list[np.ndarray], alpha: float) -> float:
    longest = max(greedy.size, *(s.size for s in samples))
    if longest == 0:
        return float("nan")
    return float(np.mean([edit_distance(greedy, s) <= alpha * longest for s in samples]))
