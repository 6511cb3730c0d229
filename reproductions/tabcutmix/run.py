"""TabCutMix, tried: what its metric says of rows nobody generated, and what real generators copy, with and without it.

Run with `byheart reproduce tabcutmix`; claims.toml says what is claimed, README.md why ours differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

from byheart.core.atomic import kept_json
from byheart.core.claim import Exhibit, Found
from byheart.core.progress import progress
from byheart.core.verdict import Estimate
from byheart.models.table.optimal_denoiser import OptimalDenoiser
from byheart.stats.intervals import proportion

from . import tables
from .exhibits import factor_exhibits, tradeoff
from .plans import PLANS, Plan
from .ratios import METRICS, exactly, held_out_share, over_seeds, planted_excess
from .training import FAMILIES, all_measured

Changes = dict[str, Any]
PUBLISHED = {"Adult": (0.2926, 0.3101), "Default": (0.2011, 0.1933)}  # Table 1: TabSyn, TabDDPM


def run(folder: Path, *, scale: str, seed: int) -> Iterator[Found | Exhibit]:
    """All claims, the cheap ones first."""
    plan = PLANS[scale]
    yield from nobody_generated(folder, plan, seed)
    yield from planted(folder, plan, seed)
    yield optimum(folder, seed)
    yield from trained(folder, plan, seed)


def nobody_generated(folder: Path, plan: Plan, seed: int) -> Iterator[Found | Exhibit]:
    """The share of held-out real rows that look copied from the others: the null that the paper does not report."""
    small = (("breast_cancer", tables.breast_cancer, 2, 2), ("wine", tables.wine, 2, 2))
    large = (("Adult", tables.adult, 10, plan.folds), ("Default", tables.default, 10, plan.folds))
    rows = []
    for (name, load, folds, asked), metric in progress([*product((*small, *large), METRICS)], "Rows nobody generated"):
        share = kept(
            folder / f"null-{name}-{metric}.json",
            lambda: held_out_share(load(), metric, folds=folds, asked=asked, seed=seed),  # noqa: B023
        )
        tabsyn, tabddpm = PUBLISHED.get(name, (None, None))
        rows.append({
            "table": name, "metric": METRICS[metric], "held-out rows": share.n, "look copied": share.value,
            "low": share.low, "high": share.high, "paper, TabSyn": tabsyn, "paper, TabDDPM": tabddpm,
        })  # fmt: skip
        claim = f"{'null' if metric == 'paper' else 'scale'}-{name.lower()}"
        if metric == "paper" or tabsyn is not None:
            yield Found(claim, share)
    yield Exhibit(
        "Rows that nobody generated",
        "Share of held-out real rows that look copied from the rest of their table. The paper reports the columns on "
        "the right for its generators, by the first metric.",
        rows,
    )


def planted(folder: Path, plan: Plan, seed: int) -> Iterator[Found | Exhibit]:
    """Copies planted among held-out rows, found again as the excess over other held-out rows."""
    rows = []
    for share, metric in progress([*product((0.0, 0.1, 0.3), METRICS)], "Planted copies"):
        found = kept(
            folder / f"planted-{share:g}-{metric}.json",
            lambda: planted_excess(tables.adult(), metric, share, train=8000, rows=2000, seed=seed),  # noqa: B023
        )
        rows.append({"planted": share, "metric": METRICS[metric], "excess": found.value, "low": found.low,
                     "high": found.high})  # fmt: skip
        if metric == "gower":
            yield Found(f"planted-{100 * share:.0f}", found)
    plot = {"x": "planted", "y": "excess", "by": "metric", "y low": "low", "y high": "high", "joined": "yes"}
    yield Exhibit("Planted copies", "2,000 rows of Adult against 8,000, so many of them copies of these.", rows, plot)


def optimum(folder: Path, seed: int) -> Found:
    """Rows of the closed-form optimum that are training rows, cell by cell."""
    adult = tables.adult()
    train = adult.shuffled(seed, "optimum").iloc[:200]

    def share() -> Estimate:
        made = OptimalDenoiser().fit(train, adult.schema, seed=seed).sample(500, seed=seed)
        return proportion(exactly(made, train))

    return Found("optimal", kept(folder / "optimal.json", share), "500 rows from 200 rows of Adult.")


def trained(folder: Path, plan: Plan, seed: int) -> Iterator[Found | Exhibit]:
    """Real trainings of both families: four factors, then the cures and what they cost."""
    numbers = all_measured(plan.settings(seed), folder)

    def over(family: str, what: str, changes: Changes, against: Changes | None = None) -> Estimate:
        """Mean of a number over the seeds of a setting, or of its difference from another one on the same rows."""
        values = [
            numbers[base.but(**changes)][what] - (0 if against is None else numbers[base.but(**against)][what])
            for base in plan.of(family, seed)
        ]
        return over_seeds(values, what)

    for family, (name, what, changes, against) in product(FAMILIES, comparisons(plan)):
        yield Found(f"{name}-{family}", over(family, what, changes, against))
    yield from factor_exhibits(plan, over)
    yield from (tradeoff(family, plan, over) for family in FAMILIES)


def comparisons(plan: Plan) -> list[tuple[str, str, Changes, Changes | None]]:
    """Claim, number, setting, and the setting that is subtracted, if any."""
    copies, cut, plus = "gower excess", {"cure": "TabCutMix"}, {"cure": "TabCutMixPlus"}
    return [
        ("copies", copies, {}, None),
        ("epochs", copies, {}, {"share": min(plan.shares)}),
        ("size", copies, {}, {"rows": max(plan.rows)}),
        ("cutmix", copies, cut, {}),
        ("cutmix-paper", "paper ratio", cut, {}),
        ("more", copies, {**cut, "ratio": 1.0}, {}),
        ("plus", copies, {**plus, "ratio": 1.0}, {}),
        ("efficacy", "efficacy", cut, {}),
        ("plus-detection", "c2st_logistic", plus, cut),
        ("plus-trend", "trend", plus, cut),
        ("recall", "beta_recall", cut, {}),
    ]


def kept(path: Path, make: Callable[[], Estimate]) -> Estimate:
    """An estimate that is made once."""
    return Estimate(**kept_json(path, lambda: asdict(make())))
