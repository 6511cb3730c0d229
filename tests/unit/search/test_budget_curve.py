"""The curve that holds searches against each other at each budget."""

import numpy as np
import pytest

from byheart.core.errors import UsageError
from byheart.models.toy.memorizers import Memorizer
from byheart.search.budget_curve import budget_curve, of_search, of_soft_prompt, recited_after
from byheart.search.port import Pair, Port, Searched
from byheart.search.prefix_suffix import prefix_suffix
from byheart.search.templates import templates

from .conftest import PAIRS, words_target

KNOWN = Memorizer(["rain over the hills at dawn", "snow upon all roofs by noon"], k=4)
HUNTED = [Pair("r", "rain over", " the hills"), Pair("s", "snow upon", " all roofs")]


def test_what_is_recited_beyond_what_was_told():
    port = Port(KNOWN, "prepend")
    assert recited_after(port, HUNTED, ["", ""]).tolist() == [1.0, 1.0]
    assert port.tokens == 0
    # " the hills" has 10 letters; a prompt with "the hi" (6) tells these, and the model goes on reciting the others: 4
    assert recited_after(port, HUNTED[:1], ["the hi "]).tolist() == [pytest.approx(0.4)]


def given(prompts, reads):
    """A search that knows its prompts once it may read so many tokens."""

    def search(port, pairs, *, budget, seed, starts=None):
        known = prompts if budget >= reads else ["" for _ in pairs]
        return Searched(list(known), np.zeros(len(pairs)), min(budget, reads))

    return search


def test_the_curve_holds_searches_against_each_other_at_each_budget():
    """Prompts that are the record's own words bring all back from a context that says nothing."""
    port = Port(KNOWN, "append")
    pairs = [Pair(p.id, "o", p.continuation) for p in HUNTED]
    good = given([p.context for p in HUNTED], 50)
    runners = {
        "prefix_suffix": of_search(prefix_suffix, port, pairs, seed=0),
        "good": of_search(good, port, pairs, seed=0),
        "dear": of_search(good, port, pairs, seed=0, cost=30),
    }
    points = budget_curve(runners, [70, 20, 100], against="prefix_suffix", seed=0)
    by = {(p.search, p.budget): p for p in points}
    assert [p.budget for p in points[:3]] == [20, 70, 100]
    assert [by["good", b].score.value for b in (20, 70, 100)] == [by["prefix_suffix", 20].score.value, 1.0, 1.0]
    assert [by["dear", b].score.value == 1.0 for b in (20, 70, 100)] == [False, False, True]
    assert [by["dear", b].spent for b in (20, 70, 100)] == [0, 70, 80]
    assert by["prefix_suffix", 20].gap is None
    assert by["good", 100].gap.value == pytest.approx(1.0 - by["prefix_suffix", 100].score.value)
    assert by["good", 100].gap.n == 2
    grouped = budget_curve(runners, [100], against="good", seed=0, groups=["a", "b"])
    assert grouped[-1].gap.value == 0.0


def test_the_curve_refuses_a_search_that_overspends_and_an_unknown_yardstick():
    runners = {"greedy": lambda budget: (np.zeros(2), budget + 1)}
    with pytest.raises(UsageError, match="greedy spent 11 target tokens of 10"):
        budget_curve(runners, [10], against="greedy", seed=0)
    with pytest.raises(UsageError, match="got 'x'"):
        budget_curve(runners, [10], against="x", seed=0)


def test_real_searches_and_a_soft_prompt_stand_on_one_curve():
    port = Port(words_target(), "prepend")
    runners = {
        "prefix_suffix": of_search(prefix_suffix, port, PAIRS[:2], seed=0),
        "templates": of_search(templates, port, PAIRS[:2], seed=0),
        "soft prompt": of_soft_prompt(port, PAIRS[:2], fit=PAIRS[2:], seed=0, n_vectors=2),
    }
    points = budget_curve(runners, [300, 900], against="prefix_suffix", seed=0)
    assert len(points) == 6
    assert all(p.spent <= p.budget and p.score.n == 2 for p in points)
