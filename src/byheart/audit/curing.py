"""Does a cure work? `byheart mitigate NAME RUN --then measure`, one way for every method and every family of model.

A method gives an edit. The family of the run says what the edit acts on, what is asked, and how the second audit is
made: `trial` in `audit/FAMILY/curing.py`, found by name. What comes out is a proof in the run,
`findings/NAME_edit.json`, and with the second audit a comparison that holds the proof too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from byheart.audit.sources import Sources
from byheart.audit.verify import note_outputs
from byheart.core.atomic import write_json, write_parquet
from byheart.core.digest import digest_json
from byheart.core.edit import Edit
from byheart.core.errors import UsageError
from byheart.core.run import RunFolder
from byheart.mitigate._proof.lessons import STEPS, Relearning
from byheart.mitigate._proof.proof import LINES, SCHEMA, Proof
from byheart.mitigate._proof.prove import Made, Questions, Weighed, prove
from byheart.report.compare import Change, change_lines, compare_runs, write_comparison


@dataclass(frozen=True, eq=False)
class Trial:
    """An edit and what it is tried on.

    Args:
        run: where the proof goes.
        edit: with its control draws.
        made: from an edit to the edited thing.
        questions: what is asked of it.
        audited: audits without and with the edit; their folders, and the folder below `edits/` that holds them.
        paired: whether the comparison tells only what both audits measured.
        facts: what else is to be known of the edit, for JSON.
        caveats: to be read after those of the proof.
        weighed: how the evidence is weighed, where the general way does not say enough.
        step: what the run calls the time it takes.
        n_random: random edits of the same size that it is compared with, unless another number is asked for.
    """

    run: RunFolder
    edit: Edit
    made: Made
    questions: Questions[Any]
    audited: Callable[[], tuple[RunFolder, RunFolder, Path]]
    paired: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)
    caveats: tuple[str, ...] = ()
    weighed: Weighed | None = None
    step: str = "proof"
    n_random: int = 20

    @property
    def name(self) -> str:
        """Of its files among the findings."""
        return f"{self.edit.card.name}_edit"


@dataclass(frozen=True, eq=False)
class Cured:
    """What came of it.

    Args:
        proof: what the edit does.
        changes: each claim and each utility before and after, then the lines of the proof; none without a second audit.
        folder: below `edits/`, holds the second audit and the comparison; None without.
    """

    proof: Proof
    changes: list[Change] = field(default_factory=list)
    folder: Path | None = None


@dataclass(frozen=True)
class Proving:
    """How much is asked of an edit on the command line.

    Args:
        then: measure, to audit the edited thing too and see what comes back; None for the numbers alone.
        random: random edits of the same size to compare with; None for as many as the kind of audit can afford.
        relearn: with `then`, steps of fine-tuning after which is asked what comes back; 0 leaves it out.

    Raises:
        UsageError: if one of them has no meaning.
    """

    then: str | None = None
    random: int | None = None
    relearn: int = STEPS

    def __post_init__(self) -> None:
        if self.then not in (None, "measure"):
            raise UsageError(f"--then is measure; got {self.then!r}")
        if self.relearn < 0 or (self.random or 0) < 0:
            raise UsageError(f"--relearn and --random are 0 or more; got {self.relearn} and {self.random}")

    @property
    def relearning(self) -> Relearning | None:
        """How the edited model is taught; None where it is not."""
        return Relearning(steps=self.relearn) if self.then and self.relearn else None

    def arguments(self) -> dict[str, Any]:
        """As `cure` takes them."""
        return {"n_random": self.random, "relearning": self.relearning, "audit_again": self.then is not None}


def trial_of(sources: Sources, edit: Edit, **options: Any) -> Trial:
    """The trial of an edit on a run, as the run's family has it.

    Args:
        sources: of a finished audit.
        edit: of a kind that the family can try.
        **options: what the family's `trial` takes.

    Raises:
        UsageError: if the family has no way to try an edit.
    """
    trial: Trial = room_of(str(sources.run.facts.get("family") or "text")).trial(sources, edit, **options)
    return trial


def room_of(family: str) -> Any:
    """The file of a family that says how an edit is tried: its `trial`, and what that `NEEDS` of the sources.

    Raises:
        UsageError: if the family has none.
    """
    room = f"byheart.audit.{family}.curing"
    if find_spec(room.rpartition(".")[0]) is None or find_spec(room) is None:
        raise UsageError(f"no cure can be tried on a run of `audit {family}`")
    return import_module(room)


def cure_lines(sources: Sources, edit: Edit, proving: Proving, options: Mapping[str, Any]) -> list[str]:
    """Try an edit on a run, as a command does; lines for a reader.

    Args:
        sources: of a finished audit.
        edit: what a method of `mitigate/` made for it.
        proving: how much is asked.
        options: what the family's `trial` takes.
    """
    return told(cure(trial_of(sources, edit, **options), **proving.arguments()))


def told(cured: Cured) -> list[str]:
    """The proof, its numbers, and what changed, as plain lines."""
    proof = cured.proof
    numbers = [f"  {name}: {estimate} ({estimate.unit})" for name, estimate in proof.estimates.items()]
    lines = [proof.sentence, *proof.caveats, *numbers]
    if cured.folder is None:
        return lines
    page = f"Before and after: {cured.folder / 'comparison.html'}"
    return [*lines, "", *change_lines(cured.changes), *absent_lines(proof), "", page]


def absent_lines(proof: Proof) -> list[str]:
    """The lines of a proof without a number, each with the reason."""
    return [f"{LINES[name]} {line.note}" for name, line in proof.lines.items() if line.is_absent]


def cure(
    trial: Trial, *, n_random: int | None = None, relearning: Relearning | None = None, audit_again: bool = True
) -> Cured:
    """Prove the edit, keep the proof in the run, and compare a second audit with the first.

    `findings/NAME_edit.json` is described in docs/proof.md. After a second audit it holds `lines` too, and so does
    `proof` in that audit's run.json, where `byheart compare` finds it.

    Args:
        trial: the edit and what it is tried on.
        n_random: random edits of the same size that it is compared with; None for as many as the trial says.
        relearning: how an edited model is fine-tuned to see what comes back; None leaves it out.
        audit_again: whether the edited thing is also audited.
    """
    n_draws = trial.n_random if n_random is None else n_random
    with trial.run.step(trial.step):
        proof = prove(
            trial.made, trial.edit, trial.questions, n_random=n_draws, relearning=relearning, weighed=trial.weighed
        )
    proof = replace(proof, caveats=(*proof.caveats, *trial.caveats))
    _keep(trial, proof, with_lines=audit_again)
    if not audit_again:
        return Cured(proof)
    before, after, folder = trial.audited()
    of = digest_json(before.facts["command"])
    after.update(proof={"method": trial.edit.card.name, "of": of, "lines": proof.lines_to_list()})
    changes = compare_runs(before, after)
    if trial.paired:
        changes = [c for c in changes if c.after is not None and (c.before is not None or c.name.startswith("proof"))]
    write_comparison(changes, before, after, folder / "comparison.html")
    return Cured(proof, changes, folder)


def _keep(trial: Trial, proof: Proof, *, with_lines: bool) -> None:
    """Write what the edit does into the run."""
    run, card = trial.run, trial.edit.card
    facts = {"schema": SCHEMA, "method": card.name, "kind": trial.edit.kind, **proof.to_dict(), **trial.facts}
    if with_lines:
        facts["lines"] = proof.lines_to_list()
    write_json(facts, run.findings_folder / f"{trial.name}.json")
    if proof.records:
        write_parquet(pd.DataFrame(proof.records), run.findings_folder / f"{trial.name}.parquet")
    note_outputs(run, run.findings_folder.glob(f"{trial.name}.*"))
