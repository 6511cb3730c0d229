"""Could the end of a record be guessed from its own beginning, without any model?

Source: ours; the blind baseline of extraction. At each token, the longest context that has occurred before in the same
record is looked up and what followed it then is guessed; whole runs of right guesses at the end are what a model
recites without having memorized anything.
"""

from __future__ import annotations

import numpy as np

from byheart.compare.text.repeats import guess_by_repeating
from byheart.compare.text.runs import scored_only, suffix_lengths, trailing_runs
from byheart.core.card import method
from byheart.core.scores import Scores
from byheart.core.signals import Signals


@method(
    paper="ours",
    family="text",
    needs=("token_logprobs",),
    unit="tokens",
    guesses=("recitation",),
    flag="explained",
    cost="a few sorts of the token ids; no model",
    limits="knows repetition inside one record only, not boilerplate shared between records",
)
def copy_from_prefix(signals: Signals, *, suffix: int = 50) -> Scores:
    """Length of the suffix that repeating the record's own past recites.

    Args:
        signals: `token_logprobs`; reads `token_ids` and where the loss is, nothing of the model.
        suffix: how many tokens must be recited, as in `extraction`; half of a shorter record.

    Returns:
        Scores (n,): 0 when the last token is new, as `extraction` otherwise; NaN without a scored token.
        Extra columns: `guessed` (share of the suffix guessed right), `explained` (the whole suffix was guessed: its
        extraction says nothing about memorization).
    """
    ids = signals.ragged("token_ids")
    hits = scored_only(signals, ids.like(guess_by_repeating(ids).values == ids.values))
    recited, asked = trailing_runs(hits), suffix_lengths(hits.lengths, suffix)
    last = np.arange(hits.values.size) >= (hits.offsets[1:] - asked)[hits.row]
    right = np.bincount(hits.row[last], weights=hits.values[last], minlength=len(hits))
    some = hits.lengths > 0
    extra = {
        "guessed": np.where(some, right / np.minimum(asked, np.maximum(hits.lengths, 1)), np.nan),
        "explained": (recited >= asked) & (hits.lengths >= 2),
    }
    return signals.wrap(
        np.where(some, recited, np.nan), method=copy_from_prefix, params={"suffix": suffix}, extra=extra
    )
