"""Which part of the evidence for a model's anonymity does this run supply, and which part must come from elsewhere?

The order is that of paragraphs 55 to 58 of Opinion 28/2024 of the European Data Protection Board: testing and
resistance to attacks (55), then documentation (56 to 58). The headings are our own words, not quotations; no paragraph
is met by a measurement alone, and the annex says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from byheart.core.atomic import write_text
from byheart.core.run import RunFolder
from byheart.core.verdict import Verdict
from byheart.report.evidence import Evidence
from byheart.report.markdown import bullets, claims_table, of, plain, provenance, stretches
from byheart.report.provenance import time_spent
from byheart.report.table.words import told
from byheart.report.text.recitation import Recital, recital
from byheart.report.words import said, tally, telling, unlicensed

LEFT = "*To be supplied by the controller:*"
ATTACKS = {
    "regurgitation of training data": (
        "extraction", "extraction_strength", "exact_memorization", "k_memorization", "near_verbatim", "exposure",
        "probabilistic_extraction", "cdd", "verbatim",
    ),
    "membership inference": (
        "loss", "zlib", "lowercase", "reference", "window", "min_k", "min_k_plus_plus", "surp", "dc_pdd", "recall",
        "con_recall", "gradnorm", "lira", "rmia", "dataset_inference", "counterfactual",
    ),
}  # fmt: skip
UNTESTED = (
    "attribute inference",
    "exfiltration of the weights",
    "model inversion",
    "reconstruction of records from gradients",
)
TABLE_ATTACKS = {
    "regurgitation of training data": ("nearest_row", "copied_record", "closest_record", "repeated_values"),
    "membership inference": ("row_membership",),
    "singling out": ("singling_out", "anonymeter_singling_out"),
    "linkability": ("anonymeter_linkability",),
    "attribute inference": ("anonymeter_inference",),
}


class Subject(NamedTuple):
    """How the annex speaks of what was audited."""

    opening: str
    attacks: Mapping[str, Sequence[str]]
    untested: Sequence[str]
    needs: Sequence[tuple[str, str]]
    tried: str
    explain: str
    measures: str


MODEL = Subject(
    "It records one audit of one model.",
    ATTACKS,
    UNTESTED,
    (("member", "training records"), ("nonmember", "a control"), ("canary", "planted canaries")),
    "prompts that were not tried",
    "A claim that this model holds no personal data has to explain that, or show that the recited records hold none.",
    "choice and cleaning of the sources, training choices, filters on the output. The threat model of this audit: "
    "someone who holds the model, and for membership also the records in question; prompts are the records' own "
    "beginnings.",
)
TABLE = Subject(
    "It records one audit of one synthetic table, against the table its generator was trained on. The Opinion speaks "
    "of models; a synthetic table is what one gives away, and is arranged in the same way. Singling out, linkability "
    "and inference are the criteria of Opinion 05/2014 on anonymisation.",
    TABLE_ATTACKS,
    (
        "exfiltration of the generator, and attacks on its weights or gradients: this run saw only the table it made",
        "attacks that put several synthetic tables of one generator together",
    ),
    (("member", "training rows"), ("nonmember", "held-out rows"), ("synthetic", "synthetic rows")),
    "knowledge about persons beyond these columns",
    "A claim that this table holds no personal data has to explain that, or show that the copied rows hold none.",
    "choice of columns, coarsening, training of the generator, cures against copying, privacy guarantees. The threat "
    "model of this audit: someone who holds the synthetic table, and for membership also the row in question.",
)


def write_annex(run: RunFolder) -> Path:
    """Write `annex.md`."""
    evidence = Evidence.of(run)
    subject = TABLE if evidence.family == "table" else MODEL
    recited = None if evidence.family == "benchmark" else recital(evidence.shards("token_logprobs"))
    parts = [
        "# Evidence annex",
        "Arranged after paragraphs 55 to 58 of EDPB Opinion 28/2024 (17 December 2024), in our own words; read it "
        f"beside the Opinion. {subject.opening} It is not a finding of anonymity, not a legal opinion, and it does not "
        "replace an assessment by the controller.",
        *_tests(evidence, recited, subject), *_accountability(), *_examined(evidence, subject),
        *_file(evidence, subject),
    ]  # fmt: skip
    path = run.path / "annex.md"
    write_text("\n\n".join(p for p in parts if p) + "\n", path)
    return path


def _tests(evidence: Evidence, recited: Recital | None, subject: Subject) -> list[str]:
    tell = telling(evidence)
    parts = ["## Paragraph 55: tests and resistance to attacks", plain(tally(evidence.verdicts))]
    for attack, methods in subject.attacks.items():
        found = [v for v in evidence.verdicts if v.method in methods]
        none = f"No claim about {attack} was tested in this run."
        parts += [f"### {attack.capitalize()}", claims_table(found) or none]
        if attack.startswith("regurgitation"):
            parts.append(bullets(told(evidence)) if subject is TABLE else plain(stretches(recited)))
    known = {m for methods in subject.attacks.values() for m in methods}
    others = [v for v in evidence.verdicts if v.method not in known]
    parts += ["### Other measurements", claims_table(others)] if others else []
    return [
        *parts, "### Not tested by this run", bullets([*subject.untested, *_untested_roles(evidence, subject)]),
        "Scope: the tests cover the attacks named above, on the records named below, at one time. Resistance to them "
        f"says nothing about attacks that are not named, {subject.tried}, or attacks found later.",
        bullets([of(methods, tell(s)) for methods, s in unlicensed(evidence)]),
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


def _file(evidence: Evidence, subject: Subject) -> list[str]:
    spent = bullets([f"{name}: {value}" for name, value in time_spent(evidence.facts)[-1:]])
    return [
        "## Paragraph 58: what the file should hold",
        "### Impact assessments and the advice of the data protection officer", f"{LEFT} both, or why there is none.",
        "### Measures taken in design, with the threat model behind them",
        f"{LEFT} {subject.measures}",
        "### Measures through the life of the system",
        f"{LEFT} what is repeated when, and what a failed test triggers. "
        "This run can be repeated with the commands below; `byheart audit --fail-on shown` stops a release.",
        "### How the tests were made, by whom, when and on what", _scope(evidence), provenance(evidence), spent,
        "### Results", "Under paragraph 55 above, and in `verdicts.json` and `report.html` beside this file.",
        "### What those who use it are told",
        f"{LEFT} the model card or data sheet; its section on memorization is `report.md` beside this file.",
    ]  # fmt: skip


def _scope(evidence: Evidence) -> str:
    counts = ", ".join(evidence.counts()) or "no records"
    notes = bullets([telling(evidence)(s) for s in evidence.facts.get("notes", [])])
    return plain(f"Records: {counts}. {LEFT.strip('*')} who ran the audit.") + (f"\n\n{notes}" if notes else "")
