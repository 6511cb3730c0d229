import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_curve as sklearn_roc

from byheart.core.errors import TooFewRecords
from byheart.stats.roc import certifiable_fpr, controls_needed, roc_band, roc_curve, tpr_at_fpr
from byheart.stats.sides import Sides


def test_curve_agrees_with_sklearn():
    rng = np.random.default_rng(0)
    m, n = rng.integers(0, 20, 60).astype(float), rng.integers(0, 15, 40).astype(float)
    expected = sklearn_roc(np.r_[np.ones(60), np.zeros(40)], np.r_[m, n], drop_intermediate=False)
    for ours, theirs in zip(roc_curve(m, n), expected, strict=True):
        assert ours == pytest.approx(theirs)


def test_tpr_never_exceeds_the_rate_allowed():
    # 400 controls 0..399; at 1 % four false alarms are allowed: call a record if it is above 395.
    # members 394.5, 395.5, 396.5, 500: three of four
    sides = Sides.of([394.5, 395.5, 396.5, 500], np.arange(400.0))
    assert tpr_at_fpr(sides, 0.01, seed=0).value == 0.75


def test_ties_at_the_threshold_are_not_called():
    # ten controls share the top score: any threshold that takes them takes 10 of 400 > 1 %, so members tied with them
    # are not found either
    controls = np.r_[np.full(10, 5.0), np.zeros(390)]
    assert tpr_at_fpr(Sides.of([5.0, 5.0, 6.0], controls), 0.01, seed=0).value == pytest.approx(1 / 3)


def test_is_the_largest_tpr_on_the_curve():
    rng = np.random.default_rng(1)
    m, n = rng.integers(0, 60, 500) + 8.0, rng.integers(0, 60, 500) * 1.0
    fpr, tpr, _ = roc_curve(m, n)
    for target in (0.01, 0.05, 0.1, 0.5):
        assert tpr_at_fpr(Sides.of(m, n), target, seed=0, n_resamples=10).value == pytest.approx(
            tpr[fpr <= target].max()
        )


def test_not_resolvable_says_what_it_takes():
    e = tpr_at_fpr(Sides.of(np.arange(50.0), np.arange(90.0)), 0.001, seed=0)
    assert e.value is None
    assert e.low is None
    assert e.how == "not resolvable with 90 controls: they can vouch for 4 % at best; 0.1 % needs 3688"


def test_groups_of_controls_are_what_is_counted():
    controls, groups = np.arange(1000.0), np.repeat(np.arange(100), 10)
    assert tpr_at_fpr(Sides.of(np.arange(9.0), controls), 0.01, seed=0, n_resamples=5).value is not None
    assert tpr_at_fpr(Sides.of(np.arange(9.0), controls, -1 - np.arange(9), groups), 0.01, seed=0).value is None


@pytest.mark.parametrize("fpr", [0.1, 0.01, 0.001])
def test_needed_controls_are_just_enough(fpr):
    n = controls_needed(fpr)
    assert certifiable_fpr(n) <= fpr < certifiable_fpr(n - 1)


def test_closed_form_of_two_gaussians():
    # delta / sigma = 1: TPR = Phi(1 + Phi^-1(fpr)): 9.2 % at 1 %, 1.8 % at 0.1 %; standard errors below 0.1 %
    rng = np.random.default_rng(2)
    sides = Sides.of(rng.normal(1, 1, 200_000), rng.normal(size=200_000))
    assert tpr_at_fpr(sides, 0.01, seed=0, n_resamples=20).value == pytest.approx(0.092, abs=0.006)
    assert tpr_at_fpr(sides, 0.001, seed=0, n_resamples=20).value == pytest.approx(0.018, abs=0.004)


def test_interval_holds_the_noise_of_the_threshold():
    # 400 a side, FPR 5 %: the true TPR is 26 %. With the threshold's noise coverage is about 0.95; 300 draws fall below
    # 0.91 with probability 0.002. Clopper-Pearson at a fixed threshold covers about 0.8 here.
    rng, truth, covered, widths = np.random.default_rng(3), norm.cdf(1 + norm.ppf(0.05)), 0, []
    for _ in range(300):
        e = tpr_at_fpr(Sides.of(rng.normal(1, 1, 400), rng.normal(size=400)), 0.05, seed=0, n_resamples=200)
        covered += e.low <= truth <= e.high
        widths.append(e.high - e.low)
    assert covered / 300 > 0.91
    assert np.mean(widths) > 1.3 * 2 * 1.96 * np.sqrt(truth * (1 - truth) / 400)


def test_band_holds_the_whole_curve():
    # 200 draws of 150 a side; a coverage of 0.95 falls below 0.89 with probability 0.0006
    rng, inside = np.random.default_rng(4), 0
    grid = np.linspace(0.05, 0.95, 19)
    truth = norm.cdf(1 + norm.ppf(grid))
    for _ in range(200):
        band = roc_band(Sides.of(rng.normal(1, 1, 150), rng.normal(size=150)), seed=0, fpr=grid, n_resamples=200)
        inside += bool(((band.low <= truth) & (truth <= band.high)).all())
    assert inside / 200 > 0.89


def test_band_is_wider_with_groups_and_stays_in_range():
    rng = np.random.default_rng(5)
    m, n, g = np.repeat(rng.normal(1, 1, 20), 10), np.repeat(rng.normal(size=20), 10), np.repeat(np.arange(20), 10)
    alone, tied = roc_band(Sides.of(m, n), seed=0), roc_band(Sides.of(m, n, g, 100 + g), seed=0)
    assert (tied.high - tied.low).mean() > 1.5 * (alone.high - alone.low).mean()
    assert tied.low.min() >= 0
    assert tied.high.max() <= 1
    assert tied.fpr.size == 99


def test_bad_rates_and_empty_sides():
    with pytest.raises(ValueError, match="between 0 and 1"):
        tpr_at_fpr(Sides.of([1], [0]), 1.0, seed=0)
    with pytest.raises(TooFewRecords):
        roc_band(Sides.of([], [1.0, 2.0]), seed=0)
    assert tpr_at_fpr(Sides.of([1.0], []), 0.01, seed=0).value is None
