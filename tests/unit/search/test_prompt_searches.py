"""Searches for prompts on models small enough to try every prompt there is."""

import itertools

import numpy as np
import pytest

from byheart.core.errors import TargetError, UsageError
from byheart.models.toy.bigram import ToyBigram
from byheart.search.best_of_n import Overlap, WordEdits, Written, best_of_n, surprise
from byheart.search.climb import Plan
from byheart.search.gcg import gcg, warm_start
from byheart.search.meter import Meter
from byheart.search.port import Pair, Port
from byheart.search.prefix_suffix import prefix_suffix
from byheart.search.safe_prompts import drawn_place, place
from byheart.search.templates import TEMPLATES, fill, template_of, templates
from byheart.search.universal import universal

from .conftest import LETTERS, PAIRS, random_target, words_target

PAIR = Pair("a", "", "fade")
SEARCHES = {
    "prefix_suffix": prefix_suffix,
    "templates": templates,
    "best_of_n": best_of_n,
    "best_of_n by overlap": lambda *a, **k: best_of_n(*a, **k, objective=Overlap(), n=5, rounds=2),
    "gcg": lambda *a, **k: gcg(*a, **k, n_tokens=4, plan=Plan(n_candidates=7)),
    "universal": lambda *a, **k: universal(*a, **k, n_tokens=4, n_fit=2, plan=Plan(n_candidates=7)),
}


@pytest.mark.parametrize("seed", range(3))
def test_gcg_with_all_candidates_reaches_the_best_of_all_256_prompts(seed):
    target = random_target(seed)
    port = Port(target, "prompt_only")
    every = ["".join(two) for two in itertools.product(LETTERS, repeat=2)]
    loss = port.nll([""] * 256, every, ["fade"] * 256)
    # a reading is 2 + 4 tokens; all prompts once, and at most as many gradients of 18
    found = gcg(port, [PAIR], budget=256 * (6 + 18), seed=seed, n_tokens=2, plan=Plan(32, 16, early_stop=False))
    assert found.prompts == [every[loss.argmin()]]
    assert found.nll[0] == pytest.approx(loss.min(), abs=1e-5)
    assert found.nll[0] < np.sort(loss)[1] - 1e-4  # it is the only best


def test_few_steps_of_gcg_beat_as_many_random_prompts():
    """Over 8 models, a search of 60 readings against the best of 60 random prompts of 6 letters."""
    better = 0
    for seed in range(8):
        port = Port(random_target(seed), "prompt_only")
        found = gcg(port, [PAIR], budget=60 * 10, seed=0, n_tokens=6, plan=Plan(8, 8, early_stop=False))
        rng = np.random.default_rng(seed)
        drawn = ["".join(rng.choice(list(LETTERS), 6)) for _ in range(60)]
        better += bool(found.nll[0] < port.nll([""] * 60, drawn, ["fade"] * 60).min())
    assert better >= 7  # by chance alone: 4 of 8, and 7 or more with p = 0.04


@pytest.mark.parametrize("compose", ["prompt_only", "prepend", "append"])
@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("budget", [0, 30, 500, 2000])
def test_no_budget_is_exceeded_and_what_is_spent_is_what_the_target_read(name, compose, budget):
    port = Port(words_target(), compose)
    found = SEARCHES[name](port, PAIRS, budget=budget, seed=1)
    assert found.spent == port.tokens <= budget
    assert len(found.prompts) == len(found.nll) == 3
    known = ~np.isnan(found.nll)
    assert known.all() == (budget == 2000) or name == "prefix_suffix" or budget == 500
    if known.any():
        again = port.nll([q.context for q in PAIRS], found.prompts, [q.continuation for q in PAIRS])
        np.testing.assert_allclose(found.nll[known], again[known], atol=1e-5)


@pytest.mark.parametrize("name", SEARCHES)
def test_the_same_seed_finds_the_same_and_a_pair_does_not_depend_on_the_others(name):
    def search(pairs, seed, budget):
        return SEARCHES[name](Port(words_target(), "prepend"), pairs, budget=budget, seed=seed).prompts

    first = search(PAIRS, 3, 3000)
    assert search(PAIRS, 3, 3000) == first
    if name in ("gcg", "universal"):
        assert search(PAIRS, 4, 3000) != first
    if not name.startswith(("best_of_n", "universal")):  # whose words, and whose fit, come from all pairs
        assert search(PAIRS[1:2], 3, 1000) == first[1:2]


def test_a_better_budget_finds_no_worse_prompt():
    for name in ("templates", "best_of_n", "gcg"):
        found = [SEARCHES[name](Port(words_target(), "prepend"), PAIRS, budget=b, seed=0).nll for b in (900, 4000)]
        assert (found[1] <= found[0] + 1e-9).all(), name


