"""What is the synthetic table worth beside the real one: its columns, their trends, models trained on it, its rows?

Source: Fang et al. 2024, arXiv 2412.11044, appendix (shape, trend, efficacy, alpha-precision, beta-recall, C2ST); each
part's own source stands in its file in `compare/table_quality/`.
Departs from it: every number has an interval, a control (the held-out real rows in the place of the synthetic ones:
what a perfect generator would get) and a baseline (the training table with each column shuffled by itself).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from byheart.core.card import method
from byheart.core.corpus import Corpus
from byheart.core.errors import DataError, TooFewRecords
from byheart.core.findings import Findings
from byheart.core.randomness import generator
from byheart.core.verdict import Estimate
from byheart.measure._table_quality.column_shapes import column_shapes, missing_shares
from byheart.measure._table_quality.efficacy import efficacy, efficacy_estimate
from byheart.measure._table_quality.encoding import Table, tables_of
from byheart.measure._table_quality.influence import Score, Units, mean_score, score_estimate
from byheart.measure._table_quality.pair_trends import all_pairs, pair_trends
from byheart.measure._table_quality.precision_recall import alpha_precision, authenticity, beta_recall, between
from byheart.measure._table_quality.two_sample import chance_level, sdmetrics_detection, two_sample

Against = Mapping[str, Table]
"""What is compared with the training rows, by the ending of its estimates' names."""

ENDS = {"": "synthetic", "_control": "held-out", "_baseline": "shuffled"}
NAMES = (
    "shape", "missing", "trend", "efficacy", "alpha_precision", "beta_recall", "authenticity",
    "c2st_logistic", "c2st_trees",
)  # fmt: skip
NO_CONTROL = "no held-out rows were given, so what a perfect generator would get is unknown"


@method(
    paper="2412.11044",
    family="table",
    needs=("corpus",),
    unit="score, 1 is like the training table",
    cost="some small models and the distances among 4,000 rows; about 2 seconds for 2,000 rows of 15 columns",
    limits="says nothing on copying: the training table itself would score best; read it beside the privacy claims",
)
def table_quality(
    corpus: Corpus,
    *,
    target: str | None = None,
    limit: int = 4000,
    pairs: int = 1000,
    sdmetrics: bool = False,
    seed: int = 0,
) -> Findings:
    """How much of the training table's content the synthetic table keeps.

    Args:
        corpus: table rows of roles member and synthetic, and nonmember for the control and for efficacy.
        target: the column that models learn to tell; default the schema's.
        limit: rows of each table, drawn at random, in the dear parts (efficacy, precision and recall, classifiers).
        pairs: pairs of columns, drawn at random where there are more.
        sdmetrics: adds `logistic_detection`, SDMetrics' LogisticDetection as it is defined there.
        seed: everything random follows from it.

    Returns:
        Findings: an address for each column and pair, weight 1 - score; estimates `shape`, `missing`, `trend`,
        `efficacy` and `efficacy_loss`, `alpha_precision`, `beta_recall`, `authenticity`, `c2st_logistic`, `c2st_trees`,
        with `_control` and `_baseline` beside them, and `c2st_null`. Higher is better but for `efficacy_loss`. A value
        is None where the tables license none; `how` says why.

    Raises:
        TooFewRecords: without training or without synthetic rows.
        DataError: if the corpus holds texts, or has no such target.
    """
    tables = tables_of(corpus)
    if not {"member", "synthetic"} <= set(tables):
        raise TooFewRecords(f"quality needs training (member) and synthetic rows; got {', '.join(tables) or 'none'}")
    rng, real = generator(seed, "table_quality"), tables["member"]
    against = {"": tables["synthetic"], "_baseline": real.shuffled(rng)}
    if "nonmember" in tables:
        against["_control"] = tables["nonmember"]
    chosen = all_pairs(len(real.names))
    if len(chosen) > pairs:
        chosen = [chosen[i] for i in np.sort(rng.choice(len(chosen), pairs, replace=False))]
    shapes = {end: column_shapes(real, table) for end, table in against.items()}
    trends = {end: pair_trends(real, table, chosen) for end, table in against.items()}
    gaps = {end: missing_shares(real, table) for end, table in against.items()}
    few, of_few = real.sample(limit, rng), {end: table.sample(limit, rng) for end, table in against.items()}
    target = corpus.rows.schema.target if target is None else corpus.rows.schema[target].name
    found = {
        **_means("shape", shapes, real, against, "mean over columns of 1 - KS (numbers) or 1 - TVD (categories)"),
        **_means("missing", gaps, real, against, "mean over columns of 1 - difference of the shares missing"),
        **_means("trend", trends, real, against, f"mean over {len(chosen)} pairs of columns"),
        **_efficacy(few, of_few, target, seed),
        **_places(few, of_few, rng),
        **_told_apart(few, of_few, sdmetrics, seed),
    }
    params = {"target": target, "limit": limit, "pairs": len(chosen), "sdmetrics": sdmetrics, "seed": seed}
    columns = _each(real, against, shapes, trends)
    names = [f"column:{n}" for n in real.names] + [f"pair:{real.names[i]}|{real.names[j]}" for i, j in chosen]
    return Findings(
        "factor", np.array(names, dtype=object), 1 - columns["score"], table_quality.card,  # type: ignore[attr-defined]
        estimates=_in_order(found), params=params, columns=columns,
    )  # fmt: skip


