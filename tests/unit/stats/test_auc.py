import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats import t as student
from sklearn.metrics import roc_auc_score

from byheart.core.errors import TooFewRecords
from byheart.stats.auc import auc, auc_difference, auc_estimate, auc_z, clustered_variance, design_effect, placements
from byheart.stats.sides import Sides


def variance(sides):
    parts = placements(sides)
    return clustered_variance(sides, parts.by_members, parts.by_controls)


def clustered(rng, n_groups, size, shift=0.0, share=0.8):
    """Members and controls in groups whose records share most of their value."""
    m, n = rng.normal(size=(2, n_groups, 1)) * share**0.5 + rng.normal(size=(2, n_groups, size)) * (1 - share) ** 0.5
    ids = np.repeat(np.arange(n_groups), size)
    return Sides.of(m.ravel() + shift, n.ravel(), ids, 1000 + ids)


def test_by_hand_with_ties():
    # pairs (3,2)(3,1)(2,2)(2,1): wins 1, 1, 1/2, 1 -> 3.5 / 4
    assert auc(np.array([3.0, 2.0]), np.array([2.0, 1.0])) == 0.875


def test_delong_by_hand():
    # members 3, 1; controls 2, 0. Shares of controls below: 1, 1/2; shares of members above: 1/2, 1. AUC 3/4.
    # S10 = S01 = ((1/4)^2 + (1/4)^2) / 1 = 1/8; variance = S10/2 + S01/2 = 1/8
    assert variance(Sides.of([3, 1], [2, 0])) == pytest.approx(1 / 8)


def test_obuchowski_by_hand():
    # groups A = {member 3, control 0}, B = {member 1, control 2}: member sums V10 - AUC: A 1/4, B -1/4 (over M = 2)
    # control sums V01 - AUC: A +1/4 (control 0, all above), B -1/4. With a = b = (1/8, -1/8):
    # own 2/1 * 2/64 twice = 1/8, cross 2 * 2/1 * 2/64 = 1/8; together 1/4
    assert variance(Sides.of([3, 1], [0, 2], ["A", "B"], ["A", "B"])) == pytest.approx(1 / 4)


def test_agrees_with_sklearn_and_brute_force():
    rng = np.random.default_rng(0)
    m, n = rng.integers(0, 12, 80).astype(float), rng.integers(0, 9, 50).astype(float)
    wins = (m[:, None] > n) + 0.5 * (m[:, None] == n)
    assert auc(m, n) == pytest.approx(wins.mean())
    assert auc(m, n) == pytest.approx(roc_auc_score(np.r_[np.ones(80), np.zeros(50)], np.r_[m, n]))
    expected = wins.mean(axis=1).var(ddof=1) / 80 + wins.mean(axis=0).var(ddof=1) / 50
    assert variance(Sides.of(m, n)) == pytest.approx(expected)


def test_invariances():
    rng = np.random.default_rng(1)
    m, n = rng.normal(size=30), rng.normal(size=40)
    assert auc(np.exp(m), np.exp(n)) == auc(m, n)
    assert auc(-m, -n) == pytest.approx(1 - auc(m, n))
    assert auc(n, m) == pytest.approx(1 - auc(m, n))
    assert auc(np.r_[m, np.inf], n) > auc(m, n)


def test_closed_form_of_two_gaussians():
    # delta / sigma = 1: AUC = Phi(1 / sqrt 2) = 0.760; 200,000 a side give a standard error of 0.0008
    rng = np.random.default_rng(2)
    assert norm.cdf(1 / np.sqrt(2)) == pytest.approx(0.760, abs=5e-4)
    assert auc(rng.normal(1, 1, 200_000), rng.normal(size=200_000)) == pytest.approx(0.760, abs=0.004)


@pytest.mark.parametrize(("n_groups", "size", "shift"), [(40, 1, 0.0), (15, 1, 1.0), (60, 1, 2.0), (25, 8, 0.7)])
def test_interval_covers(n_groups, size, shift):
    # 800 draws; a coverage of 0.95 gives fewer than 0.925 with probability 0.002 (seed fixed)
    rng, truth = np.random.default_rng(4), norm.cdf(shift / np.sqrt(2))
    covered = 0
    for _ in range(800):
        e = auc_estimate(clustered(rng, n_groups, size, shift))
        covered += e.low <= truth <= e.high
    assert covered / 800 > 0.925


def test_ignoring_groups_would_not_cover():
    rng, covered = np.random.default_rng(5), 0
    for _ in range(300):
        s = clustered(rng, 25, 8)
        e = auc_estimate(Sides.of(s.members, s.controls))
        covered += e.low <= 0.5 <= e.high
    assert covered / 300 < 0.75