def test_prefix_suffix_reads_the_context_and_nothing_else():
    # toy: p(b|a) = .8, p(a|b) = .5; after "a", "ba" costs -(ln .8 + ln .5) / 2 = 0.458145; 1 + 2 tokens are read
    toy = ToyBigram([[0.2, 0.8], [0.5, 0.5]], "ab")
    for compose in ("prompt_only", "prepend", "append"):
        found = prefix_suffix(Port(toy, compose), [Pair("x", "a", "ba"), Pair("y", "a", "bb")], budget=5)
        np.testing.assert_allclose(found.nll, [0.458145, np.nan], atol=1e-6)
        assert found.spent == 3


def test_templates_are_filled_where_they_can_be_said():
    assert len(TEMPLATES) >= 12
    assert fill("Say {context} {context}", "x{y}", "prompt_only") == "Say x{y} x{y}"
    assert fill("Say {context} {context}", "x", "prepend") is None
    assert [fill("<{context}>", "x", how) for how in ("prompt_only", "prepend", "append")] == ["<x>", None, None]
    assert [fill("{context}", "x", how) for how in ("prompt_only", "prepend", "append")] == ["x", "", ""]
    for how, least in (("prompt_only", 12), ("prepend", 8), ("append", 4)):
        said = [fill(t, "x", how) for t in TEMPLATES.values()]
        assert sum(s is not None for s in said) >= least


def test_the_best_template_is_the_one_with_the_lowest_surprise():
    port, pair = Port(words_target(2), "prompt_only"), PAIRS[0]
    filled = {name: fill(t, pair.context, "prompt_only") for name, t in TEMPLATES.items()}
    loss = port.nll([pair.context] * len(filled), list(filled.values()), [pair.continuation] * len(filled))
    found = templates(port, [pair], budget=100_000)
    assert template_of(pair, found.prompts[0], "prompt_only") == list(filled)[int(loss.argmin())]
    started = templates(port, [pair], budget=40, starts=["zz"])  # 1 + 2 + 17 tokens: there is room for nothing else
    assert started.prompts == ["zz"]


def test_overlap_weighs_what_is_said_against_what_the_prompt_says():
    # the toy says b after a, and a after b: after prompt "a" it says "ba". R(M(p), "ba") = 2/2, R("a", "ba") = 1/2
    toy = ToyBigram([[0.2, 0.8], [0.8, 0.2]], "ab")
    pair = Pair("x", "b", "ba")

    def score(beta, gamma):
        return Overlap(beta, gamma)(Meter(Port(toy, "prompt_only"), 100), pair, ["a"])[0]

    for beta, gamma in itertools.product([0.0, 0.2, 0.5, 0.8, 1.0], [0.0, 0.2, 0.5, 0.8, 1.0]):
        assert score(beta, gamma) == pytest.approx(beta * 1 - gamma * 0.5)
    assert score(0.8, None) == pytest.approx(0.8 - 0.2 * 0.5)
    # room for hearing 3 tokens and for reading 3 once more: one prompt, not two
    assert Overlap()(Meter(Port(toy, "prompt_only"), 8), pair, ["a", "b"]).size == 1
    assert Overlap()(Meter(Port(toy, "prompt_only"), 5), pair, ["a", "b"]).size == 0


def test_a_prompt_that_tells_the_answer_loses_under_overlap():
    """Said by the prompt: all of y, or no word of it. At most 0.2 is won by what the target says, 0.8 is lost."""

    def tell(pair, best, n, rng):
        return ["zzz", pair.continuation]

    found = best_of_n(
        Port(words_target(), "prompt_only"),
        PAIRS[:1],
        budget=900,
        seed=0,
        propose=tell,
        objective=Overlap(0.2, 0.8),
        starts=[PAIRS[0].continuation],
        rounds=1,
    )
    assert found.prompts == ["zzz"]


def test_best_of_n_takes_the_best_proposal_and_stops_when_there_is_none():
    port, asked = Port(words_target(), "prepend"), []

    def propose(pair, best, n, rng):
        asked.append(best)
        return ["one", "two", "three"] if len(asked) == 1 else []

    found = best_of_n(port, PAIRS[:1], budget=9000, seed=0, propose=propose)
    tried = ["", "one", "two", "three"]
    pair = PAIRS[0]
    loss = port.nll([pair.context] * 4, tried, [pair.continuation] * 4)
    assert found.prompts == [tried[int(loss.argmin())]]
    assert found.nll[0] == pytest.approx(loss.min(), abs=1e-5)
    assert len(asked) == 2
    assert len(best_of_n(port, PAIRS[:1], budget=9000, seed=0, rounds=0).prompts) == 1


def test_edits_differ_by_one_word_and_know_no_continuation():
    edits, rng = WordEdits(PAIRS), np.random.default_rng(0)
    made = edits(PAIRS[0], "the old cat", 40, rng)
    assert len(set(made)) == len(made) > 10
    assert "mat" not in " ".join(made).split()
    lengths = {len(m.split()) for m in made}
    assert lengths == {2, 3, 4}
    for m in made:
        common = sum((np.array(m.split()[:3]) == ["the", "old", "cat"][: len(m.split()[:3])]).tolist())
        assert common or len(set(m.split()) & {"the", "old", "cat"}) >= 2
    assert edits(Pair("e", "", "y"), "", 3, rng)  # from nothing, a word is put in
    assert WordEdits([Pair("e", "", "y")])(PAIRS[0], "", 3, rng) == []


