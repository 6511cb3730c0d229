"""How does a build server learn that a model must not be released? As JUnit XML, one test case per claim."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from byheart.core.atomic import write_text
from byheart.core.errors import UsageError
from byheart.core.verdict import Verdict
from byheart.report.terminal import verdict_lines
from byheart.report.words import estimate_words, p_words, safe

GATES = ("shown", "inconclusive")


def write_junit(verdicts: Sequence[Verdict], path: Path, fail_on: str = "shown") -> None:
    """Write one test case per claim.

    A claim that is shown is a failure. One that is inconclusive is a failure with `fail_on="inconclusive"`, else it is
    skipped with its reason; so is an audit without any verdict.

    Args:
        verdicts: of one run.
        path: of the XML file.
        fail_on: `shown` or `inconclusive`.

    Raises:
        UsageError: if `fail_on` is neither.
    """
    if fail_on not in GATES:
        raise UsageError(f"--fail-on is one of {', '.join(GATES)}; got {fail_on!r}")
    cases = [_case(v, fail_on) for v in verdicts] or [_nothing(fail_on)]
    counts = {tag: str(sum(c.find(kind) is not None for c in cases)) for tag, kind in
              (("failures", "failure"), ("skipped", "skipped"))}  # fmt: skip
    suite = ElementTree.Element("testsuite", {"name": "byheart", "tests": str(len(cases)), "errors": "0", **counts})
    suite.extend(cases)
    root = ElementTree.Element("testsuites", suite.attrib)
    root.append(suite)
    ElementTree.indent(root)
    write_text('<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n", path)


def _case(verdict: Verdict, fail_on: str) -> ElementTree.Element:
    name = {"classname": f"byheart.{verdict.family}.{verdict.method}", "name": safe(verdict.claim)}
    case = ElementTree.Element("testcase", name)
    tag = _outcome(verdict.decision, fail_on)
    if tag:
        numbers = f"{verdict.decision}: {estimate_words(verdict.main)}, {p_words(verdict.p)}"
        message = numbers if verdict.decision == "shown" else f"{verdict.decision}: {verdict.caveats[0]}"
        outcome = ElementTree.SubElement(case, tag, {"message": safe(message), "type": verdict.decision})
        outcome.text = "\n".join(verdict_lines([verdict])[:-2])
    return case


def _outcome(decision: str, fail_on: str) -> str:
    if decision == "shown" or decision == fail_on:
        return "failure"
    return "skipped" if decision == "inconclusive" else ""


def _nothing(fail_on: str) -> ElementTree.Element:
    case = ElementTree.Element("testcase", {"classname": "byheart", "name": "The audit comes to a verdict."})
    tag = _outcome("inconclusive", fail_on)
    ElementTree.SubElement(case, tag, {"message": "the audit made no claim", "type": "inconclusive"})
    return case
