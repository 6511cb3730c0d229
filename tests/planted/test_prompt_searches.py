"""A model that goes on in one way after "A" and in another after "B": the searches find a letter nobody named."""

import importlib.util
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from byheart.core.randomness import generator
from byheart.search.budget_curve import budget_curve, of_search, recited_after
from byheart.search.climb import Plan
from byheart.search.gcg import gcg, warm_start
from byheart.search.port import Pair
from byheart.search.prefix_suffix import prefix_suffix
from byheart.search.soft_prompt import soft_prompt
from byheart.search.universal import universal

CAP, ONE = 500, Plan(n_candidates=64, steps=None)  # target tokens per record


@pytest.fixture(scope="module")
def planted():
    """The target and the owner's records of `examples/prompt_search.py`."""
    path = Path(__file__).parents[2] / "examples" / "prompt_search.py"
    spec = importlib.util.spec_from_file_location("prompt_search_example", path)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    return example.planted()


def test_one_prompt_unlocks_all_and_it_is_the_planted_letter(planted):
    port, pairs = planted
    found = universal(port, pairs, budget=2500 * len(pairs), seed=1, n_tokens=1, plan=ONE)  # room for every byte
    assert set(found.prompts) == {"A"}
    assert recited_after(port, pairs, found.prompts).mean() >= 0.95
    assert recited_after(port, pairs, [""] * len(pairs)).mean() <= 0.65  # two continuations, learned equally often
    assert recited_after(port, pairs, ["B"] * len(pairs)).mean() <= 0.4
    rng = generator(0, "never learned")
    unseen = [
        Pair(f"u{i}", *("".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), n)) for n in (6, 8))) for i in range(16)
    ]
    assert recited_after(port, unseen, found.prompts[:1] * 16).mean() <= 0.4


def test_a_search_for_each_record_overtakes_the_prefix_but_one_for_all_was_there_before(planted):
    port, pairs = planted
    runners = {
        "prefix": of_search(prefix_suffix, port, pairs, seed=0),
        "each": of_search(partial(gcg, n_tokens=1, plan=ONE), port, pairs, seed=0),
        "all": of_search(partial(universal, n_tokens=1, plan=ONE), port, pairs, seed=0),
    }
    points = budget_curve(runners, [CAP * len(pairs)], against="prefix", seed=0)
    by = {p.search: p for p in points}
    assert by["each"].gap.low > 0
    assert by["all"].gap.low > by["each"].gap.value


def test_a_start_saves_tokens_and_the_ceiling_is_above_the_words(planted):
    port, pairs = planted
    saved = warm_start(port, pairs, ["A"] * len(pairs), budget=CAP * len(pairs), seed=0, n_tokens=1, plan=ONE)
    assert saved.warm.value >= 0.95
    assert saved.saved.low > 0
    soft = soft_prompt(port, pairs, budget=1000 * len(pairs), seed=0, n_vectors=1)
    words = port.nll([p.context for p in pairs], ["A"] * len(pairs), [p.continuation for p in pairs])
    assert np.mean(soft.nll) <= np.mean(words) + 0.01  # the letter's own embedding is one of the vectors it could be
