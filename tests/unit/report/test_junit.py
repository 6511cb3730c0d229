"""JUnit XML as a build server reads it."""

from xml.etree import ElementTree

import pytest

from byheart.core.errors import UsageError
from byheart.core.verdict import Estimate, Verdict
from byheart.report.junit import write_junit


def outcomes(path):
    return [next((child.tag for child in case), "passed") for case in ElementTree.parse(path).iter("testcase")]


@pytest.mark.parametrize(
    ("fail_on", "expected"),
    [
        ("shown", ["failure", "failure", "passed", "skipped"]),
        ("inconclusive", ["failure", "failure", "passed", "failure"]),
    ],
)
def test_decisions_become_outcomes(sim, tmp_path, fail_on, expected):
    path = tmp_path / "gate.xml"
    write_junit(sim.simulated_verdicts(), path, fail_on)
    assert outcomes(path) == expected
    suite = ElementTree.parse(path).find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("4", str(expected.count("failure")))
    assert suite.get("skipped") == str(expected.count("skipped"))


def test_messages_say_why(sim, tmp_path):
    path = tmp_path / "gate.xml"
    write_junit(sim.simulated_verdicts(), path)
    messages = [child.get("message") for case in ElementTree.parse(path).iter("testcase") for child in case]
    assert messages[0] == "shown: 0.74 (95 % interval 0.65 to 0.83), p = 0.0004"
    assert messages[-1] == "inconclusive: No reference model was given."


def test_no_verdict_is_skipped_and_fails_the_stricter_gate(tmp_path):
    path = tmp_path / "gate.xml"
    write_junit([], path)
    assert outcomes(path) == ["skipped"]
    write_junit([], path, "inconclusive")
    assert outcomes(path) == ["failure"]


def test_a_claim_with_control_characters_is_still_xml(tmp_path):
    e = Estimate(0.5, None, None, 3, "AUC", "how")
    verdict = Verdict("m", "text", "a \x00 < & \ud800", "inconclusive", None, e, caveats=("\x1b",))
    write_junit([verdict], tmp_path / "x.xml")
    assert outcomes(tmp_path / "x.xml") == ["skipped"]


def test_an_unknown_gate_is_refused(tmp_path):
    with pytest.raises(UsageError, match="--fail-on is one of shown, inconclusive; got 'never'"):
        write_junit([], tmp_path / "x.xml", "never")
