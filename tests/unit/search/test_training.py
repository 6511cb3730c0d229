"""The schooling: what is kept, what is refused, and that a killed one goes on as if it had not been."""

import json

import numpy as np
import pytest

from byheart.core.errors import DataError, RunError
from byheart.core.scores import Scores
from byheart.core.verdict import Estimate
from byheart.measure.memhunter import memhunter
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.hunter import PromptHunter
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt
from byheart.search.beam_opt import BeamOpt
from byheart.search.ladder import climb_ladder, ready_made, written
from byheart.search.plug_in import PlugIn
from byheart.search.port import Pair, Port, Searched
from byheart.search.training import Schooling, check_apart, fit
from byheart.stats.judge.membership import verdict

PAIRS = [Pair(str(i), f"begin{i} ", f"and end number {i}") for i in range(4)]
SMALL = Schooling(epochs=2, batch_size=2, n_tokens=2, steps=2)


def hunter():
    return PromptHunter(tiny_gpt(261, width=32, layers=1, context=64, seed=1), byte_tokenizer(), seed=0)


@pytest.fixture(scope="module")
def target():
    return CausalLM(tiny_gpt(261, width=16, layers=1, heads=2, context=64, seed=0), byte_tokenizer())


def beams(h):
    return BeamOpt(h, n_tokens=2, top_k=8)


def constant(prompt):
    """A search that always finds the same prompt and calls it wonderful."""

    def search(port, pairs, *, budget, seed, starts=None):
        return Searched([prompt] * len(pairs), np.full(len(pairs), -10.0), 0)

    return search


def test_killed_and_started_again_it_is_the_same(target, tmp_path):
    whole, h = hunter(), hunter()
    told = fit(whole, Port(target), PAIRS, beams(whole), how=SMALL, seed=0)

    class Killed(Exception):
        pass

    turns = iter(range(3))

    def dies(port, pairs, **options):
        if next(turns) == 2:
            raise Killed
        return beams(h)(port, pairs, **options)

    with pytest.raises(Killed):
        fit(h, Port(target), PAIRS, dies, how=SMALL, seed=0, folder=tmp_path)
    assert len(json.loads((tmp_path / "training.json").read_text())["turns"]) == 2
    again = hunter()
    report = fit(again, Port(target), PAIRS, beams(again), how=SMALL, seed=0, folder=tmp_path)
    assert len(report.turns) == 4
    assert report == told
    for a, b in zip(whole.next_token("x", [[1]]), again.next_token("x", [[1]]), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert len(list(tmp_path.iterdir())) == 3  # adapter, buffer, state
    with pytest.raises(RunError, match="another hunter"):
        fit(hunter(), Port(target), PAIRS, beams(h), how=SMALL, seed=1, folder=tmp_path)


def test_what_is_found_is_learned(target):
    h = hunter()
    plan = Schooling(epochs=5, batch_size=4, n_tokens=4, steps=30, lr=2e-2)
    report = fit(h, Port(target), PAIRS, constant("KEY!"), how=plan, seed=0)
    assert report.turns[-1]["loss"] < 0.2
    assert h.write(["begin7 "], 4, seeds=[0], temperature=0.0) == ["KEY!"]


def test_a_prompt_that_tells_the_answer_is_not_learned(target):
    h = hunter()
    report = fit(h, Port(target), PAIRS, constant("and end"), how=SMALL, seed=0)  # seven bytes of every answer
    assert [t["kept"] for t in report.turns] == [0.0] * 4
    assert report.turns[-1]["loss"] is None
    for a in h.next_token("x", [[1]]):
        np.testing.assert_array_equal(a.numpy(), hunter().next_token("x", [[1]])[1].numpy())


def test_the_budget_ends_it(target):
    h = hunter()
    limited = Schooling(epochs=50, batch_size=2, n_tokens=2, steps=1, budget=3000)
    report = fit(h, Port(target), PAIRS, beams(h), how=limited, seed=0)
    assert 3000 <= report.tokens < 8000
    assert len(report.turns) < 100


def test_what_cannot_be_hunted_is_refused(target):
    with pytest.raises(DataError, match="got none"):
        fit(hunter(), Port(target), [], constant("p"), seed=0)
    with pytest.raises(DataError, match="'a' has 5 tokens"):
        fit(hunter(), Port(target), [Pair("a", "x", "short")], constant("p"), seed=0)


def test_a_hunter_is_not_judged_on_what_it_learned_from():
    words = [" ".join(f"w{i}x{k}" for k in range(30)) for i in range(4)]
    pairs = [Pair(str(i), w[:40], w[40:]) for i, w in enumerate(words)]
    check_apart(pairs[:2], pairs[2:])
    nearly = Pair("again", pairs[0].context, pairs[0].continuation.replace("w0x29", "other"))
    with pytest.raises(DataError, match="such as 'again' \\(as '0'\\)"):
        check_apart(pairs[:2], [pairs[2], nearly])


def test_prompts_are_drawn_for_the_record_alone():
    h = hunter()
    both, one = written(h, PAIRS[:2], 3, 4, seed=0), written(h, PAIRS[1:2], 3, 4, seed=0)
    assert [len(p) for p in both] == [3, 3]
    assert both[1] == one[0]
    assert both[0] != both[1]


def test_requests_fit_the_composition():
    ways = {how: ready_made(PAIRS[:1], how)[0] for how in ("prompt_only", "prepend", "append")}
    assert all("begin0" in p for p in ways["prompt_only"])
    assert len(ways["prompt_only"]) == 14
    assert "" in ways["prepend"]  # the text alone
    assert all("begin0" not in p for p in ways["append"])


def test_the_ladder_stops_where_it_is_decided():
    asked = []

    def rung(k):
        def make():
            asked.append(k)
            one = np.array(["a"], dtype=object)
            return Scores(np.array([float(k)]), one, np.array(["member"], dtype=object), one, memhunter.card)

        return make

    def judge(scores, level):
        assert level == 0.05 / 3
        main = control = Estimate(0.0, 0.0, 0.0, 1, "", "")
        decided = scores.values[0] == 1
        p = 0.01 if decided else 0.4
        return verdict(scores.card, "c", "shown" if decided else "not shown", p, main, control, said=["why"])

    rungs = [rung(0), rung(1), rung(2)]
    found = list(climb_ladder(rungs, judge))
    assert asked == [0, 1]
    assert [r.decisive for r in found] == [False, True]
    assert [r.verdict.p for r in found] == [1.0, pytest.approx(0.03)]  # 0.4 and 0.01, times 3 rungs
    assert "Rung 1 of the ladder, ready-made requests" in found[1].verdict.caveats[-1]
    assert len(list(climb_ladder(rungs, judge, to_the_top=True))) == 3


def test_a_plugged_in_search_begins_from_the_hunter(target):
    h, seen = hunter(), []

    def search(port, pairs, *, budget, seed, starts=None):
        seen.append(starts)
        return Searched(list(starts), np.full(len(pairs), 1.0), 0)

    found = PlugIn(h, search, n_tokens=3)(Port(target), PAIRS, budget=10, seed=0)
    assert found.prompts == h.write([p.context for p in PAIRS], 3, seeds=[0] * 4, temperature=0.0)
    assert seen == [found.prompts]
