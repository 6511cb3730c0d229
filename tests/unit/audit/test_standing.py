"""Which single records stand out, and when none may be named."""

import numpy as np

from byheart.audit.standing import standing_out
from byheart.core.scores import Scores
from byheart.core.verdict import Estimate, Verdict
from byheart.measure.loss import loss


def _scores(members, controls):
    n = len(members) + len(controls)
    ids = np.array([f"r{i}" for i in range(n)], dtype=object)
    roles = np.array(["member"] * len(members) + ["nonmember"] * len(controls), dtype=object)
    return Scores(np.array([*members, *controls], dtype=float), ids, roles, ids, loss.card)


def _verdict(p):
    return Verdict("loss", "text", "c", "inconclusive", p, Estimate(0.5, 0.4, 0.6, 9, "u", "h"), caveats=("why",))


def test_two_records_above_all_controls_are_named():
    # 99 controls at 0..98: a record above all has p = 1/100. Ten members: two above all, eight at 10 (p = 90/100).
    # Benjamini-Hochberg: q of the two = 10/2 * 0.01 = 0.05; of the rest = 0.9.
    scores = {"loss": _scores([200, 300, *[10] * 8], list(range(99)))}
    found, said = standing_out(scores, [_verdict(0.01)])
    assert np.allclose(found.columns["p"], [0.01, 0.01, *[0.90] * 8])
    assert np.allclose(found.columns["q"], [0.05, 0.05, *[0.90] * 8])
    assert said.startswith("2 of 10 training records stand out one by one from 99 controls")


def test_few_controls_cannot_name_anyone_and_it_is_said():
    # 19 controls: the smallest p is 1/20; with ten members q = 10 * 0.05 = 0.5.
    found, said = standing_out({"loss": _scores([200, *[1] * 9], list(range(19)))}, [_verdict(0.01)])
    assert np.isclose(found.columns["q"][0], 0.5)
    assert "No single training record stands out" in said
    assert "0.05" in said


def test_where_the_claim_about_the_set_is_refused_no_record_is_named():
    found, said = standing_out({"loss": _scores([200, 300], list(range(99)))}, [_verdict(None)])
    assert found is None
    assert "No single record is named" in said


def test_the_reference_score_goes_first():
    low, high = _scores([0, 0], list(range(99))), _scores([200, 300], list(range(99)))
    ref = Verdict("reference", "text", "c", "inconclusive", 0.2, _verdict(0.1).main, caveats=("why",))
    found, _ = standing_out({"loss": low, "reference": high}, [_verdict(0.2), ref])
    assert found.params["method"] == "reference"
    assert np.allclose(found.columns["p"], [0.01, 0.01])
