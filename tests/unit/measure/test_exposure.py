import numpy as np
import pytest

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError
from byheart.measure.exposure import exposure


def planted(written, logprobs, roles, pools, repetitions=None):
    names = [f"r{i}" for i in range(len(roles))]
    columns = {"pool": pools, "repetitions": repetitions or [4 if r == "canary" else 0 for r in roles]}
    corpus = Corpus.of(["x"] * len(roles), roles, ids=names, columns=columns)
    rows = [[-9.0, x] for x in logprobs]  # only the second token is of the secret
    return written(logprob=rows, secret=[[0, 1]] * len(rows), roles=list(roles)), corpus


def test_by_hand(written):
    # canary -1 against controls -2, -3, -4: rank 1 of 4, 2 bits, p = 1/4. Controls among the other two: ranks 1, 2, 3
    # of 3: log2 3, log2 3/2, 0 bits. The member is none of them
    signals, corpus = planted(
        written, [-1, -2, -3, -4, -1], ["canary"] + ["canary_control"] * 3 + ["member"], ["a"] * 5
    )
    scores = exposure(signals, corpus)
    np.testing.assert_allclose(scores.values, [2, np.log2(3), np.log2(1.5), 0, np.nan], atol=1e-12)
    np.testing.assert_array_equal(scores.extra["rank"], [1, 1, 2, 3, np.nan])
    np.testing.assert_array_equal(scores.extra["n_controls"], [3, 2, 2, 2, np.nan])
    np.testing.assert_allclose(scores.extra["p"], [1 / 4, 1 / 3, 2 / 3, 1, np.nan])
    assert scores.extra["repetitions"].tolist() == [4, 0, 0, 0, 0]


def test_never_negative_and_ties_count_against(written):
    """log2(N) with ranks up to N + 1 is below 0 for the worst canary; with N + 1 candidates it is 0."""
    signals, corpus = planted(written, [-9, -2, -9], ["canary", "canary_control", "canary_control"], ["a"] * 3)
    scores = exposure(signals, corpus)
    assert scores.values[0] == 0
    assert not np.signbit(scores.values[0])
    assert scores.extra["rank"][0] == 3  # the control of equal log-probability counts as better


def test_pools_are_apart(written):
    # the second canary has no control in its pool
    signals, corpus = planted(written, [-1, -2, -5], ["canary", "canary_control", "canary"], ["a", "a", "b"])
    scores = exposure(signals, corpus)
    np.testing.assert_array_equal(scores.values[[0, 2]], [1, np.nan])
    assert scores.extra["pool"].tolist() == ["a", "a", "b"]


def test_bits_of_one_pool_order_canary_and_controls_as_their_secrets_do(written):
    """So that a rank test on the bits is the rank test on the log-probabilities."""
    for canary in (-0.5, -1.5, -2.5, -3.5):
        signals, corpus = planted(written, [canary, -1, -2, -3], ["canary"] + ["canary_control"] * 3, ["a"] * 4)
        bits = exposure(signals, corpus).values
        assert (bits[0] > bits[1:]).sum() == (canary > np.array([-1, -2, -3])).sum()


def test_uniform_for_what_was_never_planted(written):
    """P(2^-exposure <= k / m) is exactly k / m for m exchangeable controls without ties."""
    m = 64
    logprobs = np.random.default_rng(3).normal(-20, 5, m)
    signals, corpus = planted(written, logprobs, ["canary_control"] * m, ["a"] * m)
    values = 2.0 ** -exposure(signals, corpus).values
    np.testing.assert_allclose(np.sort(values), np.arange(1, m + 1) / m)


def test_refuses_plain_corpora_and_others(written):
    signals, corpus = planted(written, [-1, -2], ["canary", "canary_control"], ["a", "a"])
    with pytest.raises(DataError, match="no column 'pool'"):
        exposure(signals, Corpus.of(["x", "y"], "member"))
    with pytest.raises(DataError, match="other records"):
        exposure(signals, corpus.take([1, 0]))
