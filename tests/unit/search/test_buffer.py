"""What is kept, and how it is drawn."""

import numpy as np

from byheart.search.buffer import PriorityBuffer


def test_only_what_helped_is_kept_and_the_least_useful_goes():
    b = PriorityBuffer(capacity=2)
    assert not b.add("x", "p", 0.0)
    assert not b.add("x", "", 1.0)
    assert [b.add("x", p, v) for p, v in (("a", 1.0), ("b", 3.0), ("c", 2.0))] == [True, True, True]
    assert [e.prompt for e in b.entries] == ["b", "c"]
    assert not b.add("x", "b", 2.5)  # known, and better before
    assert b.add("x", "b", 4.0)
    assert {e.prompt: e.priority for e in b.entries} == {"c": 2.0, "b": 4.0}


def test_draws_follow_the_priority():
    b = PriorityBuffer()
    b.add("x", "low", 1.0)
    b.add("x", "high", 4.0)
    drawn = b.draw(9000, np.random.default_rng(0))
    # 4^1.5 = 8 against 1: 8/9 of 9000 = 8000, sd sqrt(9000 * 8/81) = 30
    assert abs(sum(e.prompt == "high" for e in drawn) - 8000) < 120


def test_saved_and_loaded(tmp_path):
    one, other = PriorityBuffer(), PriorityBuffer()
    one.add("x\u00e9", "p\n", 0.25)
    one.save(tmp_path / "buffer.json")
    other.load(tmp_path / "buffer.json")
    assert other.entries == one.entries
