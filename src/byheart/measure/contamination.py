"""Does the model know the very words of a benchmark item better than those of twins that might have stood in its place?

Source: ours. Near it: Mirzadeh et al. 2024, arXiv 2410.05229 (items with numbers and names redrawn); Ni et al. 2024,
arXiv 2409.01790 (options in another order); Oren et al. 2023, arXiv 2310.17623 (what is exchangeable makes a test).
Departs from them: likelihoods are compared, not accuracies, so that a benchmark too hard or too easy can be judged; and
only the question is scored, as a model with the skill prefers right answers without having seen any.
"""

from __future__ import annotations

import numpy as np

from byheart.core.card import method
from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.core.ragged import Ragged
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.data.benchmark.twins import versions
from byheart.stats.version_test import over_others


@method(
    paper="ours",
    family="text",
    needs=("token_logprobs", "twins"),
    unit="nats per character",
    claim="contamination",
    cost="a pass over the twins beside that over the items",
    limits="twins made by rule may be less natural than items, which any good reader sees: subtract a reference model",
)
def contamination(signals: Signals, twins: Corpus) -> Scores:
    """Log-likelihood of a record's question per character, minus the mean over the other versions of the same item.

    The versions of an item are itself and its twins. For an item the value is its log-likelihood minus the mean of its
    twins'; for a twin it is what the value would be if that twin were the item, which is all that a test needs.

    Args:
        signals: `token_logprobs`; reads `logprob` (nats), `gap` (nats) and `scored`.
        twins: the same records, with the columns `twin_of` and `answered` (see `data/benchmark/twins`).

    Returns:
        Scores (n,): 0 when a version is as likely as the others, higher is better known; NaN without another version.
        Extra columns: `family` (id of the item), `twin` (0 for the item, then 1, 2, ...), `loglik` (nats per
        character), `right` (1 if greedy decoding gives the record's answer, 0 if not, NaN where there is no answer or
        it is not known to be right).

    Raises:
        UsageError: if the records differ or the columns are not there.
    """
    if signals.ids.tolist() != twins.ids.tolist():
        raise UsageError("the signals and the twins are of different records; make both from one corpus")
    lacking = [name for name in ("twin_of", "answered") if name not in twins.columns]
    if lacking:
        raise UsageError(f"the records have no column {lacking[0]!r}; make them with data/benchmark/twins")
    family, twin = versions(twins)
    loglik, right = _question_logliks(signals, twins), _right(signals, twins)
    extra = {"family": family, "twin": twin, "loglik": loglik, "right": right}
    code = np.unique(family.astype(str), return_inverse=True)[1]
    return signals.wrap(over_others(loglik, code), method=contamination, extra=extra)


def _question_logliks(signals: Signals, twins: Corpus) -> np.ndarray:
    """Nats per character of the question: of the whole text, or of the prompt before an answer."""
    logprob = signals.ragged("logprob")
    texts = np.array([isinstance(item, str) for item in twins.items], dtype=bool)
    asked = (_scored(signals) == texts[logprob.row]) & ~np.isnan(logprob.values)
    total = np.bincount(logprob.row[asked], logprob.values[asked].astype(np.float64), len(signals))
    length = np.array([len(x) if isinstance(x, str) else len(x["prompt"]) for x in twins.items], np.float64)
    counted = np.bincount(logprob.row[asked], minlength=len(signals)) > 0
    return np.where(counted, total / np.maximum(length, 1), np.nan)


def _right(signals: Signals, twins: Corpus) -> np.ndarray:
    """1 where each token of the answer is the likeliest after those before it, float64 (n,)."""
    gap = signals.ragged("gap")
    scored = _scored(signals)
    hit = np.bincount(gap.row[scored], gap.values[scored] > 0, len(signals))
    n = np.bincount(gap.row[scored], minlength=len(signals))
    known = np.array([not isinstance(item, str) for item in twins.items], bool) & (n > 0)
    known &= np.asarray(twins.columns["answered"], dtype=bool)
    return np.where(known, (hit == n).astype(np.float64), np.nan)


def _scored(signals: Signals) -> np.ndarray:
    scored = signals.ragged("scored")
    assert isinstance(scored, Ragged)
    flags: np.ndarray = scored.values.astype(bool)
    return flags
