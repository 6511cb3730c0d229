import numpy as np
import pytest

from byheart.stats.judge.exposure import exposed, exposure_by_repetitions, judge_exposure
from byheart.stats.rank import null_exposure


def planted(scored, rng, effect=0.0, k=12, m=60):
    """Canaries at 1, 4 and 16 repetitions in two pools, the effect growing with log2 of the repetitions."""
    times = np.tile([1, 4, 16], k // 3)
    extra = {
        "repetitions": np.r_[times, np.zeros(m, int)],
        "pool": np.array(["p"] * (k // 2) + ["q"] * (k - k // 2) + ["p"] * (m // 2) + ["q"] * (m - m // 2), object),
    }
    far = np.r_[np.zeros(k // 2), np.full(k - k // 2, 50.0)]  # pools are not comparable with each other
    return scored(
        canary=rng.normal(size=k) + effect * np.log2(2 * times) + far,
        canary_control=rng.normal(size=m) + np.r_[np.zeros(m // 2), np.full(m - m // 2, 50.0)], extra=extra,
    )  # fmt: skip


def test_exposure_by_hand(scored):
    # pool a: canary 5 beats 1 and 2 -> log2 3; pool b: canary 0 is below its one control -> log2 2 - log2 2 = 0
    extra = {
        "pool": np.array(["a", "b", "a", "a", "b"], object),
        "repetitions": np.array([4, 1, None, 0, np.nan], object),
    }
    found = exposed(scored(canary=[5, 0], canary_control=[1, 2, 3], extra=extra))
    assert found.bits == pytest.approx([np.log2(3), 0])
    assert found.repetitions.tolist() == [4, 1]


def test_a_secret_in_several_texts_is_one_canary(scored):
    found = exposed(scored(["s", "s", "u", "v"], canary=[1, 3], canary_control=[1.5, 2.5]))
    assert found.bits == pytest.approx([np.log2(3) - 1])  # its mean 2 is second of three


def test_planted_canaries_are_shown_and_rise_with_repetitions(scored):
    scores = planted(scored, np.random.default_rng(0), effect=0.5, k=30)
    v = judge_exposure(scores, seed=0, n_resamples=999)
    assert v.decision == "shown"
    assert v.p == 1 / 1000
    assert v.control.value == pytest.approx(null_exposure(30))
    assert v.main.low > v.control.high
    by = exposure_by_repetitions(scores, seed=0)
    assert list(by) == [1, 4, 16]
    assert by[1].value < by[4].value < by[16].value
    assert sum(e.n for e in by.values()) == 30


def test_null_is_calibrated(scored):
    # 400 audits with nothing learned: more than 34 of p < 5 % has probability 0.001
    rng, low = np.random.default_rng(1), 0
    for i in range(400):
        v = judge_exposure(planted(scored, rng), seed=i, n_resamples=99)
        low += v.p <= 0.05
        assert v.decision != "shown" or v.p < 0.05
    assert low <= 34


def test_a_reference_that_finds_them_too_refuses(scored):
    scores = planted(scored, np.random.default_rng(2), effect=1.0)
    v = judge_exposure(scores, reference=scores, seed=0, n_resamples=999)
    assert (v.decision, v.p) == ("inconclusive", None)
    assert "not drawn alike" in v.caveats[0]
    fair = planted(scored, np.random.default_rng(3))
    v = judge_exposure(scores, reference=fair, seed=0, n_resamples=999)
    assert v.decision == "shown"
    assert v.baseline.value < v.main.low


def test_too_few_twins_or_none(scored):
    v = judge_exposure(scored(canary=[9], canary_control=np.arange(5)), seed=0)
    assert (v.decision, v.p) == ("inconclusive", None)
    assert "once in 6 times" in v.caveats[0]
    v = judge_exposure(scored(canary=[9, 8]), seed=0)
    assert v.main.value is None
    assert "no canaries with never-inserted twins" in v.caveats[0]


def test_not_shown_and_opposite(scored):
    v = judge_exposure(planted(scored, np.random.default_rng(4)), seed=0, n_resamples=999)
    assert v.decision == "not shown"
    assert "bits would have been seen" in v.caveats[0]
    v = judge_exposure(planted(scored, np.random.default_rng(4), effect=-3.0), seed=0, n_resamples=999)
    assert v.decision == "inconclusive"
    assert "opposite" in v.caveats[0]


def test_all_on_top_has_an_open_upper_end(scored):
    # three canaries above all 7 twins: 3 bits each; at least 0.025^(1/3) = 29 % of such canaries are on top
    v = judge_exposure(scored(canary=[9, 8, 7.5], canary_control=np.arange(7)), seed=0)
    assert (v.main.value, v.main.low, v.main.high) == (3, pytest.approx(3 * 0.025 ** (1 / 3)), None)
    assert "more twins could show more" in v.main.how
