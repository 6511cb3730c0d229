"""What does the report of one kind of run say that others do not? A `Part` for each, found by the name of the kind.

`byheart.report.KIND.part` holds it as `PART`. A package of one's own brings one through the entry-point group
`byheart.parts` (`KIND = "package.module:PART"`). A run folder names its kind and never a module: opening a folder that
somebody else made must not run what it asks for.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from byheart.core.errors import RunError
from byheart.core.verdict import Verdict
from byheart.report import words
from byheart.report.evidence import Evidence
from byheart.report.subject import MODEL, Subject

GROUP = "byheart.parts"
UNSAID = "text"  # audits of texts are older than the field that names the kind, and leave it out
ROLE_WORDS = (
    ("member", "training record", "training records"),
    ("nonmember", "control", "controls"),
    ("canary", "planted canary", "planted canaries"),
    ("canary_control", "twin never planted", "twins never planted"),
    ("synthetic", "synthetic record", "synthetic records"),
    ("unknown", "record of unknown role", "records of unknown role"),
)
Page = tuple[dict[str, Any], dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class Part:
    """What one kind of run adds to page, model card and annex; whatever is left out is said as of any model.

    Args:
        home: name of the module beside which the template lies; `__name__` where there is one.
        template: of the page; extends `report.html.jinja`.
        page: what the template says, above all its `headline`, and the charts by the id of their place; takes whether
            text may be shown in clear.
        card: headline of the model card, and in markdown what follows its claims.
        counted: in markdown, plain counts for the annex, under its first threat.
        subject: how the annex speaks of what was audited.
        missing: sentences on what a run may lack, each with whether it is there.
        roles: role, one record of it in words, several.
        masking: makes of a run what masks a sentence of it beyond personal data.
        unnamed: what was audited, where the run does not name it.
        made_from: facts that open the list of what the run was made with.
        baseline: what the baseline of a claim is called; where it may be coincidence it is not blind.
        items: by this type of records a run is known that does not say its kind; for byheart's own.
    """

    home: str = "byheart.report"
    template: str = "report.html.jinja"
    page: Callable[[Evidence, bool], Page] = lambda evidence, show_text: ({}, {})
    card: Callable[[Evidence], tuple[str, str]] = lambda evidence: (words.claims_headline(evidence.verdicts), "")
    counted: Callable[[Evidence], str] = lambda evidence: ""
    subject: Subject = MODEL
    missing: Callable[[Evidence], Mapping[str, bool]] = lambda evidence: {}
    roles: tuple[tuple[str, str, str], ...] = ROLE_WORDS
    masking: Callable[[Evidence], Callable[[str], str]] = lambda evidence: str
    unnamed: str = "the model"
    made_from: tuple[str, ...] = ("model", "reference")
    baseline: str = "blind baseline"
    items: type | None = None

    def name(self, evidence: Evidence) -> str:
        """Name of what was audited, as the command gave it; its folder is nobody's business."""
        facts = evidence.facts
        name = str(facts.get("model") or facts.get("command", {}).get("model") or self.unnamed)
        return Path(name).name or name

    def counts(self, evidence: Evidence) -> list[str]:
        """The make-up of the corpus in words, one phrase per role that is there."""
        counts = [(evidence.count(role), one, many) for role, one, many in self.roles]
        return [f"{n:,} {one if n == 1 else many}" for n, one, many in counts if n]

    def telling(self, evidence: Evidence, show_text: bool = False) -> Callable[[Any], str]:
        """`words.sentence` for the sentences of this run."""
        if show_text:
            return partial(words.sentence, show_text=True)
        mask = self.masking(evidence)
        return lambda text: words.sentence(mask(str(text)))

    def unlicensed(self, evidence: Evidence) -> list[tuple[list[str], str]]:
        """What the data do not license: missing parts of the run, then caveats of the claims that are not shown."""
        there = {"The audit has not come to its verdicts; run it again to continue.": bool(evidence.verdicts)}
        missing = [sentence for sentence, is_there in (there | dict(self.missing(evidence))).items() if not is_there]
        return [*(([], s) for s in missing), *words.said(evidence.verdicts, shown=False)]


def part_of(evidence: Evidence) -> Part:
    """The part of a run's kind.

    Raises:
        RunError: if nothing installed knows the kind; a page that does not know what to mask is not written.
    """
    if evidence.kind:
        part = part_named(evidence.kind)
        if part is None:
            raise RunError(
                f"no report is known for a run of kind {evidence.kind!r}, only for {', '.join(kinds())}; "
                "install the package that made the run"
            )
        return part
    items = None if evidence.corpus is None else evidence.corpus.items
    known = (part for part in map(_own, _rooms()) if part.items is not None and isinstance(items, part.items))
    return next(known, None) or _own(UNSAID)


@cache
def part_named(kind: str) -> Part | None:
    """The part of this kind; None if neither byheart nor another package has it."""
    if not kind.isidentifier():
        return None
    room = f"{__package__}.{kind}"
    try:
        return _own(kind)
    except ModuleNotFoundError as e:
        if e.name not in (room, f"{room}.part"):
            raise
    return next((point.load() for point in entry_points(group=GROUP, name=kind)), None)


def kinds() -> list[str]:
    """The kinds of runs that a report can be written of, sorted."""
    return sorted({*_rooms(), *(point.name for point in entry_points(group=GROUP))})


def baseline_word(verdict: Verdict) -> str:
    """What the baseline of a claim is called, by the family of its method."""
    part = part_named(verdict.family)
    return Part.baseline if part is None else part.baseline


def _rooms() -> list[str]:
    return [room.name for room in pkgutil.iter_modules(importlib.import_module(__package__).__path__) if room.ispkg]


def _own(kind: str) -> Part:
    part: Part = importlib.import_module(f"{__package__}.{kind}.part").PART
    return part
