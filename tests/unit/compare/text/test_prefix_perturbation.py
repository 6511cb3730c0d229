"""Every operator by hand: which token stands where, what is new, and what chance may do."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.compare.text.prefix_perturbation import (
    EDITING,
    LOCATIONS,
    SCRAMBLING,
    Perturbation,
    another_token,
    disturbed_text,
    filled,
    moved,
    places,
    token_like,
)
from byheart.core.errors import UsageError


def rng(seed=0):
    return np.random.default_rng(seed)


def source(n, operator, budget=1, location="random", seed=0):
    return moved(n, Perturbation(operator, budget, location), rng(seed)).tolist()


@pytest.mark.parametrize(
    ("operator", "n", "expected"),
    [
        ("none", 4, [0, 1, 2, 3]),
        ("adjacent", 4, [1, 0, 3, 2]),
        ("adjacent", 5, [1, 0, 3, 2, 4]),  # an odd number leaves the last
        ("rotate", 6, [3, 4, 5, 0, 1, 2]),
        ("rotate", 7, [4, 5, 6, 3, 0, 1, 2]),  # the middle one stays
        ("first_last", 5, [4, 1, 2, 3, 0]),
        ("reverse", 4, [3, 2, 1, 0]),
    ],
)
def test_fixed_orders(operator, n, expected):
    assert source(n, operator) == expected


@given(st.sampled_from(SCRAMBLING), st.integers(1, 40), st.integers(0, 99))
def test_scrambling_keeps_the_tokens(operator, n, seed):
    assert sorted(source(n, operator, seed=seed)) == list(range(n))


def test_a_random_swap_always_moves_two():
    """The earlier scripts may draw one place twice, a no-op with probability 1/n."""
    for seed in range(200):
        assert np.count_nonzero(np.array(source(4, "random", seed=seed)) != np.arange(4)) == 2


def test_fixed_ends_and_blocks_of_three():
    for seed in range(20):
        ends = source(9, "fix_ends", seed=seed)
        assert (ends[0], ends[-1]) == (0, 8)
        blocks = np.array(source(8, "trigram", seed=seed))
        assert (blocks // 3 == np.arange(8) // 3).all()


@pytest.mark.parametrize(
    ("operator", "budget", "location", "expected"),
    [
        ("delete", 2, "start", [2, 3, 4, 5]),
        ("delete", 2, "end", [0, 1, 2, 3]),
        ("delete", 2, "middle", [0, 1, 4, 5]),
        ("delete", 1, 3, [0, 1, 2, 4, 5]),
        ("insert", 1, "end", [1, 2, 3, 4, 5, -1]),  # pushed out on the left: 0
        ("insert", 1, "start", [-1, 1, 2, 3, 4, 5]),
        ("replace", 2, "end", [0, 1, 2, 3, -1, -1]),
        ("replace_like", 1, 0, [-1, 1, 2, 3, 4, 5]),
        ("swap", 1, "end", [0, 1, 2, 3, 5, 4]),
        ("swap", 2, "start", [1, 0, 3, 2, 4, 5]),
    ],
)
def test_edits_at_a_location(operator, budget, location, expected):
    assert source(6, operator, budget, location) == expected


@given(st.sampled_from(EDITING), st.sampled_from(LOCATIONS), st.integers(1, 4), st.integers(8, 20), st.integers(0, 99))
def test_an_edit_touches_no_more_than_its_budget(operator, location, budget, n, seed):
    found = np.array(source(n, operator, budget, location, seed))
    new, gone = np.count_nonzero(found < 0), n - np.unique(found[found >= 0]).size
    assert found.size == (n - budget if operator == "delete" else n)
    if operator in ("swap", "shuffle"):
        assert (new, gone) == (0, 0)
        assert np.count_nonzero(found != np.arange(n)) <= 2 * budget
    else:
        assert new <= budget  # of those put in near the front, some are pushed out again
        assert gone == (budget if operator == "delete" else new)
        assert operator in ("delete", "insert") or new == budget


def test_swapped_pairs_are_disjoint_wherever_chance_puts_them():
    for seed in range(50):
        found = np.array(source(7, "swap", 3, seed=seed))
        assert np.count_nonzero(np.abs(found - np.arange(7)) == 1) == 6


def test_chance_shuffles_every_window_equally():
    """Windows of 2 in 4 tokens at 3 places; each leaves its two tokens in place half the time: 300 draws in 1000."""
    touched = Counter(tuple(source(4, "shuffle", 2, seed=s)) for s in range(1200))
    assert set(touched) == {(0, 1, 2, 3), (1, 0, 2, 3), (0, 2, 1, 3), (0, 1, 3, 2)}
    for order, count in touched.items():  # 600 or 200 expected; beyond 6 sd once in 5e8
        expected = 600 if order == (0, 1, 2, 3) else 200
        assert abs(count - expected) < 6 * (expected * (1 - expected / 1200)) ** 0.5


def test_new_tokens_differ_from_those_they_stand_in_for():
    ids = np.array([3, 3, 5, 3], np.int32)
    chance = rng()
    for _ in range(50):
        made = filled(ids, np.array([0, -1, 2, -1]), lambda old: another_token(old, 6, chance))
        assert made[[0, 2]].tolist() == [3, 5]
        assert (made[[1, 3]] != 3).all()
        assert ((made >= 0) & (made < 6)).all()


def test_every_other_token_is_as_likely():
    counts = np.bincount(another_token(np.full(5000, 2), 5, rng()), minlength=5)
    assert counts[2] == 0
    assert (np.abs(counts[[0, 1, 3, 4]] - 1250) < 6 * (1250 * 0.75) ** 0.5).all()  # 6 sd


def test_a_token_of_like_frequency_comes_from_its_tenth():
    """Tokens 0..19 occur 1..20 times, so tenths are (0, 1), (2, 3), ...; token 20 never occurs."""
    counts = np.r_[np.arange(1, 21), 0]
    assert token_like(np.array([0, 7, 18]), counts, rng()).tolist() == [1, 6, 19]
    assert token_like(np.array([20]), counts, rng())[0] != 20


def test_letters():
    assert disturbed_text("aabb", Perturbation("typo"), rng()) == "abab"  # the only place where it shows
    assert disturbed_text("a1b", Perturbation("case", 2), rng()) == "A1B"
    assert disturbed_text("a1b", Perturbation("case", 1, "end"), rng()) == "a1B"
    assert disturbed_text("11", Perturbation("case", 4), rng()) == "11"


def test_places():
    assert places(9, 3, "middle", rng()).tolist() == [3, 4, 5]
    assert places(9, 3, 8, rng()).tolist() == [6, 7, 8]  # as far as it goes
    assert len(set(places(9, 9, "random", rng()).tolist())) == 9


def test_names_tell_what_matters():
    assert Perturbation("random", 4).name == "random/4"
    assert Perturbation("rotate").name == "rotate"
    assert Perturbation("delete", 2, "end", 3).name == "delete/2/end"


@pytest.mark.parametrize("options", [("shake",), ("random", 0), ("delete", 1, "left")])
def test_nonsense_is_refused(options):
    with pytest.raises(UsageError):
        Perturbation(*options)


@pytest.mark.parametrize(("operator", "budget"), [("replace", 5), ("delete", 4), ("swap", 3), ("insert", 5)])
def test_a_prefix_shorter_than_the_budget_is_refused(operator, budget):
    with pytest.raises(UsageError, match="at least"):
        moved(4, Perturbation(operator, budget), rng())
