"""Audits before, after and under a random edit, written by hand: what a proof reads in them."""

import numpy as np
import pytest

from byheart.core.card import Card
from byheart.core.edit import Edit
from byheart.core.run import RunFolder
from byheart.core.scores import Scores
from byheart.core.verdict import Estimate, Verdict
from byheart.mitigate._proof.lessons import Relearning
from byheart.mitigate._proof.prove import prove, retrained
from byheart.mitigate._proof.table import TableQuestions

CARD = Card("by_hand", "mitigate", "ours", "table")
N = 20
IDS = np.array([f"row-{i:02d}" for i in range(N)], dtype=object)


def audit(path, excess, copied, **utility):
    """A run folder that says so much: share copied, how many training rows are copied, quality by name."""
    run = RunFolder.start(path, {"verb": "audit table"})
    main = Estimate(excess, excess - 0.05, excess + 0.05, 100, "share of synthetic rows, beyond the null", "")
    run.save_verdicts([Verdict("nearest_row", "table", "Copies.", "inconclusive", 0.5, main, caveats=("By hand.",))])
    ids = np.concatenate([IDS, ["held-out"]])
    values = np.array([*np.where(np.arange(N) < copied, 2.0, 0.0), 9.0])  # what is held out is no training row
    roles = np.array(["member"] * N + ["nonmember"], dtype=object)
    Scores(values, ids, roles, ids, Card("copied_record", "measure", "ours", "table")).save(
        run.scores_path("copied_record")
    )
    run.update(utility={k: Estimate(v, v - 0.01, v + 0.01, 100, k, "").__dict__ for k, v in utility.items()})
    return run


def proven(tmp_path, *, targets=None, random=0.5, n_random=1, after=None):
    """An edit after which 0.1 instead of 0.6 is copied; the number that stands for the table names its audit."""
    audits = {
        0: audit(tmp_path / "before", 0.6, 12, efficacy=0.8, trend=0.7, shape=0.9),
        1: audit(tmp_path / "after", 0.1, 3, **(after or {"efficacy": 0.78, "trend": 0.7, "shape": 0.9})),
        2: audit(tmp_path / "random", random, 10, efficacy=0.8, shape=0.9),
    }
    to = lambda k: lambda table: k  # noqa: E731
    edit = Edit("data", to(1), CARD, control=lambda k: Edit("data", to(2), CARD), targets=targets)
    made = retrained(0, audits.get)
    return prove(made, edit, TableQuestions(edit.targets), n_random=n_random, relearning=Relearning())


def test_a_table_is_read_line_by_line(tmp_path):
    proof = proven(tmp_path)
    targets = proof.lines["targets"]
    assert [e.value for e in (targets.before, targets.after, targets.random)] == [0.6, 0.1, 0.5]
    assert targets.change.value == pytest.approx(-0.5)
    assert targets.change.high == pytest.approx(-0.5 + 0.05 * 2**0.5)  # two independent intervals of 0.05
    assert proof.lines["held out"].note == "Measured as efficacy."
    assert proof.lines["held out"].change.value == pytest.approx(-0.02)
    assert proof.lines["behaviour"].change.value == 0.0
    assert proof.lines["bystanders"].note.startswith("Does not apply")
    assert proof.lines["weights"].note.startswith("Does not apply")
    assert "acts through a training" in proof.lines["relearning"].note
    assert proof.estimates["copied, beyond random"].value == pytest.approx(0.4)
    assert proof.p == 0.5  # one draw, which copies more
    assert proof.decision == "controls"
    assert any("1 random edits cannot" in c for c in proof.caveats)
    assert proof.records["before"].sum() == 12
    assert proof.records["after"].sum() == 3


def test_dilution_is_not_the_merit_of_the_edit(tmp_path):
    proof = proven(tmp_path, random=0.12)  # 0.02 more, with an interval of 0.07 about it
    assert proof.decision == "does not control"
    assert "random edits of the same size leave 12%" in proof.sentence


def test_without_a_random_edit_nothing_is_decided(tmp_path):
    proof = proven(tmp_path, n_random=0)
    assert (proof.decision, proof.p, proof.lines["targets"].random) == ("inconclusive", None, None)


def test_quality_that_only_one_audit_has_is_not_compared(tmp_path):
    assert proven(tmp_path, after={"trend": 0.5}).lines["held out"].note == "Measured as trend."
    lines = proven(tmp_path / "none", after={"c2st_trees": 0.5}).lines
    assert lines["held out"].note == "Not measured: the audits tell nothing of the quality."


def test_named_rows_are_targets_and_the_others_bystanders(tmp_path):
    # copied before: rows 0 to 11; after: 0 to 2. Targets are rows 2 to 5: 4 of 4, then 1 of 4.
    # Bystanders are the other 16: 8 of them before, 2 after.
    proof = proven(tmp_path, targets=frozenset(IDS[2:6].tolist()))
    targets, others = proof.lines["targets"], proof.lines["bystanders"]
    assert [e.value for e in (targets.before, targets.after, targets.change)] == [1.0, 0.25, -0.75]
    assert targets.random.value == 1.0  # rows 0 to 9
    assert [e.value for e in (others.before, others.after, others.change)] == [0.5, 0.125, -0.375]
    assert proof.lines["bystanders"].harm.value == 0.375
