"""Strengths against closed forms, for every length from 2 to 65, and on tokens that are equal."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.compare.text.positional_change import (
    STRENGTHS,
    changed_places,
    discordant,
    displacement,
    lineage,
    mean_shift,
    nearest_change,
    on_tokens,
    parted,
    strengths,
)
from byheart.compare.text.prefix_perturbation import Perturbation, moved

LENGTHS = range(2, 66)


def source(n, operator, seed=0, **options):
    return moved(n, Perturbation(operator, **options), np.random.default_rng(seed))


def brute_force(pi):
    """P by counting one place and one pair of neighbours after the other."""
    n, total = len(pi), 0
    for i in range(n):
        total += pi[i] != i
        if i < n - 1:
            total += 2 * (pi[i + 1] != pi[i] + 1)
    return (total + (pi[0] != 0) + (pi[-1] != n - 1)) / n


@pytest.mark.parametrize("n", LENGTHS)
def test_lineage_closed_forms(n):
    odd = n % 2
    assert lineage(source(n, "none"), n) == 0
    assert lineage(source(n, "adjacent"), n) == pytest.approx(3 - 2 / n if odd else 3, abs=1e-12)
    if n > 3:  # below, halves of one token: rotate and first_last are the same swap, with fewer junctions
        assert lineage(source(n, "reverse"), n) == pytest.approx(3 - 1 / n if odd else 3, abs=1e-12)
        assert lineage(source(n, "rotate"), n) == pytest.approx(1 + 5 / n if odd else 1 + 4 / n, abs=1e-12)
        assert lineage(source(n, "first_last"), n) == pytest.approx(8 / n, abs=1e-12)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 8, 17, 32, 65])
def test_random_swap_mean_over_all_pairs(n):
    total = 0.0
    for i, j in combinations(range(n), 2):
        pi = np.arange(n)
        pi[[i, j]] = pi[[j, i]]
        total += lineage(pi, n)
    expected = (10 - 8 / n) / n if n > 2 else 3.0
    assert total / (n * (n - 1) / 2) == pytest.approx(expected, abs=1e-12)


def test_values_at_32():
    assert lineage(source(32, "first_last"), 32) == 0.25
    assert lineage(source(32, "rotate"), 32) == 1.125
    # 30 inner tokens shuffled: 29 of 30 move; each of the 31 junctions survives with chance 1/30.
    # (29 + 2 * 31 * 29/30) / 32 = 2.779
    drawn = [lineage(source(32, "fix_ends", seed=s), 32) for s in range(2000)]
    assert np.mean(drawn) == pytest.approx((29 + 62 * 29 / 30) / 32, abs=0.01)  # sd of the mean 0.002


@given(st.permutations(range(9)))
def test_lineage_by_brute_force(pi):
    value = lineage(np.array(pi), 9)
    assert value == pytest.approx(brute_force(pi), abs=1e-12)
    assert 0 <= value <= 3
    assert (value == 0) == (list(pi) == sorted(pi))


@pytest.mark.parametrize("n", [4, 6, 32, 33, 64])
def test_mean_distance_moved(n):
    adjacent, rotate = mean_shift(source(n, "adjacent"), n), mean_shift(source(n, "rotate"), n)
    if n % 2 == 0:
        assert (adjacent, rotate) == (1, n / 2)
    swaps = [sum(abs(np.array(p) - np.array(p)[::-1])) / n for p in combinations(range(n), 2)]
    assert np.mean(swaps) == pytest.approx(2 * (n + 1) / (3 * n))  # the closed form that the next line meets
    drawn = [mean_shift(source(n, "random", seed=s), n) for s in range(500)]
    assert np.mean(drawn) == pytest.approx(2 * (n + 1) / (3 * n), abs=0.12)  # sd of the mean 0.022


@pytest.mark.parametrize("n", [2, 8, 32])
def test_reversal_and_one_swap_of_different_tokens(n):
    ids, back = np.arange(n), source(n, "reverse")
    assert changed_places(ids, ids[back]) == 1
    assert discordant(back) == 1
    assert displacement(back, n) == pytest.approx(n / (2 * (n - 1)))
    swap = source(n, "swap", location="start")
    assert changed_places(ids, ids[swap]) == pytest.approx(2 / n)
    assert displacement(swap, n) == pytest.approx(2 / (n * (n - 1)))
    assert discordant(swap) == pytest.approx(2 / (n * (n - 1)))


def test_a_periodic_prefix_is_not_changed_by_rotation():
    """Period 4 in 32: P on places 1.125, on tokens 0, so that nothing may be expected to drop."""
    ids = np.resize([5, 6, 7, 8], 32)
    pi = source(32, "rotate")
    found = strengths(ids, ids[pi], pi)
    assert found["lineage"] == 1.125
    for name in ("lineage_tokens", "position", "position_end", "edit"):
        assert found[name] == 0
    assert nearest_change(ids, ids[pi]) == -1


def test_equal_tokens_shuffled_are_unchanged():
    ids = np.full(9, 4)
    pi = source(9, "fix_ends", seed=3)
    assert strengths(ids, ids[pi], pi)["lineage_tokens"] == 0


def test_a_token_gone_in_front_moves_all_places_but_is_one_edit():
    ids = np.arange(10)
    pi = source(10, "delete", location="start")
    found = strengths(ids, ids[pi], pi)
    assert found["position"] == 1.0  # jumps from 1/n to 1
    assert found["position_end"] == pytest.approx(0.1)
    assert found["edit"] == pytest.approx(0.1)
    assert found["displacement"] == pytest.approx((1 + 9 / 9) / 10)  # one gone, nine moved by 1 of 9
    assert np.isnan(found["lineage"])
    assert nearest_change(ids, ids[pi]) == 9


def test_a_token_put_in_at_the_end_of_a_prefix_that_keeps_its_length():
    ids = np.arange(8)
    pi = source(8, "insert", location="end")  # 1..7 and a new one
    after = np.r_[ids[1:], 99]
    found = strengths(ids, after, pi)
    assert (found["position"], found["position_end"]) == (1.0, 1.0)
    assert found["edit"] == pytest.approx(2 / 8)  # one out, one in
    assert found["kendall"] == 0


def test_on_tokens_takes_free_places_in_order():
    # b b a -> a b b: the middle b stays; a comes from 2, the last b from 0
    assert on_tokens(np.array([2, 2, 1]), np.array([1, 2, 2])).tolist() == [2, 1, 0]
    assert on_tokens(np.array([1, 2]), np.array([1, 9, 2])).tolist() == [0, -1, 1]


@given(st.lists(st.integers(0, 3), min_size=0, max_size=12), st.lists(st.integers(0, 3), min_size=0, max_size=12))
def test_strengths_stay_in_their_bounds(before, after):
    a, b = np.array(before, int), np.array(after, int)
    found = strengths(a, b, on_tokens(a, b))
    assert tuple(found) == STRENGTHS
    for name, value in found.items():
        top = {"lineage": 3, "lineage_tokens": 3, "disp_abs": 12}.get(name, 1)
        assert np.isnan(value) or 0 <= value <= top, name
    assert (found["edit"] == 0) == (before == after)
    assert (nearest_change(a, b) == -1) == (before == after)


def test_parted_neighbours():
    assert parted(np.array([1, 0, 3, 2]), 4) == 1
    assert parted(np.array([2, 3, 0, 1]), 4) == pytest.approx(1 / 3)
    assert parted(np.array([0]), 1) == 0
