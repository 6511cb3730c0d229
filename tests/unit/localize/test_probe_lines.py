"""Directions, folds, matching and dealt labels, on classes whose answer is known."""

import numpy as np
import pytest
from scipy.stats import norm

from byheart.core.errors import RunError
from byheart.localize._activation_probe.events import Events
from byheart.localize._activation_probe.folds import deal, held_out
from byheart.localize._activation_probe.judging import sparse_curve
from byheart.localize._activation_probe.lines import KINDS, Scaling, fit
from byheart.localize._activation_probe.matching import confidence_features, matched, propensity, strata_of_equal_size
from byheart.localize._activation_probe.permuted_auc import dealt_auc
from byheart.localize._activation_probe.probe import Probe
from byheart.stats.auc import auc


def gaussians(d, n=4000, dim=20, seed=0):
    """Two classes N(+-d/2 e, I), e the first axis; one event per document."""
    rng = np.random.default_rng(seed)
    positive = np.arange(n) % 2 == 0
    x = rng.normal(size=(n, dim))
    x[:, 0] += np.where(positive, d / 2, -d / 2)
    return x.astype(np.float32), positive, np.arange(n)


def events(positive, document=None, p=None, entropy=None, margin=None):
    n = positive.size
    half, document = np.full(n, 0.5), np.arange(n) if document is None else document
    zero = np.zeros(n, np.int64)
    return Events(
        zero, zero, positive.astype(np.int8), positive, half if p is None else p, half if entropy is None else entropy,
        half if margin is None else margin, zero, np.ones(n, bool), document,
    )  # fmt: skip


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


def test_random_labels_are_learned_and_mean_nothing():
    """Cover: 60 points in 200 dimensions are separable under any labels, and held out they are at chance."""
    rng = np.random.default_rng(2)
    x, document = rng.normal(size=(60, 200)), np.repeat(np.arange(30), 2)
    positive = (np.arange(30) % 2 == 0)[document]
    held = held_out(x, positive, document, seed=0, strength=1.0)
    assert held.train_auc == 1.0
    right = ((held.logit > 0) == positive).mean()
    assert abs(right - 0.5) <= 2 * 0.5 / np.sqrt(30)


def test_folds_keep_documents_whole_and_classes_even():
    document = np.repeat(np.arange(40), 3)
    positive = document < 20
    fold = deal(document, positive, 5, seed=0)
    for d in range(40):
        assert np.unique(fold[document == d]).size == 1
    for k in range(5):
        assert np.unique(document[(fold == k) & positive]).size == 4
        assert np.unique(document[(fold == k) & ~positive]).size == 4


def test_documents_that_leak_are_no_help():
    """Each document has a mark of its own and its label is chance: within documents perfect, grouped at chance."""
    rng = np.random.default_rng(3)
    document = np.repeat(np.arange(40), 10)
    positive = (rng.permutation(40) < 20)[document]
    x = rng.normal(size=(40, 64))[document] + 0.1 * rng.normal(size=(400, 64))
    grouped = held_out(x, positive, document, seed=0, strength=1e-2)
    leaking = held_out(x, positive, np.arange(400), seed=0, strength=1e-2)
    assert auc(leaking.logit[positive], leaking.logit[~positive]) > 0.95
    assert 0.2 < auc(grouped.logit[positive], grouped.logit[~positive]) < 0.8


def test_matching_takes_the_answer_out_of_confidence():
    """p of class 1 in .9-1, of class 0 in 0-1: before, p has AUC over 0.9; after, p, entropy and margin are at 0.5.

    20 strata of nearly equal size leave at most 1/40 of AUC to what is matched; the bar is 0.05 for each feature.
    """
    rng = np.random.default_rng(4)
    positive = rng.random(6000) < 0.3
    odds = np.where(positive, rng.normal(4, 1, 6000), rng.normal(1, 2, 6000))
    p = 1 / (1 + np.exp(-odds))
    entropy, margin = 5 * (1 - p) * rng.lognormal(0, 0.5, 6000) + 0.001, odds + rng.normal(0, 0.5, 6000)
    all_of = events(positive, p=p, entropy=entropy, margin=margin)
    assert auc(p[positive], p[~positive]) > 0.85
    some = all_of.take(matched(all_of, seed=0))
    assert some.positive.sum() == (~some.positive).sum() > 500
    for name in ("p", "entropy", "margin"):
        values = getattr(some, name)
        assert abs(auc(values[some.positive], values[~some.positive]) - 0.5) < 0.05, name


