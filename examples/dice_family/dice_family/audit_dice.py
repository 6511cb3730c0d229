"""Does a die know by heart the throws it was taught, and how sure are we?

die + throws -> surprise -> scores -> verdicts -> report
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from byheart.audit.folder import begin, conclude, finish
from byheart.audit.judging import judge_scores
from byheart.audit.measuring import measure_all, records_of
from byheart.audit.profiles import profile_named
from byheart.core.run import RunFolder
from byheart.data.sources import source_facts
from byheart.data.text.read import read

from .die import open_die
from .surprise import surprise


def audit_dice(
    model: str,
    members: str,
    control: str | None = None,
    *,
    out: Path | None = None,
    seed: int = 0,
    profile: str = "routine",
    limit: int | None = None,
    show_text: bool = False,
    command_line: str | None = None,
) -> RunFolder:
    """Audit a die end to end.

    Args:
        model: File of a die.
        members: Throws it was taught.
        control: Throws like them that it never saw.
        out: run folder.
        seed: everything random follows from it.
        profile: smoke, routine or powered.
        limit: records of each set at most.
        show_text: throws in clear in the report.
        command_line: what the user typed, for the report.

    Returns:
        The run folder, with verdicts and report in it.
    """
    chosen, die = profile_named(profile), open_die(model)
    corpus = read(members, role="member", limit=limit)
    if control is not None:
        corpus = corpus + read(control, role="nonmember", limit=limit)
    command: dict[str, Any] = {
        "verb": "audit dice", "model": die.digest, "corpus": corpus.digest, "seed": seed, "profile": profile,
    }  # fmt: skip
    files = {"model": model, "members": members, "control": control}
    run = begin(
        command, corpus, die.name, members, out=out, command_line=command_line, family="dice",
        data={name: source_facts(file) for name, file in files.items() if file is not None},
    )  # fmt: skip
    with run.step("surprise"):
        bits = surprise(die, corpus, seed=seed)
        bits.save(run.signals_folder("surprise") / "shard-00000.safetensors")
    with run.step("scores"):
        scores = measure_all({**records_of(corpus), "surprise": bits}, run, family="dice", seed=seed)
    conclude(run, judge_scores(scores, chosen, seed=seed), notes=[])
    return finish(run, show_text=show_text)
