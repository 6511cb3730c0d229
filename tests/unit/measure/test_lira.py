import math

import numpy as np
import pytest
from scipy.stats import norm

from byheart.core.errors import UsageError
from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.measure.lira import lira


def dense(values, roles=None):
    """Records of one token each."""
    ids = np.array([f"r{i}" for i in range(len(values))], dtype=object)
    jobs = ids if roles is None else np.asarray(roles, dtype=object)
    return Signals(ids, jobs, ids, {"logprob": Ragged(np.asarray(values, np.float64), np.arange(len(values) + 1))})


def test_by_hand():
    # in: -1, -1.2 (mean -1.1), out: -3, -3.2 (mean -3.1); residual variance 0.02 on either side, (0.1^2 + 0.1^2) / 1.
    # target -1.1: 0 - 2^2 / (2 * 0.02) away: log ratio 4 / 0.04 = 100
    shadows = [dense([x]) for x in (-1.0, -1.2, -3.0, -3.2)]
    included = np.array([[1], [1], [0], [0]], bool)
    assert lira(dense([-1.1]), shadows, included=included).values == pytest.approx([100])
    assert lira(dense([-1.1]), shadows, included=included, own_variance=True).values == pytest.approx([100])
    assert lira(dense([-2.1]), shadows, included=included).values == pytest.approx([0], abs=1e-9)


def test_each_side_has_its_own_variance_about_each_records_own_mean():
    """Records of very different difficulty: sd of all values is 10, of what is left after each record's mean 0.1."""
    centre = np.array([-10.0, -20.0, -30.0])
    shadows = [dense(centre + e) for e in (0.1, -0.1, 0.5, -0.5)]
    included = np.array([[1] * 3, [1] * 3, [0] * 3, [0] * 3], bool)
    expected = norm.logpdf(0.3, 0, math.sqrt(0.02)) - norm.logpdf(0.3, 0, math.sqrt(0.5))
    assert lira(dense(centre + 0.3), shadows, included=included).values == pytest.approx([expected] * 3)


def test_offline_is_one_sided():
    """A two-sided density scores 3 sd worse than expected as it scores 3 sd better; the survival function does not."""
    shadows = [dense([x, x]) for x in (-4.0, -5.0, -6.0)]  # mean -5, variance 1
    values = lira(dense([-2.0, -8.0]), shadows, included=np.zeros((3, 2), bool), offline=True).values
    assert values == pytest.approx([-math.log(norm.sf(3)), -math.log(norm.sf(-3))])
    assert values[0] > 6 > 0.01 > values[1]


def test_auc_of_simulated_gaussians():
    """Known normals one sd apart: AUC = Phi(1 / sqrt 2) = 0.760, TPR at 1 % = Phi(1 + Phi^-1(0.01)) = 9.2 %.

    4,000 members and 4,000 others: the AUC has an sd of 0.0053, the TPR one of 0.008; both within 4 sd.
    """
    rng = np.random.default_rng(0)
    n, n_models = 8000, 64
    ids = np.arange(n)
    centre, member = rng.normal(-5, 3, n), ids < n // 2
    included = np.zeros((n_models, n), bool)
    included[: n_models // 2] = True
    included = rng.permuted(included, axis=0)
    shadows = [dense(centre + rng.normal(0, 1, n) + included[m]) for m in range(n_models)]
    target = dense(centre + rng.normal(0, 1, n) + member)
    values = lira(target, shadows, included=included).values
    ranks = values.argsort().argsort() + 1
    auc = (ranks[member].sum() - 4000 * 4001 / 2) / 4000**2
    assert auc == pytest.approx(norm.cdf(1 / math.sqrt(2)), abs=4 * 0.0053)
    tpr = (values[member] > np.quantile(values[~member], 0.99)).mean()
    assert tpr == pytest.approx(norm.cdf(1 + norm.ppf(0.01)), abs=4 * 0.008)


def test_no_model_on_a_side_is_no_score():
    shadows = [dense([-1.0]), dense([-2.0])]
    assert np.isnan(lira(dense([-1.0]), shadows, included=np.zeros((2, 1), bool)).values).all()


def test_refuses():
    with pytest.raises(UsageError, match="models, records"):
        lira(dense([-1.0]), [dense([-1.0])], included=np.zeros((1, 2), bool))
    with pytest.raises(UsageError, match="1 and 2 records"):
        lira(dense([-1.0]), [dense([-1.0, -2.0])], included=np.zeros((1, 2), bool))
