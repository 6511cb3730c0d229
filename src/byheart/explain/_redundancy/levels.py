"""Which records are memorized, which are redundant, and do the two go together?

A share of low redundancy among the memorized says nothing until it stands beside the share among the others; and what a
model recites of texts that it never saw it did not memorize.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from byheart.compare.text.redundancy_measures import MEASURES, guessable, redundancy_table
from byheart.core.errors import UsageError
from byheart.core.randomness import generator
from byheart.core.signals import Signals
from byheart.core.verdict import Estimate
from byheart.explain._redundancy.resample import (
    Formula,
    clustered,
    difference_of_means,
    odds_ratio,
    ratio_of_means,
)
from byheart.signals.text.perturbed_prefixes import CLEAN, SHORTER
from byheart.stats.intervals import proportion

TWINS = ("nonmember", "canary_control")
SELECTED_BY = ("clean", "shorter")


@dataclass(frozen=True, eq=False)
class Levels:
    """Records sorted by what is known of them.

    Args:
        measures: every redundancy measure of the prefix, by name, (n,).
        redundancy: the chosen one, (n,).
        cut: records up to this are of low redundancy.
        low, high: bool (n,).
        memorized: bool (n,), trained on and recited in full.
        others: bool (n,), trained on and not.
        twins: bool (n,), never trained on.
        recalled: bool (n,), the continuation cannot be foretold from the prefix.
        evaluated: bool (n,), whether a record may be used where low is told from high.
        groups: str (n,).
    """

    measures: dict[str, np.ndarray]
    redundancy: np.ndarray
    cut: float
    low: np.ndarray
    high: np.ndarray
    memorized: np.ndarray
    others: np.ndarray
    twins: np.ndarray
    recalled: np.ndarray
    evaluated: np.ndarray
    groups: np.ndarray

    @property
    def trained(self) -> np.ndarray:
        """Memorized or not, bool (n,)."""
        either: np.ndarray = self.memorized | self.others
        return either


def sort_out(
    signals: Signals, *, measure: str | np.ndarray, split: float | str, select: str, threshold: float, seed: int
) -> Levels:
    """Decide for every record which level and which group it is of.

    Raises:
        UsageError: if measure, split or select has no meaning.
    """
    named = isinstance(measure, str)
    if (measure not in MEASURES if named else np.shape(measure) != (len(signals),)) or select not in SELECTED_BY:
        raise UsageError(
            f"a measure is one of {', '.join(MEASURES)}, or a number for each record; groups are chosen by the clean "
            f"or the shorter prefix; got {measure if named else np.shape(measure)!r} and {select!r}"
        )
    texts = [bytes(t) for t in signals.ragged("prefix_text")]
    measures = redundancy_table(list(signals.ragged("prefix")), texts)
    redundancy = measures[measure] if isinstance(measure, str) else np.asarray(measure, np.float64)
    score = signals.dense("recited")[:, CLEAN if select == "clean" else SHORTER]
    usable = ~np.isnan(score) & ~np.isnan(redundancy)
    twins = np.isin(signals.roles, TWINS) & usable
    trained = ~np.isin(signals.roles, (*TWINS, "synthetic")) & usable
    evaluated, fitted = usable, trained
    if split == "half":
        first = np.array([generator(seed, "half", str(g)).random() < 0.5 for g in signals.groups.tolist()], dtype=bool)
        evaluated, fitted = usable & ~first, trained & first
    elif isinstance(split, str) and split != "median":
        raise UsageError(f"the split is median, half or a number; got {split!r}")
    median = float(np.median(redundancy[fitted])) if fitted.any() else np.nan
    cut = median if isinstance(split, str) else float(split)
    memorized = trained & (score >= threshold)
    return Levels(
        measures, redundancy, cut, usable & (redundancy <= cut), usable & (redundancy > cut), memorized,
        trained & ~memorized, twins, _recalled(signals), evaluated, signals.groups,
    )  # fmt: skip


def shares(levels: Levels, *, seed: int) -> dict[str, Estimate]:
    """Does low redundancy go with being memorized? Shares, their ratios, and what twins recite without memory."""
    on = levels.evaluated

    def told(how: str, formula: Formula, unit: str, *columns: np.ndarray) -> Estimate:
        stacked = np.stack([c & on for c in columns], axis=1).astype(np.float64)
        return clustered(stacked, formula, levels.groups, seed=seed, unit=unit, how=how)

    m, o, low, high, trained = levels.memorized, levels.others, levels.low, levels.high, levels.trained
    found = {
        f"low among {name}": proportion(low[group & on], levels.groups[group & on])
        if (group & on).any()
        else Estimate(None, None, None, 0, "share of records", f"there are no {name}")
        for name, group in (("memorized", m), ("others", o))
    }
    quads = m & low, trained & low, m & high, trained & high
    unit = "trained records"
    found["risk ratio of low"] = told("P(memorized | low) / P(memorized | high)", ratio_of_means, unit, *quads)
    found["odds ratio of low"] = told("odds of being memorized, low to high", odds_ratio, unit, *quads)
    return found


def beyond_twins(levels: Levels, recited: np.ndarray, *, seed: int) -> dict[str, Estimate]:
    """Mean recited share of trained records less that of never-trained twins, at each level.

    Args:
        levels: of the records.
        recited: share recited from the clean prefix, (n,).
        seed: of the resamples.
    """
    found = {}
    for name, level in (("low", levels.low), ("high", levels.high)):
        a, b = levels.trained & level & levels.evaluated, levels.twins & level & levels.evaluated
        columns = np.stack([recited * a, a, recited * b, b], axis=1)
        found[f"recited beyond twins, {name}"] = clustered(
            np.nan_to_num(columns), difference_of_means, levels.groups, seed=seed,
            unit="share of the continuation", how="mean of trained records less mean of never-trained ones",
        )  # fmt: skip
    return found


def warnings(levels: Levels, features: Sequence[tuple[str, np.ndarray]]) -> list[str]:
    """Sentences on what must be known before the numbers are used.

    Args:
        levels: of the records.
        features: name and values (n,) of what redundancy may be confused with.
    """
    said = []
    cells = {
        f"{a} of {b} redundancy": int((group & level & levels.evaluated).sum())
        for a, group in (("memorized records", levels.memorized), ("other records", levels.others))
        for b, level in (("low", levels.low), ("high", levels.high))
    }
    small = [f"{n} {what}" for what, n in cells.items() if n < 30]
    if small:
        said.append(f"Few records: {', '.join(small)}; at least 30 of each are wanted.")
    if not levels.twins.any():
        said.append("No never-trained twins: what is copied from the prefix cannot be told from memory.")
    for name, values in features:
        rho = rank_correlation(levels.redundancy[levels.trained], values[levels.trained])
        if abs(rho) > 0.8:
            said.append(f"Redundancy and {name} go together (rank correlation {rho:.2f}); either may be the cause.")
    return said


def rank_correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Spearman's rho of pairs (n,) without NaN; 0 where one side is constant."""
    known = ~np.isnan(x) & ~np.isnan(y)
    if known.sum() < 3 or np.ptp(x[known]) == 0 or np.ptp(y[known]) == 0:
        return 0.0
    return float(spearmanr(x[known], y[known]).statistic)


def _recalled(signals: Signals) -> np.ndarray:
    texts = zip(signals.ragged("prefix_text"), signals.ragged("continuation_text"), strict=True)
    whole = [(bytes(a) + bytes(b)).decode("utf-8", "replace") for a, b in texts]
    pairs = zip(signals.ragged("prefix"), signals.ragged("continuation"), whole, strict=True)
    return np.array([not guessable(p, c, text) for p, c, text in pairs], dtype=bool)