def test_strata_bound_what_is_left():
    rng = np.random.default_rng(5)
    positive = np.arange(2000) < 700
    values = np.where(positive, rng.normal(2, 1, 2000), rng.normal(0, 1.5, 2000))
    for k in (5, 20):
        rows = strata_of_equal_size(values, positive, np.ones(2000, bool), seed=0, n_strata=k)
        v, one = values[rows], positive[rows]
        assert one.sum() == (~one).sum()
        assert abs(auc(v[one], v[~one]) - 0.5) <= 1 / k
    assert strata_of_equal_size(np.arange(10.0), np.arange(10) > 4, np.ones(10, bool), seed=0).size == 0


def test_events_that_begin_words_come_first():
    """Two classes of the same value; class 0 has 5 word starts of 10, class 1 has 5 events: those 5 are taken."""
    positive, starts = np.arange(15) >= 10, np.arange(15) % 2 == 0
    rows = strata_of_equal_size(np.zeros(15), positive, starts, seed=0, n_strata=1)
    assert set(rows.tolist()) == {0, 2, 4, 6, 8, 10, 11, 12, 13, 14}


def test_propensity_is_higher_for_the_first_class():
    positive = np.arange(200) < 100
    told = events(positive, p=np.where(positive, 0.95, 0.4) + np.linspace(0, 0.04, 200))
    odds = propensity(confidence_features(told), positive)
    assert odds[positive].min() > odds[~positive].max()


def test_p_of_dealt_labels_is_calibrated():
    """Null: documents with effects of their own, two sites; p at most 0.1 in 10 % of 60 runs: 6, se 2.3; 1 to 13."""
    hits = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        document = np.repeat(np.arange(40), 4)
        positive = document < 20
        sites = [rng.normal(size=(40, 6))[document] + rng.normal(size=(160, 6)) for _ in range(2)]
        hits += dealt_auc(sites, positive, document, document, seed=seed, n_dealings=49).p <= 0.1
    assert 1 <= hits <= 13


def test_p_of_a_planted_direction_is_the_smallest_possible():
    x, positive, _ = gaussians(2, n=400, dim=10)
    document = np.arange(400) // 4
    positive = document % 2 == 0
    x[:, 0] = np.where(positive, 1, -1) + np.random.default_rng(0).normal(size=400)
    noise = np.random.default_rng(1).normal(size=(400, 10))
    found = dealt_auc([noise, x], positive, document, document, seed=0, n_dealings=99)
    assert found.p == 0.01
    assert found.by_site[1] > 0.85 > 0.65 > found.by_site[0]
    assert found.observed == found.by_site[1]


def test_one_number_is_enough_where_one_carries_it():
    x, positive, document = gaussians(3, n=400, dim=16)
    curve = sparse_curve(x, events(positive, document), seed=0)
    assert [c["numbers"] for c in curve] == [1, 2, 4, 8, 16]
    assert curve[0]["auc"] == pytest.approx(norm.cdf(3 / 2**0.5), abs=0.025)
    spread = x @ np.linalg.qr(np.random.default_rng(0).normal(size=(16, 16)))[0]
    assert sparse_curve(spread, events(positive, document), seed=0)[0]["auc"] < 0.93


def test_a_probe_is_kept_and_read_again(tmp_path):
    rng = np.random.default_rng(0)
    w, h = rng.normal(size=4), rng.normal(size=(3, 4))
    probe = Probe("layers.1.block", w, np.array(0.5), rng.normal(size=4), np.array(-1.0), np.array(2.0), w, np.abs(w))
    np.testing.assert_allclose(probe.logit(h), h @ w + 0.5)
    probe.save(tmp_path / "probe.safetensors")
    back = Probe.load(tmp_path / "probe.safetensors")
    assert back.site == probe.site
    for name, values in probe.state.items():
        np.testing.assert_array_equal(back.state[name], values)
        assert back.state[name].shape == values.shape
    np.testing.assert_array_equal(Probe.of(probe.state, "x").w, w)
    with pytest.raises(RunError, match="writes it"):
        Probe.load(tmp_path / "none.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"nothing")
    with pytest.raises(RunError, match="no probe"):
        Probe.load(tmp_path / "bad.safetensors")
