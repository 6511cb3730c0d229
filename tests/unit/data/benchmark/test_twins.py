"""Twins: what is redrawn, what stays, and what is refused."""

import numpy as np
import pytest

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError, UsageError
from byheart.data.benchmark.benchmark import read_benchmark, read_twins, twins_in_column
from byheart.data.benchmark.twin_rules import Item, Pool, kind_of, permute_options, swap_names, swap_numbers
from byheart.data.benchmark.twins import given_twins, make_twins, versions

QUESTION = "Ann has 48 pens, Bob has 1 pen and 1,500 cups; in 1984 Ann gave 48 away. How many are left?"


def rng(seed=0):
    return np.random.default_rng(seed)


def corpus(*questions, answer=" 4", **more):
    return Corpus.of([{"prompt": q, "completion": answer} for q in questions], "member", **more)


def test_numbers_keep_their_kind_and_equal_ones_stay_equal():
    for seed in range(20):
        made = swap_numbers(Item(QUESTION, "0"), Pool(), rng(seed))
        words = made.question.replace(",", " , ").replace(";", " ; ").split()
        old = QUESTION.replace(",", " , ").replace(";", " ; ").split()
        differ = [(a, b) for a, b in zip(old, words, strict=True) if a != b]
        assert {kind_of(a) for a, _ in differ} == {kind_of(b) for _, b in differ}
        assert [a for a, _ in differ].count("48") in (0, 2)  # both or, drawn again by chance, none
        assert " has 1 pen" in made.question
        assert "19" in made.question
        assert len(made.question) == len(QUESTION)
        assert (made.answer, made.answered) == ("0", False)


@pytest.mark.parametrize("text", ["H2O and COVID-19x", "no number", "only 1 or 0", "v1beta"])
def test_what_holds_no_free_number_has_no_twin(text):
    assert swap_numbers(Item(text), Pool(), rng()) is None


def test_numbers_are_drawn_like_those_of_the_benchmark():
    """Last digits 0 and 5 only among the items: so in the twins; without a pool any digit stands there."""
    items = [Item(f"It costs {n} coins.") for n in (105, 115, 225, 335, 445, 995)]
    drawn = [swap_numbers(items[0], Pool.of(items), rng(s)) for s in range(40)]
    assert {m.question[-8] for m in drawn if m} == {"5"}
    assert len({m.question[-8] for s in range(40) if (m := swap_numbers(items[0], Pool(), rng(s)))}) > 3


def test_names_go_with_the_same_pronouns_and_lengths_in_question_and_answer():
    made = swap_names(Item("Ann gave Robert a cup; Ann smiled.", " Ann"), Pool(), rng())
    new = made.question.split()[0]
    assert new != "Ann"
    assert made.answer == f" {new}"
    assert made.question.count(new) == 2
    assert len(made.question.split()[2]) == 6
    assert made.answered
    assert swap_names(Item("the cat sat", ""), Pool(), rng()) is None


def test_options_move_and_the_answer_goes_with_them():
    """Whatever the order, the letter in the answer stands before the word `blue`."""
    question = "What is the sky?\nA. red\nB. blue\nC. green\nAnswer:"
    seen = set()
    for seed in range(30):
        made = permute_options(Item(question, " B"), Pool(), rng(seed))
        if made is not None:
            assert f"{made.answer.strip()}. blue" in made.question
            assert sorted(made.question) == sorted(question)
            seen.add(made.answer)
    assert seen == {" A", " B", " C"}
    by_words = [permute_options(Item(question, " blue"), Pool(), rng(seed)) for seed in range(5)]
    assert {made.answer for made in by_words if made} == {" blue"}


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Q\nA. red\nB. all of the above", "A"),
        ("Q\nA. red\nC. blue", "A"),
        ("Q\nA. red", "A"),
        ("Q\nA. red\nB. blue", "D"),
        ("Q\nA. red\nB. blue", "unknown"),
    ],
)
def test_options_that_cannot_move_have_no_twin(question, answer):
    assert all(permute_options(Item(question, answer), Pool(), rng(s)) is None for s in range(5))


def test_twins_are_distinct_and_none_is_an_item():
    """`x in 2..9` has 8 values: an item has 7 others at most, fewer as other items take theirs."""
    items = Corpus.of([f"I see {n} birds" for n in (3, 5, 6)], "member")
    made = make_twins(items, ("numbers",), per_item=7, seed=0).corpus
    twins = [t for t, role in zip(made.items, made.roles, strict=True) if role == "nonmember"]
    assert not set(twins) & set(items.items)
    family, twin = versions(made)
    for name in items.ids:
        of = [t for t, f, v in zip(made.items, family, twin, strict=True) if f == name and v]
        assert len(of) == len(set(of)) <= 5


