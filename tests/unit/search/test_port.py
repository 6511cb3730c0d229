"""The target's counter: the same numbers alone and in a batch, every token counted, exact lengths."""

import numpy as np
import pytest

from byheart.core.errors import DataError
from byheart.models.text.causal_lm import CausalLM
from byheart.models.toy.bigram import ToyBigram
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.search.port import Port

CYCLE = ToyBigram(np.roll(np.eye(3), 1, axis=1) * 0.7 + 0.1, "abc")  # a -> b -> c -> a with 0.8, else 0.1


@pytest.fixture(scope="module")
def port():
    return Port(CausalLM(tiny_gpt(261, width=32, layers=1, context=96, seed=0), byte_tokenizer()))


def test_surprise_by_hand():
    """After `a`: b has 0.8, then a after b has 0.1; two tokens."""
    port = Port(CYCLE, "prompt_only")
    assert port.nll(["c"], ["a"], ["ba"])[0] == pytest.approx(-(np.log(0.8) + np.log(0.1)) / 2, abs=1e-6)
    assert port.tokens == 3
    assert port.nll([""], [""], ["ab"])[0] == pytest.approx(-np.log(0.8), abs=1e-6)  # the first token is not counted


def test_a_shared_beginning_changes_nothing(port):
    prompts = ["a heading that all of them have " + end for end in ("one", "another", "x", "")]
    before = port.tokens
    together = port.nll(["text"] * 4, prompts, ["goes on"] * 4)
    spent = port.tokens - before
    alone = [float(port.nll(["text"], [p], ["goes on"])[0]) for p in prompts]
    np.testing.assert_allclose(together, alone, rtol=1e-5)
    assert port.tokens - before == 2 * spent  # caches are no discount


def test_answers_are_as_long_as_asked(port):
    made = port.generate(["x", "y", "z"], ["p"] * 3, [3, 7, 3])
    assert [m.size for m in made] == [3, 7, 3]
    assert made[2].tolist() == port.generate(["z"], ["p"], [3])[0].tolist()


def test_nothing_to_hunt_and_nothing_to_continue_are_refused(port):
    with pytest.raises(DataError, match="no tokens"):
        port.nll(["x"], ["p"], [""])
    with pytest.raises(DataError, match="empty prompt"):
        port.generate([""], [""], [2])
