"""Is a synthetic table a copy of the training table, which rows are copied, and how sure are we?

training, synthetic and held-out rows -> distances -> scores -> verdicts -> report
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from byheart.audit.folder import begin, conclude, finish
from byheart.audit.judging import judge_scores
from byheart.audit.measuring import Source, measure_all, measure_with, records_of
from byheart.audit.profiles import profile_named
from byheart.audit.table.anonymeter import anonymeter_attacks
from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.core.run import RunFolder
from byheart.core.signals import Signals
from byheart.core.verdict import Verdict
from byheart.data.table.gathered import gather_table
from byheart.execute import engine_named
from byheart.execute.job import Engine
from byheart.execute.shards import plan_shards, run_shards
from byheart.explain.copied_columns import copied_columns
from byheart.explain.named_rows import named_rows, naming
from byheart.measure.nearest_row import nearest_row
from byheart.signals.table.nearest_rows import RECIPES, NearestRows

log = logging.getLogger(__name__)

ROWS_PER_SHARD = 4096
UTILITIES = ("shape", "trend", "efficacy", "alpha_precision", "beta_recall", "c2st_trees")


def audit_table(
    train: Any,
    synthetic: Any,
    control: Any = None,
    *,
    target: str | None = None,
    entity: str | None = None,
    kinds: Mapping[str, str] | None = None,
    metric: str = "gower",
    scale: str = "range",
    anonymeter: str | None = None,
    out: Path | str | None = None,
    seed: int = 0,
    engine: Engine | None = None,
    profile: str = "routine",
    limit: int | None = None,
    show_text: bool = False,
    command_line: str | None = None,
) -> RunFolder:
    """Audit a synthetic table against the table its generator was trained on.

    Args:
        train: the rows the generator was trained on. A CSV, Parquet or JSONL file, or a data frame.
        synthetic: the rows it made.
        control: rows like the first that it never saw. Without them nothing can be shown.
        target: column that the others are used to predict. Adds train-on-synthetic, test-on-real.
        entity: column that says whose row it is. Then persons, not rows, are what tests and intervals count.
        kinds: kind of a column where the inferred one is wrong: number, date, category, text or identifier.
        metric: `gower`, `paper`, `paper-global` or `hamming`. The distance between rows.
        scale: of numbers in a distance: range or iqr.
        anonymeter: a Python that has the package anonymeter; adds its attacks. They are three.
        out: run folder, default `runs/<date>-<synthetic>-<train>`.
        seed: everything random follows from it.
        engine: where the distances are computed, default this process.
        profile: smoke, routine or powered.
        limit: rows of each table at most.
        show_text: cells in clear in the report.
        command_line: what the user typed, for the report.

    Returns:
        The run folder, with verdicts and report in it.

    Raises:
        ByheartError: one line on what is wrong with the input.
    """
    if anonymeter is not None and control is None:
        raise UsageError("the attacks of anonymeter need control rows; give --control, or leave --anonymeter out")
    chosen = profile_named(profile)
    log.info("Reading the tables.")
    gathered = gather_table(
        train, synthetic, control, target=target, entity=entity, kinds=kinds, limit=chosen.at_most(limit), seed=seed
    )
    corpus, name = gathered.corpus, str(_name(synthetic))
    command = {
        "verb": "audit table", "corpus": corpus.digest, "metric": metric, "scale": scale, "seed": seed,
        "profile": profile, "anonymeter": anonymeter,
    }  # fmt: skip
    run = begin(
        command, corpus, name, train, out=out, command_line=command_line, family="table", train=_name(train),
        synthetic=name, control=_name(control), data=gathered.sources, schema=corpus.rows.schema.to_dict(),
        metric=metric, notes=list(gathered.notes),
    )  # fmt: skip
    sources = _measured(corpus, run, engine or engine_named("local"), metric=metric, scale=scale, seed=seed)
    with run.step("scores"):
        log.info("Scoring and judging.")
        with threadpool_limits(1):  # small models: threads wait for each other longer than they work
            scores = measure_all(sources, run, family="table", seed=seed)
    with run.step("findings"):
        measure_with(copied_columns, sources, seed=seed).save(run.findings_folder)
    with run.step("verdicts"):
        verdicts = judge_scores(scores, chosen, seed=seed)
        said = _named(sources, verdicts, run)
        if anonymeter is not None:
            log.info("Running the attacks of anonymeter.")
            verdicts += anonymeter_attacks(corpus, python=anonymeter, seed=seed)
        conclude(run, verdicts, [*gathered.notes, said], utility=_utility(run))
    return finish(run, show_text=show_text)


def _measured(
    corpus: Corpus, run: RunFolder, engine: Engine, *, metric: str, scale: str, seed: int
) -> dict[str, Source]:
    """The records, and whom each row has as nearest rows, by name of the signal."""
    sources = records_of(corpus)
    for number, against in enumerate(RECIPES, 1):
        job = NearestRows(corpus, against, metric=metric, scale=scale, seed=seed)
        title = f"Pass {number} of {len(RECIPES)}: {against}"
        log.info("%s (%d rows)", title, len(corpus))
        plan = plan_shards(np.ones(len(corpus)), records_per_shard=max(ROWS_PER_SHARD, len(corpus) // 1000))
        with run.step(against):
            found: Signals = run_shards(job, plan, run.signals_folder(against), key=job.key, engine=engine, title=title)
        sources[against] = found
    return sources


def _named(sources: dict[str, Source], verdicts: list[Verdict], run: RunFolder) -> str:
    """Name the rows that are copies, unless the claim that there are any was refused; a sentence for the report."""
    copies = next(v for v in verdicts if v.method == nearest_row.card.name)  # type: ignore[attr-defined]
    if copies.p is None:
        return "No single row is named, as no claim is made about the table."
    found = measure_with(named_rows, sources)
    found.save(run.findings_folder)
    return naming(found)


def _name(source: Any) -> str | None:
    """What to call a table."""
    if source is None:
        return None
    return Path(source).name if isinstance(source, (str, Path)) else "a data frame"


def _utility(run: RunFolder) -> dict[str, Any]:
    """What the synthetic table is worth, for `compare`; numbers that the tables license."""
    path = run.findings_folder / "table_quality.json"
    estimates = json.loads(path.read_text(encoding="utf-8"))["estimates"]
    return {name: estimates[name] for name in UTILITIES if estimates.get(name, {}).get("value") is not None}
