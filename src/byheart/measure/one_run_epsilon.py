"""Can one tell from the model which canaries a fair coin put into its training data?

Source: Steinke, Nasr & Jagielski 2023, arXiv 2305.08846 (privacy auditing with one training run).
Departs from it: the scores are log-probabilities of the secrets, and what a reference model makes of the same secrets
is taken off before they are compared, as pools of secrets differ in how likely any model finds them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.core.card import method
from byheart.core.corpus import Corpus
from byheart.core.scores import Scores


@method(
    paper="2305.08846",
    family="text",
    needs=("exposure", "coins"),
    unit="nats",
    claim="privacy",
    cost="none beside the pass",
    limits="a lower bound for these canaries in this run: hundreds are needed, and a real leak may be far larger",
)
def one_run_epsilon(exposure: Scores, coins: Corpus) -> Scores:
    """Log-probability of each secret, by which to guess whether the coin put it in.

    Args:
        exposure: scores of `measure/exposure`; reads the column `secret_logprob`.
        coins: the same canaries, each put in or left out by a fair coin of its own (`byheart canaries make --design
            coin`).

    Returns:
        Scores (n,) of roles canary and canary_control, nats: 0 for a secret of which the model is certain, lower for
        one it knows less. NaN where the secret was not scored, or no coin was tossed for it.
    """
    logprob = np.asarray(exposure.extra["secret_logprob"], dtype=np.float64)
    values = np.where(np.isin(exposure.ids, coins.ids), logprob, np.nan)
    card = one_run_epsilon.card  # type: ignore[attr-defined]
    return replace(exposure, values=values, card=card, params={}, extra={})
