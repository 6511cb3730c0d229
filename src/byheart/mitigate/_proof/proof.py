"""What a cure leaves as evidence: six lines, each measured or with the reason why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from byheart.core.verdict import Estimate

SCHEMA = "byheart.proof/1"
LINES = {
    "targets": "Can the targets still be brought out?",
    "weights": "Does the model still hold the targets?",
    "bystanders": "Is what was memorized and not to be touched still there?",
    "held out": "What does it cost on data never seen?",
    "behaviour": "What else does the model do differently?",
    "relearning": "Do the targets come back after a few steps of fine-tuning?",
}
"""What every proof answers, by name and in this order."""
STEPS = 20
"""Of relearning, unless another number is asked for."""


@dataclass(frozen=True)
class Relearning:
    """How long a model is taught.

    Args:
        steps: updates of AdamW.
        lr: its rate; None is 3e-4 up to ten million weights and 5e-5 beyond.
        batch_size: records per update.
    """

    steps: int = STEPS
    lr: float | None = None
    batch_size: int = 8


@dataclass(frozen=True)
class Line:
    """One of the six, before and after the edit.

    Args:
        before, after: the number without and with the edit; None where it has no such side.
        change: after less before, record by record where the same records were asked.
        random: the number after under random edits of the same size.
        worse: whether a rise or a fall of it is harm.
        note: what to know of it; without any number, why there is none.
    """

    before: Estimate | None = None
    after: Estimate | None = None
    change: Estimate | None = None
    random: Estimate | None = None
    worse: Literal["rise", "fall", ""] = ""
    note: str = ""

    def __post_init__(self) -> None:
        if not self.note and self.is_absent:
            raise ValueError("a line without a number says why in its note")

    @property
    def is_absent(self) -> bool:
        """Whether it has no number."""
        return self.before is None and self.after is None and self.change is None

    @property
    def harm(self) -> Estimate | None:
        """The change, upwards where it is harm; None where it was not measured."""
        e = self.change
        return e if e is None or e.value is None or self.worse != "fall" else negative(e)


def negative(e: Estimate) -> Estimate:
    """The same number and interval with the sign turned."""
    value, low, high = (None if x is None else -x for x in (e.value, e.high, e.low))
    return Estimate(value, low, high, e.n, e.unit, e.how, e.level)


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the answers before and after say, ready to be weighed.

    Args:
        lines: all of `LINES`.
        estimates: further numbers by name, with those of the lines that have names of their own in the family.
        beyond: how much further the edit goes than random edits of its size, upwards; None without them.
        p: how often a random edit of the same size does as much; None where too few were drawn to tell.
        n_leaking: targets that leaked before.
        n_random: random edits drawn.
        records: per record `id`, `role`, `before` and `after` (leaks or not), and what else the family tells.
    """

    lines: dict[str, Line]
    estimates: dict[str, Estimate]
    beyond: Estimate | None
    p: float | None
    n_leaking: int
    n_random: int
    records: dict[str, np.ndarray]

    def __post_init__(self) -> None:
        if list(self.lines) != list(LINES):
            raise ValueError(f"a proof has the lines {', '.join(LINES)}; got {', '.join(self.lines)}")


@dataclass(frozen=True, eq=False)
class Proof:
    """What an edit does.

    Args:
        decision: `controls`, `does not control` (of a probe: `detects but does not control`), `costs too much` or
            `inconclusive`.
        sentence: the same in a sentence, with its numbers.
        p: how often a random edit of the same size disturbs what leaks as much; None where that was not measured.
        estimates: by name, each with its interval.
        caveats: to be read first.
        records: per record that may leak: `id`, `role`, `before` and `after` (whether it leaks), and what else the
            family tells (for texts `stretch_before`, `stretch_after`: longest stretch in common with the truth, tokens;
            -1 where it was not generated).
        lines: the six of `LINES`.
    """

    decision: str
    sentence: str
    p: float | None
    estimates: dict[str, Estimate]
    caveats: tuple[str, ...] = ()
    records: dict[str, np.ndarray] = field(default_factory=dict)
    lines: Mapping[str, Line] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it, without the records and the lines."""
        told = {name: e.__dict__ for name, e in self.estimates.items()}
        return {
            "decision": self.decision, "sentence": self.sentence, "p": self.p, "estimates": told,
            "caveats": list(self.caveats),
        }  # fmt: skip

    def lines_to_list(self) -> list[dict[str, Any]]:
        """The lines as JSON holds them, in order."""
        return [{"name": name, "question": LINES[name], **asdict(line)} for name, line in self.lines.items()]
