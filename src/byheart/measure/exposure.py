"""Does the model prefer the planted secret to the secrets that were drawn with it and never planted?

Source: Carlini et al. 2019, arXiv 1802.08232, definition 2 (exposure = log2 |R| - log2 rank).
Departs from it: the rank is among the controls that were really drawn, m + 1 candidates with the canary itself, so that
2^-exposure is an exact p-value and exposure is never negative; no curve is fitted beyond the data.
"""

from __future__ import annotations

import numpy as np

from byheart.core.card import method
from byheart.core.corpus import Corpus
from byheart.core.errors import DataError
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.signals.text.paired import scored_mask


@method(
    paper="1802.08232",
    family="text",
    needs=("token_logprobs", "canaries"),
    unit="bits",
    claim="exposure",
    threat="regurgitation of training data",
    cost="one pass over the controls",
    limits="cannot exceed log2(controls + 1) bits; canary and controls must be drawn alike",
)
def exposure(signals: Signals, canaries: Corpus) -> Scores:
    """Bits by which a canary's secret outranks the controls of its pool, by the log-probability of its secret tokens.

    Args:
        signals: `token_logprobs`; reads `logprob` (nats) and `secret`.
        canaries: the same records, with the canary columns `pool` and `repetitions`.

    Returns:
        Scores (n,): 0 when every control is preferred, log2(m + 1) when none is; NaN for other records and for canaries
        without a control. A control is ranked among the other controls of its pool, so its 2^-exposure is uniform.
        Ties count against the canary. Extra columns: `rank`, `n_controls`, `p`, `pool`, `repetitions`,
        `secret_logprob` (nats).

    Raises:
        DataError: if the canaries are other records or lack their columns.
    """
    missing = [c for c in ("pool", "repetitions") if c not in canaries.columns]
    if missing:
        raise DataError(f"the corpus has no column {missing[0]!r}; canaries come with one, see `byheart canaries make`")
    if len(canaries) != len(signals) or (canaries.ids != signals.ids).any():
        raise DataError("canaries and signals hold other records; make the signals from this corpus")
    logprob = _secret_logprobs(signals)
    pools = np.array([str(p) for p in canaries.columns["pool"]], dtype=object)
    rank, n_controls = _ranks(logprob, signals.roles, pools)
    with np.errstate(invalid="ignore"):
        p = rank / (n_controls + 1)
        values = np.abs(-np.log2(p))
    extra = {
        "rank": rank,
        "n_controls": n_controls,
        "p": p,
        "pool": pools,
        "secret_logprob": logprob,
        "repetitions": canaries.columns["repetitions"].astype(np.float64),
    }
    return signals.wrap(values, method=exposure, extra=extra)


def _secret_logprobs(signals: Signals) -> np.ndarray:
    """Summed log-probability of the secret's tokens, float64 (n,); NaN where no secret token is scored."""
    logprob = signals.ragged("logprob")
    kept = logprob.keep(signals.ragged("secret").values.astype(bool) & scored_mask(signals))
    return np.where(kept.lengths > 0, np.bincount(kept.row, weights=kept.values, minlength=len(kept)), np.nan)


def _ranks(logprob: np.ndarray, roles: np.ndarray, pools: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rank of each canary and control among the (other) controls of its pool, 1 is best, and how many those are."""
    rank, n_controls = np.full(logprob.size, np.nan), np.full(logprob.size, np.nan)
    usable = ~np.isnan(logprob)
    for pool in sorted(set(pools[np.isin(roles, ("canary", "canary_control"))])):
        mine = usable & (pools == pool)
        controls = np.sort(logprob[mine & (roles == "canary_control")])
        for role, itself in (("canary", 0), ("canary_control", 1)):
            rows = mine & (roles == role)
            at_least = controls.size - np.searchsorted(controls, logprob[rows], side="left") - itself
            m = controls.size - itself
            if m > 0:
                rank[rows], n_controls[rows] = 1 + at_least, m
    return rank, n_controls
