import numpy as np
import pytest
from scipy.stats import kstest, ttest_ind

from byheart.core.ragged import Ragged
from byheart.core.signals import Signals
from byheart.measure.dataset_inference import FEATURES, dataset_inference, features


def drawn(rng, shift, n=120, groups=None):
    """n members and n others of 30 tokens; members' log-probabilities lie `shift` higher."""
    level = np.repeat([shift, 0.0], n)[:, None] + rng.normal(-3, 0.5, (2 * n, 1))
    rows = np.minimum(level + rng.normal(0, 1, (2 * n, 30)), 0)
    ids = np.array([f"r{i:04d}" for i in range(2 * n)], dtype=object)
    roles = np.array(["member"] * n + ["nonmember"] * n, dtype=object)
    arrays = {"logprob": Ragged.of(rows, dtype=np.float32), "n_zlib": np.full(2 * n, 60)}
    return Signals(ids, roles, ids if groups is None else groups, arrays)


def p_value(scores):
    sides = [scores.where(role).values for role in ("member", "nonmember")]
    return ttest_ind(*sides, alternative="greater").pvalue


def test_features_by_hand(written):
    # -4, -1, 0, -3: mean -2; over 10 bytes -0.2; 60 % keeps ceil(2.4) = 3: lowest (-4 - 3 - 1) / 3, highest
    # (0 - 1 - 3) / 3
    table = features(written(logprob=[[-4, -1, 0, -3], []], n_zlib=[10, 10]))
    row = dict(zip(FEATURES, table[0], strict=True))
    assert row["loss"] == -2
    assert row["zlib"] == pytest.approx(-0.2)
    assert row["min_k_0.6"] == pytest.approx(-8 / 3)
    assert row["max_k_0.6"] == pytest.approx(-4 / 3)
    assert row["min_k_0.05"] == -4  # Min-K is the mean of the lowest log-probabilities ...
    assert row["max_k_0.05"] == 0  # ... and Max-K of the highest, tokens of zero loss included
    assert np.isnan(table[1]).all()


def test_finds_a_planted_difference_in_the_right_direction():
    scores = dataset_inference(drawn(np.random.default_rng(0), 0.5))
    assert p_value(scores) < 1e-6


def test_uniform_when_there_is_none():
    """60 null data sets; a uniform sample fails the KS test at 0.001 once in a thousand."""
    p = [p_value(dataset_inference(drawn(np.random.default_rng(s), 0.0, n=40), seed=s)) for s in range(60)]
    assert kstest(p, "uniform").pvalue > 0.001


def test_groups_stay_in_one_half_and_the_learning_half_is_not_scored():
    groups = np.array([f"g{i // 4}" for i in range(240)], dtype=object)
    scores = dataset_inference(drawn(np.random.default_rng(1), 0.5, groups=groups))
    learning = scores.extra["learning"]
    assert np.isnan(scores.values[learning]).all()
    assert not np.isnan(scores.values[~learning]).any()
    assert learning.sum() == 120
    assert all(len(set(learning[groups == g].tolist())) == 1 for g in set(groups.tolist()))


def test_the_telling_half_teaches_nothing():
    """Wild values in one record of the telling half leave the scores of all others as they were."""
    signals = drawn(np.random.default_rng(2), 0.5)
    before = dataset_inference(signals)
    victim = int(np.flatnonzero(~np.isnan(before.values))[0])
    logprob = signals.ragged("logprob")
    wild = logprob.like(np.where(logprob.row == victim, -99.0, logprob.values).astype(np.float32))
    changed = Signals(signals.ids, signals.roles, signals.groups, {**signals.arrays, "logprob": wild})
    after = dataset_inference(changed)
    others = np.arange(240) != victim
    np.testing.assert_array_equal(before.values[others], after.values[others])
    assert before.values[victim] != after.values[victim]


@pytest.mark.parametrize("learning", [False, True], ids=["told", "learnt from"])
def test_beyond_the_tails_it_does_not_matter_how_far(learning):
    """A record of -40 or of -99 nats a token lies below the 2.5 % tail either way: every score is the same."""
    signals = drawn(np.random.default_rng(3), 0.5)
    half = dataset_inference(signals).extra["learning"]
    victim, logprob = int(np.flatnonzero(half == learning)[0]), signals.ragged("logprob")
    found = []
    for nats in (-40.0, -99.0):
        wild = logprob.like(np.where(logprob.row == victim, nats, logprob.values).astype(np.float32))
        changed = Signals(signals.ids, signals.roles, signals.groups, {**signals.arrays, "logprob": wild})
        found.append(dataset_inference(changed).values)
    np.testing.assert_allclose(*found, rtol=1e-9)


def test_one_role_only_is_no_score(written):
    scores = dataset_inference(written(logprob=[[-1.0], [-2.0]], n_zlib=[9, 9]))
    assert np.isnan(scores.values).all()
