"""Which single records stand out, and when none may be named."""

import numpy as np
import pytest

from byheart.core.errors import TooFewRecords
from byheart.core.scores import Scores
from byheart.core.verdict import Estimate, Verdict
from byheart.explain.standing_out import article_naming, naming, standing_out
from byheart.measure.loss import loss
from byheart.measure.verbatim import verbatim


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
    found = standing_out(scores, [_verdict(0.01)])
    assert np.allclose(found.columns["p"], [0.01, 0.01, *[0.90] * 8])
    assert np.allclose(found.columns["q"], [0.05, 0.05, *[0.90] * 8])
    assert "threshold" not in found.estimates
    assert naming(found).startswith("2 of 10 training records stand out one by one from 99 controls")


def test_few_controls_cannot_name_anyone_and_it_is_said():
    # 19 controls: the smallest p is 1/20; with ten members q = 10 * 0.05 = 0.5.
    found = standing_out({"loss": _scores([200, *[1] * 9], list(range(19)))}, [_verdict(0.01)])
    assert np.isclose(found.columns["q"][0], 0.5)
    assert "No single training record stands out" in naming(found)
    assert "0.05" in naming(found)


def test_where_the_claim_about_the_set_is_refused_no_record_is_named():
    with pytest.raises(TooFewRecords, match="No single record is named, as no claim is made about the set"):
        standing_out({"loss": _scores([200, 300], list(range(99)))}, [_verdict(None)])


@pytest.mark.parametrize("scores", [{}, {"loss": _scores([1, 2], [])}, {"loss": _scores([], [1, 2])}])
def test_without_scores_of_both_sides_nobody_is_named(scores):
    with pytest.raises(TooFewRecords, match="no scores of members and control"):
        standing_out(scores, [])


def test_a_rate_sets_a_threshold_for_articles():
    # 40 controls at 0..39; at a rate of 5 % two may lie above the threshold, so it is 37; three of four members do.
    own = _scores([37, 38, 200, 300], list(range(40)))
    found = standing_out({"verbatim": Scores(own.values, own.ids, own.roles, own.groups, verbatim.card)}, [], rate=0.05)
    assert found.card.family == "chat"
    assert found.estimates["threshold"].value == 37
    assert found.columns["above"].tolist() == [False, True, True, True]
    said = article_naming(found)
    assert said.startswith("3 of 4 member articles come back at greater length than the threshold of 37 characters")
    assert "2 of them can be named on their own" in said  # p = 1/41, q = 2/41
    assert said.endswith("with 40 controls no p is below 0.024.")


def test_the_reference_score_goes_first():
    low, high = _scores([0, 0], list(range(99))), _scores([200, 300], list(range(99)))
    ref = Verdict("reference", "text", "c", "inconclusive", 0.2, _verdict(0.1).main, caveats=("why",))
    found = standing_out({"loss": low, "reference": high}, [_verdict(0.2), ref])
    assert found.params["method"] == "reference"
    assert np.allclose(found.columns["p"], [0.01, 0.01])
