import numpy as np
import pytest
from dp_accounting import GaussianDpEvent
from dp_accounting.pld import PLDAccountant
from scipy.stats import binom

from byheart.core.errors import UsageError
from byheart.stats.privacy import epsilon_bound, gaussian_delta, gaussian_epsilon, guess, guesses_p, one_run_epsilon


def test_p_by_hand():
    # epsilon 0: two of two fair guesses right, 1/4; epsilon ln 3: q = 3/4, 9/16
    assert guesses_p(10, 2, 2, 0.0, 0.0) == pytest.approx(1 / 4)
    assert guesses_p(10, 2, 2, np.log(3), 0.0) == pytest.approx(9 / 16)
    # delta 0.01, m = 10: max over i of P(2 > Bin >= 2 - i) / i = max(1/2, 3/8), times 2 m delta = 0.2: 1/4 + 0.1
    assert guesses_p(10, 2, 2, 0.0, 0.01) == pytest.approx(0.35)


def test_p_at_the_ends_of_its_arguments():
    # one of one fair guess right, m = 2, delta 0.1: 1/2 + 2 * 2 * 0.1 * P(1 > Bin >= 0) = 0.7
    assert guesses_p(2, 1, 1, 0.0, 0.1) == pytest.approx(0.7)
    assert guesses_p(10, 5, 0, 1.0, 0.1) == 1.0  # none right is no evidence
    assert guesses_p(10, 10, 10, 0.0, 1.0) == 1.0  # delta 1 promises nothing, so nothing speaks against it
    assert guesses_p(10, 10, 10, 0.0, 0.0) == pytest.approx(2**-10)


def test_p_against_the_theorem_summed_term_by_term():
    m, r, v, eps, delta = 200, 120, 85, 0.7, 1e-3
    q = np.exp(eps) / (1 + np.exp(eps))
    worst = max(sum(binom.pmf(j, r, q) for j in range(v - i, v)) / i for i in range(1, v + 1))
    beta = sum(binom.pmf(j, r, q) for j in range(v, r + 1))
    assert guesses_p(m, r, v, eps, delta) == pytest.approx(beta + 2 * m * delta * worst)


def test_bound_inverts_p_and_moves_the_right_way():
    bound = epsilon_bound(1000, 200, 180, delta=1e-5)
    assert guesses_p(1000, 200, 180, bound, 1e-5) == pytest.approx(0.05, abs=1e-6)
    assert epsilon_bound(1000, 200, 190, delta=1e-5) > bound > epsilon_bound(1000, 200, 180, delta=1e-4)
    assert epsilon_bound(1000, 200, 100, delta=1e-5) == 0
    assert epsilon_bound(100, 100, 100, delta=0) == pytest.approx(-np.log(0.05 ** (-1 / 100) - 1))  # q^100 = 0.05


@pytest.mark.parametrize("wrong", [(5, 6, 1), (5, 3, 4), (5, 3, -1)])
def test_counts_that_do_not_fit(wrong):
    with pytest.raises(UsageError):
        guesses_p(*wrong, 0.0, 0.0)


def test_guesses_by_hand_and_ties_against_the_guesser():
    # top two {9 in, 8 out}, lowest two {1 out, 2 in}: two right
    assert guess(np.array([9.0, 2.0, 5.0]), np.array([8.0, 1.0, 4.0]), 4) == 2
    assert guess(np.ones(4), np.ones(4), 8) == 0


@pytest.mark.parametrize("sigma", [0.5, 1.0, 3.0])
def test_gaussian_mechanism_agrees_with_dp_accounting(sigma):
    reference = PLDAccountant().compose(GaussianDpEvent(sigma)).get_epsilon(1e-5)
    assert gaussian_epsilon(1e-5, sigma) == pytest.approx(reference, rel=2e-3)
    assert gaussian_delta(gaussian_epsilon(1e-5, sigma), sigma) == pytest.approx(1e-5, rel=1e-5)


def test_gaussian_mechanism_at_its_ends():
    # epsilon 0: delta is the total variation distance 2 Phi(1 / (2 sigma)) - 1 = 0.3829 for sigma 1
    assert gaussian_delta(0.0, 1.0) == pytest.approx(0.3829, abs=1e-4)
    assert gaussian_epsilon(0.5, 1.0) == 0
    assert gaussian_delta(3.0, 2.0, sensitivity=2.0) == pytest.approx(gaussian_delta(3.0, 1.0))
    with pytest.raises(UsageError):
        gaussian_epsilon(0.0, 1.0)


@pytest.mark.parametrize(("sigma", "at_least"), [(2.0, 0.0), (1.0, 0.5), (0.5, 2.0)])
def test_bound_is_valid_and_not_vacuous_on_the_gaussian_mechanism(sigma, at_least):
    # 200 runs of 1000 canaries in orthogonal directions, each put in by a fair coin; the true epsilon is known.
    # More than 5 % of bounds above it (19 of 200) would happen to a valid bound with probability below 0.005
    rng, truth = np.random.default_rng(0), gaussian_epsilon(1e-5, sigma)
    bounds = []
    for _ in range(200):
        put_in = rng.random(1000) < 0.5
        seen = put_in + sigma * rng.normal(size=1000)
        bounds.append(one_run_epsilon(seen[put_in], seen[~put_in]).low)
    assert sum(b > truth for b in bounds) <= 18
    assert np.median(bounds) >= at_least


def test_bound_without_a_leak_is_zero_mostly():
    # a valid bound at 95 % is above the true 0 in at most 5 %: more than 22 of 250 has probability below 0.005
    rng = np.random.default_rng(1)
    bounds = [one_run_epsilon(rng.normal(size=150), rng.normal(size=150), delta=0).low for _ in range(250)]
    assert sum(b > 0 for b in bounds) <= 22


def test_estimate_has_no_upper_end():
    e = one_run_epsilon(np.arange(100) + 200.0, np.arange(100.0), guesses=100)
    assert e.high is None
    assert e.value == e.low == pytest.approx(epsilon_bound(200, 100, 100, delta=1e-5))
    assert e.how.startswith("100 of 100 guesses")
