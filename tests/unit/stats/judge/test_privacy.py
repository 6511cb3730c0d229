import numpy as np

from byheart.stats.judge.privacy import judge_privacy
from byheart.stats.privacy import epsilon_bound, gaussian_epsilon


def gaussian_run(scored, rng, sigma, m=400):
    coin = rng.random(m) < 0.5
    seen = coin + sigma * rng.normal(size=m)
    return scored(canary=seen[coin], canary_control=seen[~coin])


def test_a_strong_leak_is_shown_below_its_true_epsilon(scored):
    v = judge_privacy(gaussian_run(scored, np.random.default_rng(0), 0.3), delta=1e-5)
    assert v.decision == "shown"
    assert 1.5 < v.main.low < gaussian_epsilon(1e-5, 0.3)
    assert v.main.high is None
    assert v.control.value == 0.5


def test_fixed_number_of_guesses(scored):
    scores = scored(canary=np.arange(50) + 100.0, canary_control=np.arange(50.0))
    v = judge_privacy(scores, guesses=40)
    assert v.main.value == epsilon_bound(100, 40, 40, delta=1e-5)


def test_null_is_calibrated(scored):
    # 300 runs that reveal nothing: more than 27 false claims has probability 0.001
    rng, shown = np.random.default_rng(1), 0
    for _ in range(300):
        shown += judge_privacy(gaussian_run(scored, rng, 1e9, m=100)).decision == "shown"
    assert shown <= 27


def test_not_shown_says_what_would_have_been_enough(scored):
    v = judge_privacy(scored(canary=np.arange(50.0), canary_control=np.arange(50.0)), guesses=100)
    assert v.decision == "not shown"
    assert "of 100 right guesses would have been enough" in v.caveats[0]
    need = int(v.caveats[0].split("; ")[1].split(" of ")[0])
    assert 58 <= need <= 62  # 59 of 100 has probability 0.044 under a fair coin; delta 1e-5 adds little


def test_refusals(scored):
    assert "too few" in judge_privacy(scored(canary=[1.0], canary_control=[2.0])).caveats[0]
    v = judge_privacy(scored(canary=np.arange(10.0), canary_control=np.arange(90.0)))
    assert (v.decision, v.p) == ("inconclusive", None)
    assert "fair coin" in v.caveats[0]
