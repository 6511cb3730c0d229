"""The ceiling of soft prompts, the floor of short ones, and the curve that holds searches against each other."""

import itertools

import numpy as np
import pytest
import torch

from byheart.core.errors import UsageError
from byheart.models.text.prompt_search import embedding, read_candidates
from byheart.models.toy.memorizers import Memorizer
from byheart.search.budget_curve import budget_curve, of_search, of_soft_prompt, recited_after
from byheart.search.climb import Plan
from byheart.search.mini_prompt import mini_prompt, shuffled
from byheart.search.port import Pair, Port, Searched
from byheart.search.prefix_suffix import prefix_suffix
from byheart.search.soft_prompt import soft_frame, soft_prompt, soft_said
from byheart.search.templates import templates

from .test_prompt_searches import LETTERS, PAIRS, random_target, words_target


@pytest.mark.parametrize("seed", [0, 1])
def test_two_free_vectors_beat_the_best_of_all_256_prompts(seed):
    port = Port(random_target(seed), "prepend")
    pair = Pair("x", "cab", "fade")
    frame = soft_frame(port, pair, 2)
    hard = read_candidates(port.target, frame, np.array(list(itertools.product(range(16), repeat=2)))).nll.min()
    found = soft_prompt(port, [pair], budget=2_500, seed=0, n_vectors=2, lr=0.2)
    assert found.nll[0] < hard
    assert found.losses[-1] < found.losses[0]
    assert found.vectors.shape == (2, 32)


@pytest.mark.parametrize("budget", [0, 60, 400, 2000])
def test_a_soft_prompt_obeys_its_budget_and_its_seed(budget):
    port = Port(words_target(), "prompt_only")
    found = soft_prompt(port, PAIRS, budget=budget, seed=0, n_vectors=3, batch=2)
    # a row is 1 + 3 + 14 + 17 or so; a last reading of the three is 3 rows, a step is 2 rows three times
    assert found.spent == port.tokens <= budget
    assert (not np.isnan(found.nll).any()) == (budget >= 400)
    assert (found.losses.size > 0) == (budget >= 400)
    again = soft_prompt(port, PAIRS, budget=budget, seed=0, n_vectors=3, batch=2)
    assert torch.equal(found.vectors, again.vectors)


def test_vectors_of_words_say_what_the_words_say():
    port = Port(words_target(), "prepend")
    words = "hello"
    vectors = embedding(port.target, port.ids(words))
    said = soft_said(port, PAIRS, vectors)
    plain = port.generate([p.context for p in PAIRS], [words] * 3, [port.ids(p.continuation).size for p in PAIRS])
    for a, b in zip(said, plain, strict=True):
        np.testing.assert_array_equal(a, b)


def shortest_by_hand(port, text):
    """The least number of letters after which the model says the text, of 1 and 2, by trying all 272 prompts."""
    y = port.ids(text)
    for n in (1, 2):
        every = np.array(list(itertools.product(range(16), repeat=n)), np.int32)
        if read_candidates(port.target, soft_frame(port, Pair("x", "", text), 0), every).recited.any():
            return n
    return y.size + 1


def test_the_shortest_prompt_is_never_shorter_than_the_best_of_all_and_mostly_as_short():
    """Texts that a random model says after one or two letters, and texts of random letters, which it does not."""
    port, plan = Port(random_target(5), "prompt_only"), Plan(n_candidates=32, top_k=16, steps=8)
    told = [port.target.decode(port.generate([""], [p], [6])[0]) for p in ("a", "g", "pd", "ke")]
    rng = np.random.default_rng(0)
    texts = [Pair(f"t{i}", "", t) for i, t in enumerate([*told, "".join(rng.choice(list(LETTERS), 6))])]
    found = mini_prompt(port, texts, budget=5 * 60_000, seed=0, plan=plan)
    least = [shortest_by_hand(port, t.continuation) for t in texts]
    for one, best, text in zip(found, least, texts, strict=True):
        assert one.n_prompt >= min(best, 7)
        if one.prompt is not None:
            said = port.generate([""], [one.prompt], [6])[0]
            assert port.target.decode(said) == text.continuation
            assert one.ratio == 6 / port.ids(one.prompt).size
    assert [f.n_prompt for f in found[:4]] == least[:4]
    assert [f.compressed for f in found] == [True] * 4 + [False]
    assert found[4].prompt is None
    assert found[4].ratio <= 1
    assert found[4].tried[-1].n_tokens == 6  # up to the text's own length, and no further


def test_a_search_cut_short_by_its_budget_claims_no_bound():
    port = Port(random_target(5), "prompt_only")
    (found,) = mini_prompt(port, [Pair("t", "", "bogdan")], budget=100, seed=0)
    assert (found.prompt, found.n_prompt, found.ratio) == (None, 1, 6.0)  # nothing was excluded
    assert found.spent == port.tokens <= 100
    assert found.n_bytes == 6


def test_the_shuffled_control_has_the_same_words():
    (made,) = shuffled([Pair("t", "", "one two three four five six seven")], seed=0)
    assert made.continuation != "one two three four five six seven"
    assert sorted(made.continuation.split()) == sorted(["one", "two", "three", "four", "five", "six", "seven"])
    with pytest.raises(UsageError, match="got prepend"):
        mini_prompt(Port(random_target(0), "prepend"), [made], budget=10, seed=0)


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
