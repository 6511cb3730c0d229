"""AUC over pairs of like confidence."""

import numpy as np
import pytest

from byheart.core.errors import TooFewRecords
from byheart.stats.auc import auc
from byheart.stats.calibration import calibration_error
from byheart.stats.matched_auc import matched_auc, pairs


def test_by_hand():
    """Class 1: (score 2, p .90), (1, .50); class 0: (1, .91), (3, .49), (0, .70).

    Within 0.02: (2 | 1) won, (1 | 3) lost; the third has no partner: 1 of 2. All pairs: 2>1, 2<3, 2>0, 1=1, 1<3, 1>0
    = 1 + 0 + 1 + 0.5 + 0 + 1 = 3.5 of 6.
    """
    scores, positive = np.array([2.0, 1, 1, 3, 0]), np.array([True, True, False, False, False])
    p = np.array([0.90, 0.50, 0.91, 0.49, 0.70])
    found = pairs(scores, positive, list("abcde"), confidence=p)
    assert (found.wins.sum(), found.counted.sum()) == (1, 2)
    assert pairs(scores, positive, list("abcde")).auc == pytest.approx(3.5 / 6)


def test_without_matching_it_is_the_auc():
    rng = np.random.default_rng(0)
    positive, scores = rng.random(300) < 0.4, np.round(rng.normal(size=300), 1)
    found = pairs(scores, positive, rng.integers(0, 20, 300))
    assert found.auc == pytest.approx(auc(scores[positive], scores[~positive]))


def test_confidence_itself_says_little_about_its_likes():
    """p decides the class, so p alone has AUC 1; of pairs within 0.02 there are none across the gap."""
    p = np.r_[np.linspace(0.9, 1, 50), np.linspace(0.1, 0.85, 50)]
    positive = np.arange(100) < 50
    assert matched_auc(p, positive, np.arange(100), seed=0).value == 1.0
    apart = matched_auc(p, positive, np.arange(100), confidence=p, seed=0)
    assert apart.value is None
    assert "no such pair" in apart.how


def test_always_right_has_an_interval_all_the_same():
    e = matched_auc(np.r_[np.ones(9), np.zeros(9)], np.arange(18) < 9, np.arange(18), seed=0)
    assert (e.value, e.high) == (1.0, 1.0)
    assert 0.6 < e.low < 0.7  # Clopper-Pearson for 9 of 9: 0.025^(1/9) = 0.664


def test_intervals_cover_when_documents_differ():
    """30 + 30 documents of 8 events with effects of their own, true AUC Phi(1 / sqrt(2) / sqrt(2)) = Phi(0.5).

    Score = class + document + noise, both of variance 1: the difference has mean 1 and variance 4. 200 runs at 95 %:
    between 0.89 and 0.985 (a percentile interval of 30 documents is a little narrow).
    """
    from scipy.stats import norm

    truth, hits = norm.cdf(0.5), 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        document = np.repeat(np.arange(60), 8)
        positive = document < 30
        scores = positive + rng.normal(size=60)[document] + rng.normal(size=480)
        e = matched_auc(scores, positive, document, seed=seed, n_resamples=300)
        hits += e.low <= truth <= e.high
    assert 0.89 <= hits / 200 <= 0.985


def test_one_class_is_refused():
    with pytest.raises(TooFewRecords):
        pairs(np.zeros(3), np.ones(3, bool), [1, 2, 3])


def test_calibration():
    """0.75 said of 4, 3 true: no error. 0.95 said of 2, none true: 0.95 of each. Together 1.9 / 6."""
    said, true = np.array([0.75] * 4 + [0.95] * 2), np.array([1, 1, 1, 0, 0, 0], bool)
    assert calibration_error(said, true) == pytest.approx(1.9 / 6)
    assert calibration_error(np.array([1.0, 0.0]), np.array([True, False])) == 0
    assert np.isnan(calibration_error(np.zeros(0), np.zeros(0, bool)))
