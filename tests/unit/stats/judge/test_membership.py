import numpy as np
import pytest
from scipy.stats import norm

from byheart.stats.auc import auc
from byheart.stats.judge.membership import judge
from byheart.stats.judge.set import judge_dataset

BOTH = pytest.mark.parametrize("verdict_on", [judge, judge_dataset])


def audit(scored, rng, n=40, size=1, effect=0.0, shift=0.0, blind_sees=0.0):
    """Members and controls in groups of nearly equal records; `shift` moves what both score and blind baseline see."""
    groups = np.repeat(np.arange(2 * n), size)
    text = rng.normal(size=2 * n)[groups] + shift * (groups < n)
    score = text + 0.3 * rng.normal(size=text.size) + effect * (groups < n)
    blind = blind_sees * text + rng.normal(size=2 * n)[groups] + 0.3 * rng.normal(size=text.size)
    half = n * size
    names = [f"g{g}" for g in groups]
    return (
        scored(names, member=score[:half], nonmember=score[half:]),
        scored(names, member=blind[:half], nonmember=blind[half:], name="blind"),
    )


@BOTH
def test_a_planted_effect_is_shown(scored, verdict_on):
    scores, blind = audit(scored, np.random.default_rng(0), effect=1.5)
    v = verdict_on(scores, blind=blind, seed=0)
    assert v.decision == "shown"
    assert v.p == 1 / 2001
    assert v.main.low > v.control.high
    assert v.baseline.low < 0.5 < v.baseline.high
    assert (v.method, v.family) == ("loss", "text")
    assert v == verdict_on(scores, blind=blind, seed=0)


def test_the_numbers_are_those_of_the_data(scored):
    scores, blind = audit(scored, np.random.default_rng(1), effect=1.0)
    v = judge(scores, blind=blind, seed=0)
    assert v.main.value == auc(scores.values[:40], scores.values[40:])
    assert v.baseline.value == auc(blind.values[:40], blind.values[40:])
    assert v.control.value == pytest.approx(0.5, abs=0.01)
    assert v.main.n == 80
    assert v.main.unit == "AUC over 40 members and 40 controls"


def test_order_does_not_matter_to_the_main_number(scored):
    scores, blind = audit(scored, np.random.default_rng(2), size=3, effect=1.0)
    rows = np.random.default_rng(3).permutation(len(scores))
    a, b = judge(scores, blind=blind, seed=0), judge(scores.take(rows), blind=blind, seed=0)
    assert (a.decision, a.main.value, a.main.low) == (b.decision, b.main.value, pytest.approx(b.main.low))
    assert a.p == pytest.approx(b.p, abs=0.01)


@BOTH
def test_never_more_false_claims_than_the_level(scored, verdict_on):
    # 400 null audits of 15 + 15 groups of 4 nearly equal records: more than 34 of p < 5 % has probability 0.001;
    # 'shown' needs the blind baseline to be beaten too, so it is rarer still
    rng, low, shown = np.random.default_rng(4), 0, 0
    for i in range(400):
        scores, blind = audit(scored, rng, n=15, size=4)
        v = verdict_on(scores, blind=blind, seed=i, n_resamples=199)
        low += v.p is not None and v.p < 0.05
        shown += v.decision == "shown"
    assert low <= 34
    assert shown <= low


@BOTH
def test_a_planted_shift_is_refused(scored, verdict_on):
    # the sets differ in themselves and the blind baseline sees it: the score 'succeeds', the claim is refused
    rng, decisions = np.random.default_rng(5), []
    for i in range(60):
        scores, blind = audit(scored, rng, n=60, shift=1.5, blind_sees=2.0)
        v = verdict_on(scores, blind=blind, seed=i, n_resamples=199)
        decisions.append(v.decision)
        assert v.p is None
        assert "differ in distribution" in v.caveats[0]
        if verdict_on is judge:  # the caveat tells the AUC; a claim about sets has its baseline in standard deviations
            assert f"{v.baseline.value:.3g}" in v.caveats[0]
        else:
            assert v.baseline.unit == v.main.unit
            assert v.baseline.low > 0
    assert set(decisions) == {"inconclusive"}


def test_a_shift_too_weak_to_refuse_still_must_be_beaten(scored):
    # the score is the blind baseline itself: p is small, but nothing is left beyond the baseline
    # (AUC about 0.59 with a standard error of 0.052: p about 0.04, but the two-sided interval holds 0.5)
    normal = norm.ppf((np.arange(60) + 0.5) / 60)
    scores = scored(member=normal + 0.34, nonmember=normal)
    v = judge(scores, blind=scores, seed=0)
    assert v.p is not None
    assert v.p < 0.05
    assert v.decision == "inconclusive"
    assert "blind guess" in v.caveats[0]


@BOTH
def test_without_a_blind_baseline_nothing_is_shown(scored, verdict_on):
    scores, _ = audit(scored, np.random.default_rng(7), effect=3.0)
    v = verdict_on(scores, seed=0)
    assert v.decision == "inconclusive"
    assert v.p < 0.01
    assert "no blind baseline" in v.caveats[0]


def test_without_a_control(scored):
    v = judge(scored(member=np.arange(30.0)), seed=0)
    assert (v.decision, v.p, v.main.value, v.control) == ("inconclusive", None, None, None)
    assert v.caveats[0].startswith("There is no control")
    assert "AUC of 0." in v.caveats[0]


def test_too_few_on_either_side(scored):
    for values in ({"member": range(9), "nonmember": range(50)}, {"member": range(50), "nonmember": range(9)}):
        v = judge(scored(**values), seed=0)
        assert v.decision == "inconclusive"
        assert "too few" in v.caveats[0]
        assert "80 % probability" in v.caveats[0]
    assert "no member" in judge(scored(nonmember=range(9)), seed=0).caveats[0]


def test_many_records_of_few_groups_are_few(scored):
    v = judge(scored(np.repeat(list("abcd"), 50), member=np.arange(100.0), nonmember=np.arange(100.0)), seed=0)
    assert v.decision == "inconclusive"
    assert "2 independent members and 2 independent controls" in v.caveats[0]


def test_not_shown_states_its_power(scored):
    scores, blind = audit(scored, np.random.default_rng(8), n=90)
    v = judge(scores, blind=blind, seed=0)
    assert v.decision == "not shown"
    # the same records in groups of three would have seen less
    tied, guess = audit(scored, np.random.default_rng(8), n=30, size=3)
    w = judge(tied, blind=guess, seed=0)
    assert "With 90 members and 90 controls an AUC of 0.61 or more" in v.caveats[0]
    assert "30 groups" in w.caveats[0]
    assert float(w.caveats[0].split("AUC of ")[1][:4]) > 0.64


def test_the_opposite_effect_is_named(scored):
    scores, blind = audit(scored, np.random.default_rng(9), effect=-2.0)
    v = judge(scores, blind=blind, seed=0)
    assert v.decision == "inconclusive"
    assert v.p > 0.99
    assert "opposite" in v.caveats[0]
    assert "forget too hard" in v.caveats[0]


def test_what_was_left_out_is_in_the_caveats(scored):
    rng = np.random.default_rng(10)
    v = judge(scored(member=np.r_[rng.normal(size=20), np.nan], nonmember=rng.normal(size=20)), seed=0)
    assert v.caveats[-1] == "1 of 21 member records could not be scored and are left out."


def test_constant_scores_show_nothing(scored):
    same = scored(member=np.ones(20), nonmember=np.ones(20))
    assert judge(same, blind=same, seed=0).decision == "not shown"
    assert judge_dataset(same, blind=same, seed=0).decision == "not shown"
