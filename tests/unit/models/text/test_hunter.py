"""The prompt writer: what it reads, what it learns, and that its frozen self stays as it was."""

import numpy as np
import pytest
import torch

from byheart.core.errors import TargetError
from byheart.models.text.hunter import Lora, PromptHunter
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt


def hunter(seed=0, **options):
    return PromptHunter(tiny_gpt(261, width=32, layers=1, context=64, seed=1), byte_tokenizer(), seed=seed, **options)


def test_it_begins_as_its_frozen_self():
    h = hunter()
    trained, frozen = h.next_token("abc", [[1, 2], [3, 4]])
    assert trained.shape == (2, 261)
    torch.testing.assert_close(trained, frozen)
    assert torch.isinf(trained[:, 256:]).all()  # four chat marks and <s>
    torch.testing.assert_close(trained[:, :256].exp().sum(dim=1), torch.ones(2, dtype=torch.float64))


def test_what_is_learned_is_written_and_the_frozen_self_stays():
    h = hunter()
    contexts = ["one ", "two "]
    before = h.surprise(contexts, ["KEY!"] * 2, frozen=True)
    losses = h.learn(contexts * 4, ["KEY!"] * 8, steps=150, batch_size=8, lr=2e-2, seed=0)
    assert losses[-1] < 0.1 < losses[0]
    assert h.write(["one ", "new "], 4, seeds=[0, 1], temperature=0.0) == ["KEY!", "KEY!"]
    np.testing.assert_allclose(h.surprise(contexts, ["KEY!"] * 2, frozen=True), before)
    assert (h.surprise(contexts, ["KEY!"] * 2, frozen=False) < 0.1).all()


def test_saved_and_loaded_it_writes_the_same(tmp_path):
    one, other = hunter(), hunter(seed=5)
    one.learn(["x"], ["yes"], steps=5, batch_size=1, lr=1e-2, seed=0)
    one.save(tmp_path / "adapter.safetensors")
    other.load(tmp_path / "adapter.safetensors")
    for a, b in zip(one.next_token("q", [[7]]), other.next_token("q", [[7]]), strict=True):
        torch.testing.assert_close(a, b)


def test_surprise_is_the_mean_over_the_prompt():
    h = hunter()
    first = h.next_token("ab", [[]])[1][0, h.ids("c")[0]]
    second = h.next_token("ab", [h.ids("c")])[1][0, h.ids("d")[0]]
    # the two differ from the surprise only by the five special tokens that next_token rules out
    assert h.surprise(["ab"], ["cd"], frozen=True)[0] == pytest.approx(-float(first + second) / 2, abs=0.05)
    assert np.isnan(h.surprise(["ab"], [""], frozen=True)[0])


def test_repetition_is_penalised():
    h = hunter()
    plain = h.next_token("ab", [[5]])[0][0]
    punished = h.next_token("ab", [[5]], repetition=10.0)[0][0]
    others = [i for i in range(256) if i != 5]
    gaps = (punished - plain)[others]
    torch.testing.assert_close(gaps, gaps[:1].expand(255))  # all others move together
    assert punished[5] != plain[5] + gaps[0]


def test_an_empty_context_can_be_read():
    h = hunter()
    assert h.reading("").size == 1
    assert h.reading("a" * 100).size == 32  # half of its context
    assert len(h.write([""], 3, seeds=[0])) == 1


def test_the_seed_decides_what_is_written():
    h = hunter()
    a, b, c = h.write(["x"] * 3, 8, seeds=[0, 0, 1])
    assert a == b
    assert a != c


def test_layers_that_are_not_there_are_named():
    with pytest.raises(TargetError, match="none of the layers nowhere"):
        hunter(lora=Lora(targets=("nowhere",)))
