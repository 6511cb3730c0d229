"""The test of the set: exact p-values by hand, what is refused, and that it is right as often as it says."""

import numpy as np
import pytest
from scipy.stats import binom, ttest_1samp, ttest_ind

from byheart.core.scores import Scores
from byheart.measure.memhunter import memhunter
from byheart.stats.judge.hunted_canaries import canary_test
from byheart.stats.judge.hunted_set import dataset_test, power_curve
from byheart.stats.paired_scores import against, sign_flips


def scores(members, controls=(), roles=("member", "nonmember"), groups=None):
    values = np.array([*members, *controls], float)
    names = np.array([f"r{i}" for i in range(values.size)], dtype=object)
    role = np.array([roles[0]] * len(members) + [roles[1]] * len(controls), dtype=object)
    groups = names.copy() if groups is None else np.array(groups, dtype=object)
    return Scores(values, names, role, groups, memhunter.card)


def guess(of, seed=0):
    """A blind baseline that knows nothing."""
    rng = np.random.default_rng(seed)
    return Scores(rng.random(len(of)), of.ids, of.roles, of.groups, of.card)


def test_sign_flips_by_hand():
    assert sign_flips(np.arange(1.0, 6.0), seed=0, n_resamples=10).p == 1 / 32  # 5 of one sign: 1 of 2^5
    # 3, -1: means +-1, +-2; at least 1 are {1, 2}: 2 of 4
    assert sign_flips(np.array([3.0, -1.0]), seed=0, n_resamples=10).p == 0.5
    # two groups of two: all up, 1 of 2^2
    assert sign_flips(np.ones(4), np.array([0, 0, 1, 1]), seed=0, n_resamples=10).p == 0.25
    twenty = sign_flips(np.ones(20), seed=0, n_resamples=10)
    assert twenty.exact
    assert twenty.p == 2.0**-20
    drawn = sign_flips(np.ones(21), seed=0, n_resamples=99)
    assert not drawn.exact
    assert drawn.p == 1 / 100  # (1 + 0) / (1 + 99)


def test_control_records_exact_by_hand():
    """10 against 10, all members above: 1 of C(20, 10) = 184756 dealings."""
    s = scores(np.arange(10.0) + 100, np.arange(10.0))
    found = dataset_test(s, blind=guess(s), seed=0)
    assert found.p == pytest.approx(1 / 184756)
    assert found.decision == "shown"
    assert found.control is not None
    assert found.baseline is not None


def test_without_control_and_reference_there_is_no_p():
    found = dataset_test(scores([1.0] * 30), seed=0)
    assert (found.p, found.decision, found.main.value) == (None, "inconclusive", None)
    assert "neither control records nor a reference" in found.caveats[0]


def test_a_reference_alone_shows_nothing():
    s = scores(np.linspace(0.5, 1, 12))
    found = dataset_test(s, reference=scores(np.zeros(12)), seed=0)
    assert found.p == 2.0**-12
    assert found.decision == "inconclusive"
    assert "no proof" in found.caveats[0]
    same = dataset_test(s, reference=s, seed=0)
    assert (same.decision, same.p) == ("not shown", 1.0)


def test_control_and_reference_have_to_agree():
    """Prompts that tell the answer to any model: the reference says as much, and the claim falls."""
    s = scores(np.linspace(0.8, 1, 12), np.linspace(0, 0.2, 12))
    clean = scores(np.zeros(12), np.zeros(12))
    assert dataset_test(s, blind=guess(s), reference=clean, seed=0).decision == "shown"
    smuggled = dataset_test(s, blind=guess(s), reference=s, seed=0)
    assert smuggled.decision == "inconclusive"
    assert smuggled.p == 1.0
    assert "tell what they ask for" in smuggled.caveats[0]


def test_few_records_and_blind_baselines_are_heeded():
    few = dataset_test(scores([1.0] * 5, [0.0] * 5), seed=0)
    assert few.decision == "inconclusive"
    assert few.p is None
    s = scores(np.arange(20.0) + 30, np.arange(20.0))
    assert dataset_test(s, seed=0).decision == "inconclusive"  # no blind baseline
    refused = dataset_test(s, blind=s, seed=0)
    assert refused.decision == "inconclusive"
    assert refused.p is None