def test_twins_follow_from_the_seed_and_the_words_alone():
    a, b = QUESTION, QUESTION.replace("pens", "keys")
    straight, turned = (make_twins(corpus(*q, ids=i), seed=3).corpus for q, i in (((a, b), "xy"), ((b, a), "yx")))
    by_id = [dict(zip(c.ids.tolist(), c.texts, strict=True)) for c in (straight, turned)]
    assert by_id[0] == by_id[1]
    assert by_id[0] != dict(zip(straight.ids, make_twins(corpus(a, b, ids="xy"), seed=4).corpus.texts, strict=True))


def test_items_of_the_same_words_have_the_same_twins_and_one_group():
    made = make_twins(corpus(QUESTION, QUESTION.upper().title() + " x", QUESTION, ids="abc"), per_item=2, seed=0)
    texts = dict(zip(made.corpus.ids.tolist(), made.corpus.texts, strict=True))
    groups = dict(zip(made.corpus.ids.tolist(), made.corpus.groups, strict=True))
    assert texts["a~1"] == texts["c~1"]
    assert groups["a"] == groups["c"] == groups["a~1"] == groups["c~2"]
    assert any("group counts as one" in n for n in made.notes)


def test_versions_are_numbered_from_the_item():
    made = make_twins(Corpus.of(["I see 34 birds"], "member", ids=["i"]), ("numbers",), per_item=12, seed=0).corpus
    family, twin = versions(made)
    assert set(family) == {"i"}
    assert dict(zip(made.ids.tolist(), twin.tolist(), strict=True))["i~12"] == 12  # not by the alphabet


def test_items_without_a_twin_are_told():
    made = make_twins(Corpus.of(["nothing here", "I see 34 birds"], "member"), ("numbers",), seed=0)
    assert any("1 of 2 items allow no twin" in n for n in made.notes)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: make_twins(corpus("no digits"), ("numbers",), seed=0), DataError, "none of the 1 items"),
        (lambda: make_twins(corpus(QUESTION), ("verbs",), seed=0), UsageError, "verbs"),
        (lambda: make_twins(corpus(QUESTION), (), seed=0), UsageError, "none"),
        (lambda: make_twins(corpus(QUESTION), per_item=0, seed=0), UsageError, "at least 1"),
        (lambda: make_twins(Corpus.of([[{"role": "user", "content": "a"}]], "member"), seed=0), DataError, "a list"),
        (lambda: given_twins(corpus("a"), corpus("b")), DataError, "no column 'twin_of'"),
        (lambda: given_twins(corpus("a"), corpus("b", columns={"twin_of": ["z"]})), DataError, "'z'"),
        (lambda: given_twins(corpus("a", ids="i"), corpus("A", columns={"twin_of": ["i"]})), DataError, "equal to an"),
    ],
)
def test_refusals(call, error, said):
    with pytest.raises(error, match=said):
        call()


def test_given_twins_are_tied_and_odd_ones_named():
    items = corpus("one two", "three", ids="ab")
    twins = corpus("uno dos", "Three", "drei vier fünf sechs", columns={"twin_of": ["a", "b", "b"]})
    made = given_twins(items, twins)
    assert made.corpus.ids.tolist() == ["a", "b", "a~1", "b~1"]
    assert any("1 twins are equal" in n for n in made.notes)
    assert any("times as long" in n for n in made.notes)


def test_rows_of_usual_benchmarks_become_prompts():
    """MMLU gives a place, ARC labels with a key, GSM8K words: all to one form."""
    made = read_benchmark(
        [
            {"question": "Sky?", "choices": ["red", "blue"], "answer": 1, "id": "m"},
            {
                "question": "Sky?",
                "choices": {"text": ["red", "blue"], "label": ["1", "2"]},
                "answerKey": "2",
                "id": "a",
            },
            {"question": "2+2?", "answer": "4", "id": "g"},
        ]
    )
    lettered = {"prompt": "Sky?\nA. red\nB. blue\nAnswer:", "completion": " B"}
    assert made.items == [lettered, lettered, {"prompt": "2+2?\nAnswer:", "completion": " 4"}]
    assert read_benchmark([{"question": "Why?"}]).items == ["Why?"]


def test_an_answer_that_is_no_option_is_refused():
    with pytest.raises(DataError, match="none of its 2 options"):
        read_benchmark([{"question": "Sky?", "choices": ["red", "blue"], "answer": "green"}])
    with pytest.raises(DataError, match="a list of texts"):
        read_benchmark([{"question": "Sky?", "choices": "red", "answer": "red"}])


def test_twins_from_rows_and_from_a_column():
    items = [{"question": "Sky over Rome?", "answer": "blue", "id": "i", "other": "Sky over Oslo?\nAnswer:"}]
    rows = [{"question": "Sky over Bonn?", "answer": "blue", "id": "t", "twin_of": "i"}]
    by_row = read_twins(rows, read_benchmark(items)).corpus
    assert by_row.items[1] == {"prompt": "Sky over Bonn?\nAnswer:", "completion": " blue"}
    assert by_row.columns["answered"].tolist() == [True, True]
    by_column = twins_in_column(read_benchmark(items, keep="other"), "other").corpus
    assert by_column.columns["answered"].tolist() == [True, False]
    assert "other" not in by_column.columns
