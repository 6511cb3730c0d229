import numpy as np
import pytest

from byheart.stats.intervals import clopper_pearson
from byheart.stats.judge.recitation import judge_extraction


def recited(scored, k, m, j, n, **more):
    return scored(member=np.arange(m) < k, nonmember=np.arange(n) < j, **more)


def test_recited_members_are_shown(scored):
    v = judge_extraction(recited(scored, 12, 60, 0, 60), threshold=1, baseline=recited(scored, 1, 60, 0, 60), seed=0)
    assert v.decision == "shown"
    assert v.main.value == 0.2
    assert (v.main.low, v.main.high) == pytest.approx(clopper_pearson(12, 60))
    assert v.main.how.startswith("12 of 60 members recited")
    assert (v.control.value, v.baseline.value) == pytest.approx((0, 1 / 60))


def test_a_baseline_that_does_as_well_explains_it(scored):
    scores = recited(scored, 12, 60, 0, 60)
    v = judge_extraction(scores, threshold=1, baseline=scores, seed=0)
    assert v.decision == "inconclusive"
    assert v.p < 0.001
    assert "nearly as well" in v.caveats[0]


def test_without_baseline_or_control_nothing_is_shown(scored):
    v = judge_extraction(recited(scored, 12, 60, 0, 60), threshold=1, seed=0)
    assert v.decision == "inconclusive"
    assert "no baseline" in v.caveats[0]
    v = judge_extraction(scored(member=np.arange(60) < 12), threshold=1, seed=0)
    assert (v.decision, v.p, v.control) == ("inconclusive", None, None)
    assert v.main.value == 0.2  # extraction is told as it is
    assert v.caveats[0].startswith("12 of 60 members are recited, but there is no control")
    assert judge_extraction(scored(nonmember=np.ones(20)), threshold=1, seed=0).main.value is None
    assert "too few" in judge_extraction(recited(scored, 5, 5, 0, 60), threshold=1, seed=0).caveats[0]


def test_not_shown_states_its_power(scored):
    v = judge_extraction(recited(scored, 2, 60, 1, 60), threshold=1, baseline=recited(scored, 0, 60, 0, 60), seed=0)
    assert v.decision == "not shown"
    assert "60 members and 60 controls a share of about" in v.caveats[0]


def test_one_lucky_book_is_not_many(scored):
    groups = [f"g{g}" for g in np.repeat(np.arange(24), 20)]
    scores = scored(groups, member=np.arange(240) < 20, nonmember=np.zeros(240))
    none = scored(groups, member=np.zeros(240), nonmember=np.zeros(240))
    v = judge_extraction(scores, threshold=1, baseline=none, seed=0)
    assert v.decision == "not shown"
    assert v.p == pytest.approx(0.5, abs=0.06)
    assert v.main.n == 12
    assert v.main.high - v.main.low > 0.25


def test_never_more_false_claims_than_the_level(scored):
    # 400 null audits, groups of 5 that are recited together: more than 34 has probability 0.001
    rng, low = np.random.default_rng(0), 0
    groups = [f"g{g}" for g in np.repeat(np.arange(40), 5)]
    for i in range(400):
        hit = np.repeat(rng.random(40) < 0.3, 5)
        scores = scored(groups, member=hit[:100], nonmember=hit[100:])
        low += judge_extraction(scores, threshold=1, seed=i, n_resamples=199).p < 0.05
    assert low <= 34
