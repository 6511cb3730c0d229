"""What does an edit of the training table do to what a generator copies, and what does it cost?

The same generator is trained on the table as it was and as it is after the edit, both times with the same seeds; both
synthetic tables are audited against the training table as it was and the same held-out rows.
"""

from __future__ import annotations

import logging
from pathlib import Path

import pandas as pd

from byheart.audit.table.audit_table import audit_table
from byheart.audit.verify import note_outputs
from byheart.core.atomic import write_parquet
from byheart.core.corpus import Corpus
from byheart.core.digest import digest_json
from byheart.core.edit import Edit
from byheart.core.errors import UsageError
from byheart.core.rows import Rows
from byheart.core.run import RunFolder
from byheart.core.schema import Schema
from byheart.core.trade_off import Point, save_trade_off
from byheart.core.verdict import Estimate
from byheart.measure.nearest_row import nearest_row
from byheart.models.table.synthesizer import load_synthesizer
from byheart.report import write_all
from byheart.report.compare import Change, compare_runs, write_comparison

log = logging.getLogger(__name__)

SIDES = ("before", "after")
QUALITY = ("efficacy", "trend")
"""What a table is worth, for the trade-off; the first that was measured."""


def retrain_and_measure(path: Path | str, edit: Edit, *, generator: str, seed: int = 0) -> tuple[list[Change], Path]:
    """Train the generator without and with the edit, audit both, and compare.

    Args:
        path: a run folder of `audit table`, with control rows.
        edit: of data, such as `tabcutmix` makes.
        generator: what `load_synthesizer` takes: `tabddpm`, `tabsyn` or `package.module:Class`.
        seed: of both trainings and both audits.

    Returns:
        Each claim and each utility, before and after; and the folder, below `edits/` in the run's, that holds the
        edited training table, both synthetic tables, both audits and the comparison. Its name tells edit, generator and
        what the result depends on, so that what is there already is used again.

    Raises:
        UsageError: if the run is not one of tables, or the edit not one of data.
    """
    run = RunFolder.existing(path)
    if run.facts.get("family") != "table" or edit.kind != "data":
        raise UsageError(f"{path} is not a run of `audit table`; an edit of a table needs one")
    corpus = run.corpus
    schema, train = corpus.rows.schema, corpus.where("member").rows.frame
    edited = edit.apply(train)
    key = digest_json([Rows.of(edited, schema).digest, generator, seed])[:8]
    folder = run.path / "edits" / f"{edit.card.name}-{generator.rpartition(':')[2]}-{key}"
    write_parquet(edited, folder / "train.parquet")
    real = [_with_owners(corpus, role) for role in ("member", "nonmember")]
    same = {name: run.facts["command"][name] for name in ("metric", "scale", "profile")}
    runs: list[RunFolder] = []
    for side, table in zip(SIDES, (train, edited), strict=True):
        made = _made(folder / side, table, schema, len(train), generator, seed)
        log.info("Auditing what the generator made %s the edit.", side)
        runs.append(
            audit_table(
                real[0], made, real[1], target=schema.target, entity=schema.entity, out=folder / side / "run",
                kinds={c.name: c.kind for c in schema.columns}, seed=seed, **same,
            )
        )  # fmt: skip
    changes = compare_runs(runs[0], runs[1])
    write_comparison(changes, runs[0], runs[1], folder / "comparison.html")
    if _draw_trade_off(run):
        note_outputs(run, [run.findings_folder / "trade_off.json"])
        write_all(run)
    return changes, folder


def _draw_trade_off(run: RunFolder) -> bool:
    """Set every edit tried on this run, with what it costs, beside its unedited twin; false if nothing was measured."""
    points = []
    for folder in sorted((run.path / "edits").iterdir()):
        for side in SIDES:
            made = RunFolder(folder / side / "run")
            quality = next((made.facts["utility"][u] for u in QUALITY if u in made.facts.get("utility", {})), None)
            copied = [v.main for v in made.verdicts if v.method == nearest_row.card.name]  # type: ignore[attr-defined]
            if quality is not None and copied and copied[0].value is not None:
                points.append(Point(f"{folder.name}, {side}", copied[0], Estimate(**quality)))
    if points:
        words = {"privacy": "share copied beyond the null", "quality": points[-1].quality.unit}
        save_trade_off(points, run.findings_folder / "trade_off.json", **words)
    return bool(points)


def _with_owners(corpus: Corpus, role: str) -> pd.DataFrame | None:
    """The rows of a role, with the column that says whose they are if there was one."""
    rows = corpus.where(role)
    if not len(rows):
        return None
    owners = {corpus.rows.schema.entity: rows.groups} if corpus.rows.schema.entity else {}
    return rows.rows.frame.assign(**owners)


def _made(folder: Path, table: pd.DataFrame, schema: Schema, n: int, generator: str, seed: int) -> Path:
    """A file of so many rows by a generator trained on the table; an earlier one of that name is used again."""
    path = folder / "synthetic.parquet"
    if not path.exists():
        log.info("Training %s on %d rows.", generator, len(table))
        write_parquet(load_synthesizer(generator).fit(table, schema, seed=seed).sample(n, seed=seed), path)
    return path
