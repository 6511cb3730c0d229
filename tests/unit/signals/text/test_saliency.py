import numpy as np
import pytest

from byheart.signals.text.saliency import leave_one_out, n_draws, sampled_shapley


def additive(worth):
    """log P(y | kept) = sum of the worth of what is kept: (readings, parts) -> (readings, 1 token)."""
    return lambda kept: kept.astype(float) @ np.asarray(worth, float)[:, None]


@pytest.mark.parametrize("worth", [[2.0], [1.0, -3.0], [0.5, 4.0, -1.0, 2.0, 0.25]])
def test_parts_that_add_up_are_found_exactly_by_any_draw(worth):
    for seed in (0, 1):
        phi = sampled_shapley(additive(worth), len(worth), np.random.default_rng(seed))
        np.testing.assert_allclose(phi[:, 0], worth, atol=1e-12)
    np.testing.assert_allclose(leave_one_out(additive(worth), len(worth))[:, 0], worth, atol=1e-12)


def test_every_token_has_its_own_worth():
    worth = np.array([[1.0, 0.0], [0.0, -2.0], [3.0, 5.0]])  # parts, tokens
    value = lambda kept: kept.astype(float) @ worth  # noqa: E731
    np.testing.assert_allclose(leave_one_out(value, 3), worth)
    np.testing.assert_allclose(sampled_shapley(value, 3, np.random.default_rng(0)), worth, atol=1e-12)


def test_parts_that_stand_in_for_each_other_need_draws():
    """y needs part 0 or part 1: leaving out one loses nothing, as the other is there; Shapley shares the worth."""
    value = lambda kept: (kept[:, 0] | kept[:, 1])[:, None].astype(float)  # noqa: E731
    assert leave_one_out(value, 3)[:, 0].tolist() == [0, 0, 0]
    # Three parts: r = 1 of the two others is left out. For part 0 that is part 1 half the time, and then it counts.
    phi = sampled_shapley(value, 3, np.random.default_rng(0))[:, 0]
    assert phi[2] == 0
    assert 0.2 < phi[0] < 0.8  # 12 draws at one half: outside with probability 0.006 each, and the seed is fixed
    assert 0.2 < phi[1] < 0.8


def test_draws_are_shared_and_bounded():
    # one part: no other differs, a single draw; 3 parts: 4 x C(3, 1) = 12; 20 parts: 500 // 20; 200 parts: at least 5
    assert [n_draws(n) for n in (1, 3, 20, 200)] == [1, 12, 25, 5]


def test_at_most_half_of_the_parts_are_left_out_beside_the_one():
    seen = []
    sampled_shapley(lambda kept: seen.append(kept) or np.zeros((len(kept), 1)), 7, np.random.default_rng(0))
    left_out = (~np.concatenate(seen)).sum(axis=1)
    assert left_out.max() == 4  # 7 // 2 = 3 others and the one itself
    assert set(left_out) == {1, 2, 3, 4}
