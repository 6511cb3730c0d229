import math

import numpy as np
import pytest
from scipy.stats import binom, norm
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_effectsize

from byheart.stats.power import auc_power, auc_variance, controls_for_auc, detectable_auc, detectable_share
from byheart.stats.proportions import fisher_exact_p
from byheart.stats.rank import rank_sum_p


def test_null_variance_by_hand():
    # at 0.5: Q1 = Q2 = 1/3, so (1/4 + 2 (m - 1) / 12) / m^2 = (2m + 1) / (12 m^2), Wilcoxon's (m + n + 1) / 12mn
    assert auc_variance(0.5, 10, 10) == pytest.approx(21 / 1200)


def test_detectable_effect_has_its_power_and_grows_with_grouping():
    area = detectable_auc(45, 90)
    assert auc_power(area, 45, 90) == pytest.approx(0.8)
    assert detectable_auc(45, 90, effect=3) > area > detectable_auc(450, 900)
    assert detectable_auc(2, 2) is None
    assert detectable_auc(0, 5) is None


def test_planned_records_are_just_enough():
    n = controls_for_auc(0.65)
    assert auc_power(0.65, n, n) >= 0.8 > auc_power(0.65, n - 1, n - 1)
    with pytest.raises(ValueError, match="lies between"):
        controls_for_auc(0.5)


def test_power_is_met_by_simulation():
    # at the AUC named, 25 + 25 records reject in about 80 of 100: 300 draws, 0.7 to 0.9 is four standard errors
    shift = math.sqrt(2) * norm.ppf(detectable_auc(25, 25))
    rng = np.random.default_rng(0)
    hits = [rank_sum_p(rng.normal(shift, 1, 25), rng.normal(size=25)) < 0.05 for _ in range(300)]
    assert 0.7 < np.mean(hits) < 0.9


def test_share_seen_by_fishers_test_by_hand():
    # 90 against 90 with no hit: 4 hits have p = 0.06, 5 have 0.03, so 5 are needed; Bin(90, s) >= 5 in 80 % of cases
    assert fisher_exact_p(4, 90, 0, 90) > 0.05 > fisher_exact_p(5, 90, 0, 90)
    assert binom.sf(4, 90, detectable_share(90, 90, 0.0)) == pytest.approx(0.8)
    assert detectable_share(2, 2, 0.0) is None
    assert detectable_share(0, 5, 0.0) is None


def test_share_seen_against_all_tables():
    share, k = detectable_share(30, 20, 0.2), np.arange(31)[:, None]
    p = np.array([[fisher_exact_p(a, 30, b, 20) for b in range(21)] for a in range(31)])
    seen = (binom.pmf(k, 30, share) * binom.pmf(np.arange(21), 20, 0.2))[p < 0.05].sum()
    assert seen == pytest.approx(0.8)


def test_many_records_agree_with_statsmodels():
    share = detectable_share(20_000, 30_000, 0.1)
    power = NormalIndPower().power(proportion_effectsize(share, 0.1), 20_000, 0.05, ratio=1.5, alternative="larger")
    assert power == pytest.approx(0.8, abs=1e-6)
    assert share == pytest.approx(detectable_share(8_000, 12_000, 0.1), abs=0.005)  # the exact branch
