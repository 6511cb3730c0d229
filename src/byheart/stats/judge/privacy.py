"""Does this one training run leave a trace of single records, and how strong is it at least?"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace

from scipy.stats import binom, binomtest

from byheart.core.places import aligned
from byheart.core.scores import Scores
from byheart.core.verdict import Estimate, Verdict
from byheart.stats.admit import admit
from byheart.stats.judge.beside import Beside
from byheart.stats.judge.membership import verdict
from byheart.stats.privacy import guess, guesses_p, one_run_epsilon

CLAIM = "The training run reveals which canaries were in the data: its privacy parameter epsilon is above 0."
MIN_CANARIES = 20


def judge_privacy(scores: Scores, *, delta: float = 1e-5, guesses: int | None = None, level: float = 0.05) -> Verdict:
    """Judge the claim that the run is not perfectly private: main is the lower bound on epsilon.

    The roles canary and canary_control must have been drawn by one fair coin per canary; otherwise the bound means
    nothing. No blind baseline is needed, as the coin knows no texts.

    Args:
        scores: with roles canary (put in) and canary_control (left out).
        delta: of the (epsilon, delta) that is bounded.
        guesses: how many canaries to guess, fixed before the scores were seen; None tries four numbers and pays for it.
        level: largest p that counts.
    """
    kept, said = admit(scores, "canary", "canary_control")
    inserted, left_out = kept.where("canary").values, kept.where("canary_control").values
    m = inserted.size + left_out.size
    lack = _unfit(inserted.size, m)
    if lack:
        main = Estimate(None, None, None, m, f"epsilon, at least, from {m} canaries", f"not estimated: {lack}")
        return verdict(scores.card, CLAIM, "inconclusive", None, main, said=[lack, *said])
    options = [min(guesses, m)] if guesses is not None else sorted({max(1, m // d) for d in (1, 2, 4, 8)})
    main = one_run_epsilon(inserted, left_out, delta=delta, guesses=guesses, level=1 - level)
    p = min(1.0, min(guesses_p(m, r, guess(inserted, left_out, r), 0.0, delta) for r in options) * len(options))
    r = options[-1]
    low, high = (float(x) / r for x in binom.interval(0.95, r, 0.5))
    how = f"share of {r} guesses that are right in a run that reveals nothing; exact"
    control = Estimate(0.5, low, high, m, "share of right guesses", how)
    if p < level:
        return verdict(scores.card, CLAIM, "shown", p, main, control, None, said)
    need = bisect_left(range(r + 1), True, key=lambda k: guesses_p(m, r, k, 0.0, delta) < level / len(options))
    power = f"{need} of {r} right guesses would have been enough" if need <= r else "more canaries are needed"
    why = f"The canaries that were in cannot be guessed beyond chance (p = {p:.2g}); {power}."
    return verdict(scores.card, CLAIM, "not shown", p, main, control, None, [why, *said])


def judge_claim(scores: Scores, beside: Beside) -> Verdict:
    """The same of what the model knows beyond the reference, which brings all canaries to one scale."""
    known = beside.reference.get(scores.card.name)
    if known is not None:
        scores = replace(scores, values=scores.values - aligned(known.values, known.ids, scores.ids))
    return judge_privacy(scores, level=beside.level)


def _unfit(n_in: int, m: int) -> str:
    if m < MIN_CANARIES:
        return f"{m} canaries are too few to bound epsilon; at least {MIN_CANARIES} are needed, hundreds are useful."
    if binomtest(n_in, m, 0.5).pvalue < 1e-3:
        return (
            f"{n_in} of {m} canaries were put in, which a fair coin would hardly do; the bound needs a fair coin each."
        )
    return ""