def test_a_canary_has_the_p_of_its_rank():
    roles = ("canary", "canary_control")
    first = canary_test(scores([9.0], np.arange(9.0), roles), seed=0)
    assert first.p == pytest.approx(1 / 10)  # rank 1 of 10
    third = canary_test(scores([6.5], np.arange(9.0), roles), seed=0)
    assert third.p == pytest.approx(3 / 10)
    two = canary_test(scores([11.0, 10.0], np.arange(6.0), roles), seed=0)
    assert two.p == pytest.approx(1 / 28)  # C(8, 2)
    assert two.decision == "shown"
    assert "rank higher than" in two.caveats[0]
    one = canary_test(scores([99.0], np.arange(19.0), roles), seed=0)
    assert (one.p, one.decision) == (pytest.approx(1 / 20), "not shown")  # below the level, not at it
    assert "rank no higher than" in one.caveats[0]
    assert canary_test(scores([1.0], [], roles), seed=0).p is None


def test_t_and_wilcoxon_stand_beside():
    s = scores([0.1, 0.3, 0.2, 0.4, 0.6, 0.5])
    found = against(s, scores(np.zeros(6)), seed=0, n_resamples=100)
    assert found.wilcoxon == pytest.approx(1 / 64)
    assert found.flips.p == 1 / 64
    assert "Wilcoxon" in found.told()
    assert found.t == pytest.approx(ttest_1samp(s.values, 0.0, alternative="greater").pvalue)
    # of two differences 1 and 3 the mean is 2 and its error 1: t = 2 with one degree of freedom, 0.1476
    assert against(scores([1.0, 3.0]), scores(np.zeros(2)), seed=0, n_resamples=9).t == pytest.approx(0.1476, abs=1e-4)
    assert against(scores([1.0]), scores(np.zeros(1)), seed=0, n_resamples=9).t is None
    assert against(s, scores(np.zeros(6)).take(np.zeros(0, int)), seed=0, n_resamples=10) is None


def test_more_documents_make_p_smaller():
    rng = np.random.default_rng(0)
    rows = power_curve(scores(rng.normal(0.6, 1, 60), rng.normal(0, 1, 60)), seed=0, draws=20)
    assert [r["n"] for r in rows] == [5, 10, 20, 50]
    assert rows[-1]["median p"] < rows[0]["median p"]
    assert rows[-1]["share below level"] > 0.8


def test_three_documents_a_side_never_fall_below_one_in_twenty():
    """C(6, 3) = 20 dealings, so 1 / 20 is the smallest p, also where the sides do not overlap at all."""
    rows = power_curve(scores(np.arange(9.0, 12), np.arange(3.0)), sizes=(3,), seed=0, draws=3)
    assert rows == [{"n": 3, "median p": pytest.approx(1 / 20), "share below level": 0.0}]


RUNS = 200


@pytest.fixture(scope="module")
def null_runs():
    """200 sets and controls drawn alike: 10 documents a side in 5 overlapping windows, whose scores go together."""
    rng, found = np.random.default_rng(0), []
    groups = np.repeat([f"d{d}" for d in range(20)], 5)
    for _ in range(RUNS):
        values = np.clip(np.repeat(rng.beta(2, 8, 20), 5) + rng.normal(0, 0.05, 100), 0, 1)
        found.append(scores(values[:50], values[50:], groups=groups))
    return found


def test_it_rejects_as_often_as_it_says(null_runs):
    """At level 0.05 in 200 null runs: [2, 20] holds more than 99 % of Binomial(200, 0.05)."""
    assert binom.cdf(20, RUNS, 0.05) - binom.cdf(1, RUNS, 0.05) > 0.99
    p = [dataset_test(s, seed=i, n_resamples=199, exact_up_to=0).p for i, s in enumerate(null_runs)]
    assert 2 <= sum(x < 0.05 for x in p) <= 20
    assert abs(np.mean(p) - 0.5) < 0.08  # mean of 200 uniforms: sd 0.0204


def test_the_naive_test_of_windows_rejects_too_often(null_runs):
    """Windows of one document are no independent witnesses: the t-test over them leaves the band."""
    p = [ttest_ind(s.where("member").values, s.where("nonmember").values, alternative="greater").pvalue
         for s in null_runs]  # fmt: skip
    assert sum(x < 0.05 for x in p) > 20


def test_sign_flips_reject_as_often_as_they_say():
    """The same for differences to a reference that are up and down alike, 30 documents of 3 windows."""
    rng, rejected = np.random.default_rng(1), 0
    for seed in range(RUNS):
        values = np.repeat(rng.normal(0, 1, 30), 3) + rng.normal(0, 0.3, 90)
        rejected += sign_flips(values, np.repeat(np.arange(30), 3), seed=seed, n_resamples=199).p < 0.05
    assert 2 <= rejected <= 20
