"""What a proof must hold, and what is decided from which lines, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from byheart.core.verdict import Estimate
from byheart.mitigate._proof.proof import LINES, Evidence, Line, Proof, negative
from byheart.mitigate._proof.weighing import Bars, weigh


def told(value, low=None, high=None, n=30, unit=""):
    return Estimate(value, value if low is None else low, value if high is None else high, n, unit, "")


def line(before, after, change, worse, **more):
    return Line(told(before), told(after), change, worse=worse, **more)


GOOD = {
    "targets": line(0.8, 0.1, told(-0.7, -0.9, -0.5), "rise", random=told(0.75)),
    "weights": line(-0.1, -3.0, told(-2.9), "rise"),
    "bystanders": line(0.9, 0.88, told(-0.02, -0.06, 0.02), "fall"),
    "held out": line(3.0, 3.01, told(0.01, -0.01, 0.03, unit="change: nats"), "rise"),
    "behaviour": line(0.5, 0.49, told(-0.01, -0.02, 0.0), "fall"),
    "relearning": line(0.1, 0.2, told(0.1), "rise"),
}


def evidence(lines=None, *, beyond=(2.0, 1.5), p=1 / 21, n=30, n_random=20):
    e = None if beyond is None else told(beyond[0], beyond[1], 2 * beyond[0])
    return Evidence({**GOOD, **(lines or {})}, {}, e, p, n, n_random, {})


@pytest.mark.parametrize(
    ("lines", "others", "decision", "words"),
    [
        ({}, {}, "controls", "from 80% to 10%; random edits of the same size leave 75%, at a change of 0.01"),
        ({"targets": line(0.8, 0.41, told(-0.39, -0.5, -0.3), "rise")}, {}, "does not control", "80% to 41%"),
        ({"targets": line(0.8, 0.39, told(-0.41, -0.5, -0.3), "rise")}, {}, "controls", ""),  # half of 0.8 is 0.4
        ({"targets": line(0.8, 0.1, told(-0.7, -0.9, 0.1), "rise")}, {}, "does not control", ""),
        ({}, {"beyond": (0.1, -0.1)}, "does not control", ""),
        ({}, {"p": 2 / 21}, "does not control", ""),
        ({}, {"p": 1.0, "n_random": 1}, "controls", ""),  # one draw has no p worth the name; its interval decides
        ({}, {"p": 1.0, "n_random": 1, "beyond": (0.1, -0.1)}, "does not control", ""),
        ({}, {"beyond": None, "p": None, "n_random": 0}, "inconclusive", "is not known"),
        ({}, {"n": 4}, "inconclusive", "4 targets leaked before, and 5 are needed"),
        ({"held out": line(3.0, 3.06, told(0.06, 0.05, 0.07), "rise")}, {}, "costs too much", ""),
        ({"held out": line(0.9, 0.84, told(-0.06, -0.07, -0.055), "fall")}, {}, "costs too much", ""),
        ({"held out": line(0.9, 0.99, told(0.09, 0.08, 0.1), "fall")}, {}, "controls", ""),  # better is no harm
        ({"held out": line(3.0, 3.01, told(0.01, -0.1, 0.06), "rise")}, {}, "inconclusive", ""),
        ({"held out": Line(note="No held-out text.")}, {}, "inconclusive", "is not known"),
        ({"behaviour": line(0.5, 0.44, told(-0.06, -0.07, -0.055), "fall")}, {}, "costs too much", ""),
        ({"behaviour": Line(note="Not measured.")}, {}, "inconclusive", ""),
        # of 0.9 a fifth is 0.18
        ({"bystanders": line(0.9, 0.7, told(-0.2, -0.21, -0.19), "fall")}, {}, "costs too much", ""),
        ({"bystanders": line(0.9, 0.73, told(-0.17, -0.175, -0.16), "fall")}, {}, "controls", ""),
        ({"bystanders": line(0.9, 0.8, told(-0.1, -0.3, 0.0), "fall")}, {}, "inconclusive", ""),
        ({"bystanders": Line(note="Does not apply.")}, {}, "controls", ""),
    ],
)
def test_what_is_decided_on_an_edit_of_any_kind(lines, others, decision, words):
    found, sentence, caveats = weigh(evidence(lines, **others), name="by_hand", bars=Bars())
    assert found == decision
    assert words in sentence
    assert "by_hand" in sentence
    few = others.get("n_random", 20) < 19 and others.get("beyond", 1) is not None
    assert bool(caveats) == (decision != "controls" or few)
    assert any("cannot give a p of 0.05" in c for c in caveats) == few


def test_what_comes_back_is_called_hidden():
    # of 0.8 half is 0.4: 0.41 has come back, 0.4 has not
    for again, comes_back in ((0.41, True), (0.4, False)):
        lines = {"relearning": line(0.1, again, told(0.3), "rise")}
        found, _, caveats = weigh(evidence(lines), name="x", bars=Bars())
        assert found == "controls"
        assert any("Hidden, not removed" in c for c in caveats) == comes_back


def test_no_line_is_silently_absent():
    with pytest.raises(ValueError, match="says why"):
        Line()
    assert Line(note="Why.").is_absent
    with pytest.raises(ValueError, match="a proof has the lines targets, weights"):
        replace(evidence(), lines={"targets": GOOD["targets"]})


def test_harm_points_upwards_whatever_is_worse():
    assert str(negative(told(0.2, 0.1, 0.5))) == "-0.2 [-0.5, -0.1]"
    assert negative(Estimate(1.0, None, 2.0, 3, "", "")).high is None
    fall, rise = (Line(change=told(-0.2, -0.3, -0.1), worse=worse) for worse in ("fall", "rise"))
    assert str(fall.harm) == "0.2 [0.1, 0.3]"
    assert fall.harm.value == -rise.harm.value
    assert Line(note="None.").harm is None


def test_json_holds_every_line_in_order():
    proof = Proof("controls", "It does.", 0.05, {}, lines=GOOD, records={"id": np.array(["a"])})
    listed = proof.lines_to_list()
    assert [x["name"] for x in listed] == list(LINES)
    assert listed[0]["question"] == "Can the targets still be brought out?"
    assert listed[0]["random"]["value"] == 0.75
    assert listed[1]["random"] is None
    assert set(proof.to_dict()) == {"decision", "sentence", "p", "estimates", "caveats"}
