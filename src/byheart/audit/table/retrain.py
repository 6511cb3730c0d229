"""What does an edit of the training table do to what a generator copies, and what does it cost?"""

from __future__ import annotations

from pathlib import Path

from byheart.audit.curing import Cured, cure
from byheart.audit.sources import Sources
from byheart.audit.table.curing import draw_trade_off, trial
from byheart.core.edit import Edit
from byheart.core.run import RunFolder
from byheart.report import write_all
from byheart.report.compare import Change


def retrain_and_measure(
    path: Path | str, edit: Edit, *, generator: str, n_random: int | None = None, seed: int = 0
) -> tuple[list[Change], Path]:
    """What `retrain_and_prove` finds, without the proof: the changes, and the folder that holds them."""
    cured = retrain_and_prove(path, edit, generator=generator, n_random=n_random, seed=seed)
    assert cured.folder is not None, "the second audit was asked for"
    return cured.changes, cured.folder


def retrain_and_prove(
    path: Path | str, edit: Edit, *, generator: str, n_random: int | None = None, seed: int = 0
) -> Cured:
    """Train the generator without and with the edit, audit both, prove the edit and compare.

    Args:
        path: a run folder of `audit table`, with control rows.
        edit: of data, such as `tabcutmix` makes.
        generator: what `load_synthesizer` takes: `tabddpm`, `tabsyn` or `package.module:Class`.
        n_random: random edits of the same size that the generator is also trained after, each a training and an audit;
            None for one.
        seed: of all trainings and audits.

    Returns:
        The proof; each claim, each utility and each line of the proof, before and after; and the folder, below `edits/`
        in the run's, that holds the edited training table, the synthetic tables, the audits and the comparison. Its
        name tells edit, generator and what the result depends on, so that what is there already is used again.

    Raises:
        UsageError: if the run is not one of tables, or the edit not one of data.
    """
    run = RunFolder.existing(path)
    cured = cure(trial(Sources(run), edit, generator=generator, seed=seed), n_random=n_random)
    draw_trade_off(run)
    write_all(run)
    return cured
