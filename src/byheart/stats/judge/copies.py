"""Do generated rows copy training rows, beyond what chance and coarse columns explain?

Two comparisons offer themselves, and they fail in different places. (1) Are generated rows near single training rows
more often than held-out rows are? It needs generated and held-out rows to be distributed alike: a generator that only
crowds into common values is called a copier. (2) Do copies fall on training rows more often than on held-out rows,
given the generated table? Under "nothing was taken from the single training rows" the labels of real rows mean nothing
to it, whatever the generator's distribution, so the test is exact; and copying of training rows always shifts it. So p
is that of (2) alone: asking for both (the larger p) would lose a copier whose other rows are unlike real ones, and gain
nothing. The size of the effect, main, is the excess of (1), which is the share copied when the other rows are like real
ones; the excess of (2), which needs no such thing, stands in the caveats beside it.

Source: Fang et al. 2024, arXiv 2412.11044 (ratio below 1/3; the null and its excess are ours); Garwood 1936, Biometrika
28:437-442 (interval of a Poisson mean).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import chi2, norm
from scipy.stats import t as student

from byheart.core.scores import Scores
from byheart.core.verdict import Decision, Estimate, Verdict
from byheart.stats.admit import admit
from byheart.stats.excess import excess
from byheart.stats.gate import Gate, gate
from byheart.stats.intervals import proportion
from byheart.stats.judge.beside import Beside
from byheart.stats.judge.membership import verdict
from byheart.stats.judge.share import lacking
from byheart.stats.label_test import LabelTest, label_test
from byheart.stats.means import mean_gap
from byheart.stats.proportions import more_hits_p
from byheart.stats.shares import events_worth
from byheart.stats.sides import Sides

CLAIM = "Synthetic rows copy training rows."
UNIT = "share of synthetic rows, beyond the null"


def judge_copies(
    nearest: Scores,
    copied: Scores,
    *,
    blind: Scores | None = None,
    level: float = 0.05,
    seed: int,
    n_resamples: int = 2000,
) -> Verdict:
    """Judge the claim that synthetic rows copy training rows.

    Main is the excess (ratio - null) / (1 - null); control is the null, the share of held-out rows that look copied;
    baseline is the share of synthetic rows that would copy a training row by coincidence, from those that copy a
    control row.

    Args:
        nearest: of `measure/nearest_row`, with roles synthetic and nonmember and the column `copied`.
        copied: of `measure/copied_record`, with roles member and nonmember.
        blind: scores of the real rows by a baseline that never saw the synthetic table; without it nothing is shown.
        level: largest p that counts.
        seed: for the dealings of labels.
        n_resamples: how many dealings.
    """
    hit = _hits(nearest)
    ratio, null = (
        _ratio(hit.members, hit.member_groups, "synthetic"),
        _ratio(hit.controls, hit.control_groups, "held-out"),
    )
    kept, said = admit(copied, "member", "nonmember", finite=True)
    sides = Sides.from_scores(kept)
    lack = _lacking(sides, ratio, null)
    if lack or ratio is None or null is None:
        main = Estimate(None, None, None, hit.members.size, UNIT, "not estimated: there is no null to be beyond")
        return verdict(nearest.card, CLAIM, "inconclusive", None, main, null, None, [lack, *said])
    main, n_made = excess(ratio, null, unit=UNIT), hit.members.size
    test = label_test(sides, seed=seed, statistic="mean", n_resamples=n_resamples)
    found, base, beyond = gate(kept, blind), _coincidence(sides, n_made), _beyond_coincidence(sides, n_made)
    if found.separates:
        refused = [found.refusal(), *said]
        return verdict(nearest.card, CLAIM, "inconclusive", None, main, null, base, refused)
    crowded, _ = more_hits_p(hit, seed=seed, n_resamples=n_resamples)
    decision, why = _decide(test, found, level, beyond, crowded)
    if decision == "not shown":
        why += " " + _would_see(test, sides, n_made, level)
    if main.low is not None and main.low <= 0 and decision == "shown":
        why += f" Beside it the excess over held-out rows ({main}) says little: the other rows are unlike real ones."
    return verdict(nearest.card, CLAIM, decision, test.p, main, null, base, [why, *said])


def judge_claim(scores: Scores, beside: Beside) -> Verdict:
    """The same, against the blind guess of the audit; the card names the scores of the real rows."""
    (copied,) = (beside.scores[name] for name in scores.card.rests_on)
    return judge_copies(scores, copied, blind=beside.guess("copies"), **beside.draws)


def _hits(nearest: Scores) -> Sides:
    """1 for rows that look copied: synthetic against held-out ones that could be compared."""
    flag = np.asarray(nearest.extra["copied"], np.float64)
    flags = np.where(np.isnan(nearest.values), np.nan, flag)
    same = Scores(flags, nearest.ids, nearest.roles, nearest.groups, nearest.card)
    return Sides.from_scores(same, "synthetic", "nonmember")


def _ratio(hit: np.ndarray, groups: np.ndarray, whose: str) -> Estimate | None:
    if not hit.size:
        return None
    share = proportion(hit > 0, groups)
    how = f"{int(hit.sum())} of {hit.size} {whose} rows are much nearer to one training row than to any other"
    return Estimate(share.value, share.low, share.high, share.n, f"share of {whose} rows", f"{how}; {share.how}")


def _lacking(sides: Sides, ratio: Estimate | None, null: Estimate | None) -> str:
    if ratio is None:
        return "There are no synthetic rows that can be compared with two training rows."
    lack = lacking(sides)
    if null is None or lack:
        return (
            f"{lack or 'No held-out row can be compared.'} Of the synthetic rows {ratio} look copied, chance included."
        )
    return ""


def _coincidence(sides: Sides, n_made: int, level: float = 0.95) -> Estimate:
    """Share of synthetic rows that copy a control row, scaled to the size of the training table."""
    m, n, on_controls = sides.members.size, sides.controls.size, float(sides.controls.sum())
    alone = Sides.of(sides.controls, [], sides.control_groups, [])
    worth = events_worth(alone) if on_controls > 0 else 0.0
    worth = min(worth, on_controls)
    each = m / n / n_made * (on_controls / worth if worth > 0 else 1.0)
    low = float(chi2.ppf((1 - level) / 2, 2 * worth)) / 2 * each if worth > 0 else 0.0
    high = float(chi2.ppf((1 + level) / 2, 2 * worth + 2)) / 2 * each
    how = (
        f"{on_controls:.3g} of {n_made} synthetic rows copy one of {n} control rows, scaled to {m} training rows; "
        f"interval (Poisson) for {worth:.3g} independent events"
    )
    value = min(on_controls * m / n / n_made, 1.0)
    unit = "share of synthetic rows, by coincidence"
    return Estimate(value, min(low, value), min(high, 1.0), n, unit, how, level)


def _beyond_coincidence(sides: Sides, n_made: int, level: float = 0.95) -> Estimate:
    """Copies of training rows less those that coincidence explains, as a share of synthetic rows."""
    gap, se = mean_gap(sides)
    reach = float(student.ppf((1 + level) / 2, min(sides.n_member_groups, sides.n_control_groups) - 1)) * se
    scale = sides.members.size / n_made
    how = "copies of training rows less scaled copies of control rows; interval by whole groups (Obuchowski)"
    low, high = (gap - reach) * scale, (gap + reach) * scale
    return Estimate(gap * scale, low, high, sides.n_groups, "share of synthetic rows", how, level)


def _decide(test: LabelTest, found: Gate, level: float, beyond: Estimate, crowded: float) -> tuple[Decision, str]:
    share = f"beyond coincidence {beyond} of the synthetic rows copy a training row"
    if test.opposite < level / 2 and test.p >= level:
        return "inconclusive", (
            f"Held-out rows are copied more often than training rows (p = {test.opposite:.2g}), the opposite of the "
            "claim: were the two tables exchanged, or did the generator see the held-out one?"
        )
    if test.p >= level:
        why = f"Training rows are copied no more often than held-out rows beyond chance (p = {test.p:.2g}; {share})."
        if crowded < level:
            why += (
                f" That synthetic rows are near single training rows more often than held-out rows are "
                f"(p = {crowded:.2g}) comes from their distribution: they are as near to rows never trained on."
            )
        return "not shown", why
    if found.baseline is None:
        return "inconclusive", (
            f"Training rows are copied more often than held-out rows (p = {test.p:.2g}; {share}), but no blind guess "
            "was held against it: the two tables may differ in themselves. Run one on the same rows."
        )
    return "shown", (
        f"Training rows are copied more often than held-out rows (p = {test.p:.2g} with labels dealt anew; {share}). "
        f"Synthetic against held-out rows, which holds only where both are distributed alike: p = {crowded:.2g}."
    )


def _would_see(test: LabelTest, sides: Sides, n_made: int, level: float) -> str:
    """The share of copies seen with 80 % probability.

    x more copies add x * m / n to the variance when labels are dealt, and x to that of the copies found.
    """
    m, n = sides.members.size, sides.controls.size
    scale = (float(sides.controls.std(ddof=1)) or 1.0) * m
    spread = (((test.control.high or 0.0) - (test.control.low or 0.0)) / 3.92 * scale) ** 2
    x, z, power = 0.0, float(norm.isf(level)), float(norm.ppf(0.8))
    for _ in range(50):
        x = z * math.sqrt(spread + x * m / n) + power * math.sqrt(spread + x)
    if x > n_made:
        return f"With {sides.counted()} and {n_made} synthetic rows not even copies of all would have been seen."
    return (
        f"With {sides.counted()} and {n_made} synthetic rows, copies in about {100 * x / n_made:.2g} % of them would "
        "have been seen with 80 % probability."
    )
