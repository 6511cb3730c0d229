import numpy as np
import pytest
from scipy.stats import norm

from byheart.localize._activation_probe.folds import held_out
from byheart.localize._activation_probe.lines import KINDS, Scaling, fit
from byheart.stats.auc import auc

from .conftest import gaussians


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("d", "accuracy", "area"), [(1, 0.691, 0.760), (2, 0.841, 0.921), (4, 0.977, 0.998)])
def test_planted_gaussians(kind, d, accuracy, area):
    """Bayes: accuracy Phi(d/2), AUC Phi(d/sqrt 2). With 4000 events the error of either is under 0.008; bar 0.025."""
    assert norm.cdf(d / 2) == pytest.approx(accuracy, abs=1e-3)
    assert norm.cdf(d / 2**0.5) == pytest.approx(area, abs=1e-3)
    x, positive, document = gaussians(d)
    held = held_out(x, positive, document, seed=0, kind=kind, strength=1e-2)
    assert ((held.logit > 0) == positive).mean() == pytest.approx(accuracy, abs=0.025)
    assert auc(held.logit[positive], held.logit[~positive]) == pytest.approx(area, abs=0.025)


def test_lda_finds_the_direction_behind_a_correlation():
    """Covariance [[1, .9], [.9, 1]], means apart along the first axis: S^-1 (1, 0) points along (1, -.9)."""
    rng = np.random.default_rng(1)
    x = rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], 4000)
    positive = np.arange(4000) < 2000
    x[positive, 0] += 1
    by_kind = {k: fit(x, positive, kind=k, strength=1.0).w for k in KINDS}
    for kind in ("lda", "logistic"):
        assert by_kind[kind][1] / by_kind[kind][0] == pytest.approx(-0.9, abs=0.1)
    assert abs(by_kind["means"][1] / by_kind["means"][0]) < 0.2


def test_units_do_not_matter():
    """Scaling is folded into w and b: the same events in other units have the same log-odds."""
    x, positive, _ = gaussians(2, n=400, dim=3)
    units, shift = np.array([1000.0, 1.0, 1e-3]), np.array([5.0, -2.0, 1.0])
    for kind in KINDS:
        a, b = fit(x, positive, kind=kind), fit(x * units + shift, positive, kind=kind)
        np.testing.assert_allclose(a.logit(x), b.logit(x * units + shift), atol=2e-3)


def test_scale_is_that_of_a_normal_law_with_the_same_quartiles():
    """Of 0, 1, 2, 3, 4 the quartiles lie 2 apart, which a normal law of scale 2 / 1.349 has; cut at 8 of these."""
    scaling = Scaling.of(np.arange(5.0)[:, None])
    assert (scaling.centre[0], scaling.scale[0]) == pytest.approx((2.0, 2 / (2 * norm.ppf(0.75))), rel=1e-4)
    assert scaling.cut(np.array([[2 + 2 / 1.349], [99.0], [-99.0]])).ravel().tolist() == pytest.approx([1, 8, -8])


def test_a_massive_number_does_not_decide():
    """A coordinate that is 0 but for 1 % of 1000s, of either class alike, gets hardly any weight on a usual event."""
    x, positive, document = gaussians(2, n=1000, dim=5)
    x[::100, 3] = 1000.0
    x[1::100, 3] = 1000.0
    held = held_out(x, positive, document, seed=0, strength=1e-2)
    assert auc(held.logit[positive], held.logit[~positive]) > 0.85
    assert np.isfinite(Scaling.of(np.zeros((9, 2))).cut(np.ones((3, 2)))).all()