def _means(
    name: str, scores: Mapping[str, list[Score]], real: Table, against: Against, how: str
) -> dict[str, Estimate]:
    """The mean score of each table, by name and ending."""
    found = {}
    for end, table in against.items():
        if not scores[end]:
            why = "no column has a missing value" if name == "missing" else "there is one column only"
            found[name + end] = _none(name, why)
            continue
        blank = sum(np.isnan(s.value) for s in scores[end])
        said = f"{how}; {blank} left out, constant or without values" if blank else how
        unit = f"{name}, {len(real)} training and {len(table)} {ENDS[end]} rows"
        units = Units.of(real.groups, table.groups)
        found[name + end] = score_estimate(mean_score(scores[end]), units, unit=unit, how=said)
    return found


def _each(
    real: Table, against: Against, shapes: Mapping[str, list[Score]], trends: Mapping[str, list[Score]]
) -> dict[str, np.ndarray]:
    """Score, interval, control and baseline of each column and pair; NaN where there is none."""
    scores = {end: [*shapes[end], *trends[end]] for end in against}
    units, n = Units.of(real.groups, against[""].groups), len(scores[""])
    ends = [score_estimate(s, units, unit="", how="") for s in scores[""]]
    values = {end: np.array([s.value for s in scores[end]]) if end in scores else np.full(n, np.nan) for end in ENDS}
    return {
        "part": np.array(["shape"] * len(shapes[""]) + ["trend"] * len(trends[""]), dtype=object),
        "score": values[""],
        "low": np.array([np.nan if e.low is None else e.low for e in ends]),
        "high": np.array([np.nan if e.high is None else e.high for e in ends]),
        "control": values["_control"],
        "baseline": values["_baseline"],
    }


def _efficacy(real: Table, against: Against, target: str | None, seed: int) -> dict[str, Estimate]:
    """Trees that learned from synthetic, training and shuffled rows, all judged on the held-out rows."""
    test = against.get("_control")
    if test is None or target is None or target not in real.names:
        why = "no target was named" if target is None else f"the target {target!r} is free text or an identifier"
        why = "there are no held-out rows to be judged on" if test is None else why
        return {f"efficacy{end}": _none("efficacy", why) for end in (*ENDS, "_loss")}
    scores, found = {}, {}
    for end, learn in {**against, "_control": real}.items():
        said = "training" if end == "_control" else ENDS[end]
        how = f"boosted trees that learned from {len(learn)} {said} rows, judged on held-out rows"
        try:
            scores[end] = efficacy(learn, test, target, seed=seed)
            found[f"efficacy{end}"] = efficacy_estimate(scores[end], test, target, how=how)
        except DataError as refusal:
            found[f"efficacy{end}"] = _none("efficacy", str(refusal))
    found["efficacy_loss"] = _none("efficacy", "one of the two efficacies has no value")
    if {"", "_control"} <= set(scores):
        unit, how = f"efficacy of training rows minus synthetic rows, {len(test)} test rows", "the same rows, paired"
        lost = scores["_control"].minus(scores[""])
        found["efficacy_loss"] = score_estimate(
            lost, Units.of(test.groups), unit=unit, how=how, bounds=(-np.inf, np.inf)
        )
    return found


def _places(real: Table, against: Against, rng: np.random.Generator) -> dict[str, Estimate]:
    """Alpha-precision, beta-recall and authenticity, always of two tables of one size."""
    found = {}
    for end, table in against.items():
        size = min(len(real), len(table))
        try:
            at = between(real.sample(size, rng), table.sample(size, rng))
        except TooFewRecords as refusal:
            found.update(
                {f"{n}{end}": _none(n, str(refusal)) for n in ("alpha_precision", "beta_recall", "authenticity")}
            )
            continue
        found[f"alpha_precision{end}"] = alpha_precision(at)
        found[f"beta_recall{end}"] = beta_recall(at)
        found[f"authenticity{end}"] = authenticity(at)
    return found


def _told_apart(real: Table, against: Against, sdmetrics: bool, seed: int) -> dict[str, Estimate]:
    """The classifier tests, their level of chance, and SDMetrics' own if asked for."""
    found = {"c2st_null": chance_level(len(real), len(against[""]))}
    for end, table in against.items():
        for kind in ("logistic", "trees"):
            name = f"c2st_{kind}{end}"
            found[name] = _or_why(name, lambda: two_sample(real, table, classifier=kind, seed=seed))  # noqa: B023
    if sdmetrics:
        how = "SDMetrics' definition: mean of three folds, which share rows, so that no interval is licensed"
        n = len(real) + len(against[""])
        unit = f"LogisticDetection, {n} rows"
        found["logistic_detection"] = _or_why(
            unit, lambda: Estimate(sdmetrics_detection(real, against[""], seed=seed), None, None, n, unit, how)
        )
    return found


def _or_why(name: str, make: Callable[[], Estimate]) -> Estimate:
    """The estimate, or none and why it was refused."""
    try:
        return make()
    except DataError as refusal:
        return _none(name, str(refusal))


def _none(name: str, why: str) -> Estimate:
    return Estimate(None, None, None, 0, name, why)


def _in_order(found: dict[str, Estimate]) -> dict[str, Estimate]:
    """Each score with its control and baseline beside it, then what stands alone."""
    known = {name + end: found.get(name + end, _none(name, NO_CONTROL)) for name in NAMES for end in ENDS}
    return {**known, **{name: e for name, e in found.items() if name not in known}}
