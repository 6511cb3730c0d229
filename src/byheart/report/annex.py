"""Which part of the evidence for a model's anonymity does this run supply, and which part must come from elsewhere?

The order is that of paragraphs 55 to 58 of Opinion 28/2024 of the European Data Protection Board: testing and
resistance to attacks (55), then documentation (56 to 58). The headings are our own words, not quotations; no paragraph
is met by a measurement alone, and the annex says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from byheart.core.atomic import write_text
from byheart.core.run import RunFolder
from byheart.core.verdict import Verdict
from byheart.report.evidence import Evidence
from byheart.report.markdown import bullets, claims_table, of, plain, provenance
from byheart.report.part import Part, part_of
from byheart.report.provenance import time_spent
from byheart.report.subject import Subject
from byheart.report.words import said, tally

LEFT = "*To be supplied by the controller:*"


def write_annex(run: RunFolder) -> Path:
    """Write `annex.md`."""
    evidence = Evidence.of(run)
    part = part_of(evidence)
    subject = part.subject
    parts = [
        "# Evidence annex",
        "Arranged after paragraphs 55 to 58 of EDPB Opinion 28/2024 (17 December 2024), in our own words; read it "
        f"beside the Opinion. {subject.opening} It is not a finding of anonymity, not a legal opinion, and it does not "
        "replace an assessment by the controller.",
        *_tests(part, evidence), *_accountability(), *_examined(evidence, subject), *_file(part, evidence),
    ]  # fmt: skip
    path = run.path / "annex.md"
    write_text("\n\n".join(p for p in parts if p) + "\n", path)
    return path


def _tests(part: Part, evidence: Evidence) -> list[str]:
    tell, subject = part.telling(evidence), part.subject
    by_threat: dict[str, list[Verdict]] = {}
    for v in evidence.verdicts:
        by_threat.setdefault(subject.threat_of(v), []).append(v)
    parts = ["## Paragraph 55: tests and resistance to attacks", plain(tally(evidence.verdicts))]
    for threat in subject.threats:
        none = f"No claim about {threat} was tested in this run."
        parts += [f"### {threat.capitalize()}", claims_table(by_threat.get(threat, [])) or none]
        if threat == subject.threats[0]:
            parts.append(part.counted(evidence))
    if "" in by_threat:
        parts += ["### Other measurements", claims_table(by_threat[""])]
    return [
        *parts, "### Not tested by this run", bullets([*subject.untested, *_untested_roles(evidence, subject)]),
        "Scope: the tests cover the attacks named above, on the records named below, at one time. Resistance to them "
        f"says nothing about attacks that are not named, {subject.tried}, or attacks found later.",
        bullets([of(methods, tell(s)) for methods, s in part.unlicensed(evidence)]),
        bullets([of(methods, tell(s)) for methods, s in said(evidence.verdicts, shown=True)]),
    ]  # fmt: skip


def _untested_roles(evidence: Evidence, subject: Subject) -> list[str]:
    missing = [words for role, words in subject.needs if not evidence.count(role)]
    return [f"anything that needs {words}: the run has none" for words in missing]


def _accountability() -> list[str]:
    return [
        "## Paragraph 56: accountability and records of processing",
        f"{LEFT} the records of processing that cover training and release, and whether a data protection impact "
        "assessment was made. A measurement cannot supply them.",
    ]


def _examined(evidence: Evidence, subject: Subject) -> list[str]:
    verdicts: Sequence[Verdict] = evidence.verdicts
    shown = [v for v in verdicts if v.decision == "shown"]
    if shown:
        finding = (
            f"{len(shown)} claim{'s' if len(shown) > 1 else ''} of memorization {'are' if len(shown) > 1 else 'is'} "
            f"shown. {subject.explain}"
        )
    else:
        finding = (
            "No claim of memorization is shown. That is not evidence of absence beyond what the power statements in "
            "the list above say."
        )
    return ["## Paragraph 57: what a claim of anonymity has to stand on", finding]


def _file(part: Part, evidence: Evidence) -> list[str]:
    spent = bullets([f"{name}: {value}" for name, value in time_spent(evidence.facts)[-1:]])
    return [
        "## Paragraph 58: what the file should hold",
        "### Impact assessments and the advice of the data protection officer", f"{LEFT} both, or why there is none.",
        "### Measures taken in design, with the threat model behind them",
        f"{LEFT} {part.subject.measures}",
        "### Measures through the life of the system",
        f"{LEFT} what is repeated when, and what a failed test triggers. "
        "This run can be repeated with the commands below; `byheart audit --fail-on shown` stops a release.",
        "### How the tests were made, by whom, when and on what", _scope(part, evidence), provenance(part, evidence),
        spent,
        "### Results", "Under paragraph 55 above, and in `verdicts.json` and `report.html` beside this file.",
        "### What those who use it are told",
        f"{LEFT} the model card or data sheet; its section on memorization is `report.md` beside this file.",
    ]  # fmt: skip


def _scope(part: Part, evidence: Evidence) -> str:
    counts = ", ".join(part.counts(evidence)) or "no records"
    tell = part.telling(evidence)
    notes = bullets([tell(s) for s in evidence.facts.get("notes", [])])
    return plain(f"Records: {counts}. {LEFT.strip('*')} who ran the audit.") + (f"\n\n{notes}" if notes else "")