def test_a_writer_goes_on_from_the_context():
    written = Written(words_target(), n_tokens=6)
    made = written(PAIRS[0], "", 4, np.random.default_rng(0))
    assert made == written(PAIRS[0], "", 4, np.random.default_rng(0))
    assert len(made) == 4


@pytest.mark.parametrize("compose", ["prompt_only", "prepend", "append"])
def test_prompts_come_back_as_the_tokens_they_were_searched_as(compose):
    """Half of all letter pairs are read as one token, so most sequences of letters are no prompts."""
    merges = [(a, b) for a, b in itertools.product(LETTERS, repeat=2) if (ord(a) + ord(b)) % 2]
    port = Port(random_target(1, merges), compose)
    where, start = drawn_place(port, [Pair("x", "", "fade")], 5, np.random.default_rng(0))
    assert where.holds(start)
    a, b = merges[0]
    assert not where.holds(np.array([LETTERS.index(a), LETTERS.index(b)]))
    found = gcg(port, [Pair("x", "", "fade")], budget=3000, seed=0, n_tokens=5, plan=Plan(16, 40, early_stop=False))
    assert port.ids(found.prompts[0]).size == 5
    again = port.nll([""], found.prompts, ["fade"])
    np.testing.assert_allclose(found.nll, again, atol=1e-5)


def test_special_tokens_are_no_prompt():
    port = Port(words_target(), "prepend")
    where, start = place(port, PAIRS[:1], "hello")
    assert where.holds(start)
    end = port.ids("<|end|>")
    assert end.size == 1
    assert not where.holds(end)
    assert place(port, PAIRS[:1], "<|end|>") is None


def test_gcg_stops_as_soon_as_the_continuation_is_recited():
    port = Port(random_target(3), "prompt_only")
    said = port.generate([""], ["ca"], [3])[0]
    pair = Pair("easy", "", port.target.decode(said))
    found = gcg(port, [pair], budget=100_000, seed=0, n_tokens=2)
    assert found.recited.tolist() == [True]
    assert found.found_at[0] == found.spent < 100_000
    warm = gcg(port, [pair], budget=100_000, seed=0, starts=["ca"])
    assert warm.prompts == ["ca"]
    assert warm.steps.tolist() == [0]
    assert warm.spent == 2 + 3  # one reading


def test_a_start_saves_tokens_unless_it_cost_more():
    port = Port(random_target(3), "prompt_only")
    starts = ["ca", "db", "ka", "mo", "pi", "no"]
    said = port.generate([""] * 6, starts, [3] * 6)
    pairs = [Pair(s, "", port.target.decode(y)) for s, y in zip(starts, said, strict=True)]
    plan = Plan(n_candidates=8, top_k=8)
    saved = warm_start(port, pairs, starts, budget=6 * 400, seed=0, n_tokens=2, plan=plan)
    assert saved.warm.value == 1.0
    assert saved.tokens_warm.value == 5.0  # one reading of 2 + 3 tokens
    assert saved.tokens_cold.value > 5.0
    assert saved.saved.value == pytest.approx((saved.tokens_cold.value - 5) / 400)
    dear = warm_start(port, pairs, starts, budget=6 * 400, seed=0, n_tokens=2, plan=plan, cost=6 * 396)
    assert dear.warm.value == 0.0  # 396 + 5 tokens are more than the cap of 400
    assert dear.saved.value <= 0


def test_the_universal_prompt_is_one_for_all():
    port = Port(words_target(), "prepend")
    plain = prefix_suffix(port, PAIRS, budget=10_000)
    found = universal(port, PAIRS, budget=12_000, seed=0, n_tokens=4, plan=Plan(n_candidates=32))
    assert len(set(found.prompts)) == 1
    assert found.nll.mean() < plain.nll.mean()


def test_wrong_input_is_refused():
    port = Port(words_target(), "prepend")
    with pytest.raises(UsageError, match="a pair and a budget"):
        gcg(port, [], budget=10, seed=0)
    with pytest.raises(UsageError, match="0 tokens or more; got 3 and -1"):
        best_of_n(port, PAIRS, budget=-1, seed=0)
    with pytest.raises(UsageError, match="got 1 for 3"):
        templates(port, PAIRS, budget=10, starts=["a"])
    with pytest.raises(UsageError, match="got -1"):
        Meter(port, -1)
    with pytest.raises(RuntimeError, match="11 tokens with 10 left"):
        Meter(port, 10).charge(11)
    toy = ToyBigram([[0.2, 0.8], [0.5, 0.5]], "ab")
    for search in (gcg, universal):
        with pytest.raises(TargetError, match="best-of-n"):
            search(Port(toy), [Pair("x", "a", "ba")], budget=100, seed=0)
    assert surprise(Meter(port, 0), PAIRS[0], ["x"]).size == 0
