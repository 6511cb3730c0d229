"""The floor: the shortest prompt that brings a text back."""

import itertools

import numpy as np
import pytest

from byheart.core.errors import UsageError
from byheart.models.text.prompt_search import read_candidates
from byheart.search.climb import Plan
from byheart.search.mini_prompt import mini_prompt, shuffled
from byheart.search.port import Pair, Port
from byheart.search.soft_prompt import soft_frame

from .conftest import LETTERS, random_target


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
