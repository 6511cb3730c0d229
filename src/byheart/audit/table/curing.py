"""On what is an edit of a training table tried, and how is a generator audited that learned the edited table?

The same generator is trained on the table as it was, as it is after the edit, and after each random edit of the same
size, always with the same seeds; every synthetic table is audited against the training table as it was and the same
held-out rows.
"""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

import pandas as pd

from byheart.audit.curing import Trial
from byheart.audit.sources import Sources
from byheart.audit.table.audit_table import audit_table
from byheart.audit.verify import note_outputs
from byheart.core.atomic import write_parquet
from byheart.core.corpus import Corpus
from byheart.core.digest import digest_json
from byheart.core.edit import Edit
from byheart.core.errors import UsageError
from byheart.core.items.rows import Rows
from byheart.core.run import RunFolder
from byheart.core.schema import Schema
from byheart.core.trade_off import Point, save_trade_off
from byheart.core.verdict import Estimate
from byheart.measure.nearest_row import nearest_row
from byheart.mitigate._proof.prove import retrained
from byheart.mitigate._proof.table import QUALITY, TableQuestions
from byheart.models.table.synthesizer import load_synthesizer

log = logging.getLogger(__name__)

SIDES = ("before", "after")
NEEDS = ()


def trial(sources: Sources, edit: Edit, *, generator: str = "tabsyn", seed: int = 0) -> Trial:
    """An edit of data on the training table of a run of `audit table`.

    Args:
        sources: of the run, with control rows.
        edit: the edit.
        generator: what `load_synthesizer` takes: `tabddpm`, `tabsyn` or `package.module:Class`.
        seed: of all trainings and audits.

    Raises:
        UsageError: if the run is not one of tables, or the edit not one of data.
    """
    run = sources.run
    if run.facts.get("family") != "table" or edit.kind != "data":
        raise UsageError(f"{run.path} is not a run of `audit table`; an edit of a table needs one")
    corpus = run.corpus
    schema, train = corpus.rows.schema, corpus.where("member").rows.frame
    edited = edit.apply(train)
    digest = Rows.of(edited, schema).digest
    key = digest_json([digest, generator, seed])[:8]
    folder = run.path / "edits" / f"{edit.card.name}-{generator.rpartition(':')[2]}-{key}"
    write_parquet(edited, folder / "train.parquet")
    audit = partial(_trained_and_audited, run, folder, train, digest, generator, seed)
    questions = TableQuestions(edit.targets, seed)

    def audited() -> tuple[RunFolder, RunFolder, Path]:
        before, after = (RunFolder.existing(folder / side / "run") for side in SIDES)
        return before, after, folder

    facts = {"generator": generator, "seed": seed, "folder": folder.name}
    return Trial(run, edit, retrained(train, audit), questions, audited, facts=facts, n_random=1)


def draw_trade_off(run: RunFolder) -> bool:
    """Set every edit tried on this run, with what it costs, beside its unedited twin; false if nothing was measured.

    An edit that was cut short left no verdicts and has no place in it.
    """
    points = []
    for folder in sorted((run.path / "edits").iterdir()):
        for side in SIDES:
            made = RunFolder(folder / side / "run")
            if not made.verdicts_path.exists():
                continue
            quality = next((made.facts["utility"][u] for u in QUALITY if u in made.facts.get("utility", {})), None)
            copied = [v.main for v in made.verdicts if v.method == nearest_row.card.name]  # type: ignore[attr-defined]
            if quality is not None and copied and copied[0].value is not None:
                points.append(Point(f"{folder.name}, {side}", copied[0], Estimate(**quality)))
    if points:
        words = {"privacy": "share copied beyond the null", "quality": points[-1].quality.unit}
        save_trade_off(points, run.findings_folder / "trade_off.json", **words)
        note_outputs(run, [run.findings_folder / "trade_off.json"])
    return bool(points)


def _trained_and_audited(
    run: RunFolder, folder: Path, train: pd.DataFrame, edited: str, generator: str, seed: int, table: pd.DataFrame
) -> RunFolder:
    """The audit of what the generator makes after it learned this table; one that is no side is a random edit."""
    corpus = run.corpus
    schema = corpus.rows.schema
    digest = Rows.of(table, schema).digest
    side = "before" if table is train else "after" if digest == edited else f"random-{digest[:8]}"
    real = [_with_owners(corpus, role) for role in ("member", "nonmember")]
    made = _made(folder / side, table, schema, int((corpus.roles == "member").sum()), generator, seed)
    whose = f"{side} the edit" if side in SIDES else "after a random edit of the same size"
    log.info("Auditing what the generator made %s.", whose)
    same = {name: run.facts["command"][name] for name in ("metric", "scale", "profile")}
    return audit_table(
        real[0], made, real[1], target=schema.target, entity=schema.entity, out=folder / side / "run",
        kinds={c.name: c.kind for c in schema.columns}, seed=seed, **same,
    )  # fmt: skip


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
