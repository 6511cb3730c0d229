"""The ceiling: free vectors in place of words."""

import itertools

import numpy as np
import pytest
import torch

from byheart.models.text.prompt_search import embedding, read_candidates
from byheart.search.port import Pair, Port
from byheart.search.soft_prompt import soft_frame, soft_prompt, soft_said

from .conftest import PAIRS, random_target, words_target


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
