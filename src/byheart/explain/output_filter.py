"""Does something cut recitations off at a certain length?

A filter on the output leaves a mark that no model does: recitations stop in the middle of the article's sentence, again
and again after the same number of words. For each length the share of recitations that stop there, of those that came
so far, is set against the share at all other lengths.

Source: Freeman et al. 2024, arXiv 2412.06370, describes output filters of two providers; the test is ours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import binom

from byheart.compare.text.shared_text import RUN
from byheart.core.card import method
from byheart.core.corpus import Corpus
from byheart.core.findings import Findings
from byheart.core.signals import Signals
from byheart.core.verdict import Estimate
from byheart.signals.chat.reply_cells import reply_cells
from byheart.stats.intervals import clopper_pearson

LEAST = 4  # words: shorter ends of an answer stand in an article by chance


@method(
    paper="2412.06370",
    family="chat",
    needs=("replies", "corpus"),
    unit="words",
    cost="none beside the answers",
    limits="a filter that replaces whole answers looks like a refusal; few recitations show no filter",
)
def output_filter(
    replies: Signals, corpus: Corpus, *, public: Sequence[str] = (), shared_run: int = RUN, near: int = 1
) -> Findings:
    """At which length recitations are cut off.

    Args:
        replies: as `signals/chat/replies` leaves them.
        corpus: the articles.
        public: texts that are nobody's.
        shared_run: words in a row that another article must share for them not to count.
        near: lengths within so many words count as one.

    Returns:
        Findings of kind factor: an address `words:50` for each length at which a recitation stops, its weight
        -log10 of its p (0 when it is no more than elsewhere), column `stops`. Estimates: `spike`, the most certain
        length, its `how` with p corrected for the lengths tried; `cut_off`, the share of recitations that stop in full
        flow.
    """
    cells = reply_cells(replies, corpus, tuple(public), shared_run)
    units = cells.loc[cells["words"] >= LEAST, ["row", "words", "stopped"]].drop_duplicates()  # not once a question
    reach = units[["words", "stopped"]].to_numpy(dtype=np.int64)
    stops = reach[(reach[:, 1] >= LEAST) & (reach[:, 1] >= reach[:, 0] - near), 1]
    lengths, tails = np.unique(stops), np.zeros(0)
    if lengths.size:
        tails = np.array([_tail(int(n), stops, reach[:, 0], near) for n in lengths])
    counts = np.array([int((stops == n).sum()) for n in lengths], dtype=np.int64)
    card = output_filter.card  # type: ignore[attr-defined]
    return Findings(
        "factor", np.array([f"words:{n}" for n in lengths], dtype=object), -np.log10(np.maximum(tails, 1e-300)), card,
        params={"near": near, "shared_run": shared_run}, columns={"stops": counts},
        estimates={"spike": _spike(lengths, tails, stops, near), "cut_off": _cut_off(stops.size, reach.shape[0])},
    )  # fmt: skip


def _tail(length: int, stops: np.ndarray, reached: np.ndarray, near: int) -> float:
    """Chance that so many of the recitations which come to this length stop there, at the rate of all others."""
    here = abs(stops - length) <= near
    at_risk = int((reached >= length - near).sum())
    elsewhere = float(np.maximum(reached - 2 * near, 1).sum())  # words at which they could have stopped
    rate = ((~here).sum() + 1) / (elsewhere + 2)
    return float(binom.sf(int(here.sum()) - 1, max(at_risk, 1), min(1.0, (2 * near + 1) * rate)))


def _spike(lengths: np.ndarray, tails: np.ndarray, stops: np.ndarray, near: int) -> Estimate:
    if not lengths.size:
        return Estimate(None, None, None, 0, "words", "no recitation was cut off in full flow")
    best = int(tails.argmin())
    around = stops[abs(stops - lengths[best]) <= near]
    values, counts = np.unique(around, return_counts=True)
    p = min(1.0, float(tails[best]) * lengths.size)
    how = f"{around.size} of {stops.size} recitations cut off in full flow stop there (p = {p:.2g})"
    return Estimate(float(values[counts.argmax()]), None, None, int(stops.size), "words", how)


def _cut_off(k: int, n: int) -> Estimate:
    unit = "share of recitations"
    if not n:
        return Estimate(None, None, None, 0, unit, f"no answer recites {LEAST} words")
    low, high = clopper_pearson(k, n)
    return Estimate(k / n, low, high, n, unit, f"{k} of {n} answers that recite {LEAST} words or more; Clopper-Pearson")


def filter_found(found: Findings, *, level: float = 0.01) -> int | None:
    """The length in words at which a filter cuts recitations off; None where there is no evidence of one."""
    spike = found.estimates["spike"]
    if spike.value is None or not len(found.weight):
        return None
    p = 10.0 ** -float(found.weight.max()) * len(found.weight)
    return int(spike.value) if p < level and int(np.max(found.columns["stops"])) >= 3 else None