def test_perfect_separation_keeps_a_lower_end():
    e = auc_estimate(Sides.of(np.arange(30) + 100.0, np.arange(30.0)))
    assert e.value == 1
    assert e.high == 1
    assert 0.8 < e.low < 0.95
    other = auc_estimate(Sides.of(np.arange(30.0), np.arange(30) + 100.0))
    assert (other.value, other.low, other.high) == pytest.approx((0.0, 0.0, 1 - e.low))
    assert "Newcombe" in e.how


def test_all_scores_equal():
    e = auc_estimate(Sides.of(np.ones(12), np.ones(12)))
    assert e.value == 0.5
    assert e.low < 0.5 < e.high


def test_paired_difference():
    rng = np.random.default_rng(6)
    base_m, base_n = rng.normal(size=200), rng.normal(size=200)
    one, other = Sides.of(base_m + 1, base_n), Sides.of(base_m + rng.normal(size=200), base_n + rng.normal(size=200))
    e = auc_difference(one, other)
    assert e.value == pytest.approx(auc(one.members, one.controls) - auc(other.members, other.controls))
    assert e.low > 0
    same = auc_difference(one, one)
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)


def test_paired_difference_covers_in_groups():
    # both scores see the groups' shared part; the true difference is 0. Limits as in test_interval_covers
    rng, covered = np.random.default_rng(7), 0
    for _ in range(500):
        s = clustered(rng, 20, 5, 0.5)
        a, b = (s.with_values(s.members + rng.normal(size=100), s.controls + rng.normal(size=100)) for _ in range(2))
        e = auc_difference(a, b)
        covered += e.low <= 0 <= e.high
    assert covered / 500 > 0.92


def test_few_groups_are_judged_by_students_law_not_the_normal():
    # members 3, 1 and controls 2, 0 have AUC 3/4, variance 1/8 (above); the other score is all ties: 1/2, variance 0.
    # Two groups a side leave one degree of freedom: the reach is 12.7 standard errors, not 1.96
    one, ties = Sides.of([3, 1], [2, 0]), Sides.of([0, 0], [0, 0])
    e = auc_difference(one, ties)
    reach = student.ppf(0.975, 1) * (1 / 8) ** 0.5
    assert (e.value, e.low, e.high) == pytest.approx((0.25, 0.25 - reach, 0.25 + reach))


def test_intervals_of_five_groups_cover():
    # 400 draws each; with the normal law 0.917 and 0.942 of them cover, with Student's 0.98 and 0.99 (seed fixed)
    rng, truth, alone, differ = np.random.default_rng(4), norm.cdf(0.5 / np.sqrt(2)), 0, 0
    for _ in range(400):
        s = clustered(rng, 5, 8, 0.5)
        e = auc_estimate(s)
        alone += e.low <= truth <= e.high
        a, b = (s.with_values(s.members + rng.normal(size=40), s.controls + rng.normal(size=40)) for _ in range(2))
        e = auc_difference(a, b)
        differ += e.low <= 0 <= e.high
    assert alone / 400 > 0.96
    assert differ / 400 > 0.95


def test_difference_refuses_other_records():
    with pytest.raises(ValueError, match="same records"):
        auc_difference(Sides.of([1, 2], [0, 1]), Sides.of([1, 2, 3], [0, 1]))


def test_it_is_said_whether_groups_were_counted_as_one():
    assert "groups counted as one" in auc_estimate(clustered(np.random.default_rng(0), 5, 2)).how
    assert "group" not in auc_estimate(clustered(np.random.default_rng(0), 5, 1)).how


def test_design_effect_of_copies_is_their_number():
    rng = np.random.default_rng(8)
    m, n, groups = rng.normal(size=300), rng.normal(size=300), np.arange(300)
    sides = Sides.of(np.repeat(m, 4), np.repeat(n, 4), np.repeat(groups, 4), 1000 + np.repeat(groups, 4))
    assert design_effect(sides) == pytest.approx(4, rel=0.05)
    assert design_effect(Sides.of(m, n)) == 1


def test_z_is_zero_at_chance_and_infinite_at_separation():
    assert auc_z(Sides.of([1, 2, 0, 3], [1, 2, 0, 3])) == 0
    assert auc_z(Sides.of([5, 6], [1, 2])) == np.inf


def test_too_few():
    with pytest.raises(TooFewRecords):
        auc(np.array([]), np.array([1.0]))
    with pytest.raises(TooFewRecords, match="2 groups"):
        auc_estimate(Sides.of([1, 2], [3, 4], ["a", "a"], ["b", "c"]))
