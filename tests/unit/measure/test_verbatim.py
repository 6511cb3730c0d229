"""The reader of answers, on answers written by hand."""

import numpy as np
import pytest

from byheart.core.corpus import Corpus
from byheart.core.ragged import Ragged
from byheart.core.scores import Scores
from byheart.core.signals import Signals
from byheart.explain.elicitation import elicitation
from byheart.explain.output_filter import filter_found, output_filter
from byheart.measure.verbatim import verbatim
from byheart.signals.chat.replies import FINISHES
from byheart.signals.chat.reply_cells import answer_kind, likeness, reply_cells

NAMES = "abcdefghijklmnopqrstuvwxyz"


def article(name, n=60):
    """Words that no other article has, a full stop at the end."""
    return " ".join(f"{name}word{i:02d}" for i in range(n)) + "."


def asked(texts, said, *, finish=None, prefix=10, roles="member", groups=None):
    """Answers `said[i][k]` to question k about article i, cut after `prefix` words."""
    corpus = Corpus.of(texts, roles, groups=groups)
    cells = [len(s) for s in said]
    cuts = [len(" ".join(t.split()[:prefix])) for t in texts]
    flat = [a.encode() for one in said for a in one]

    def column(values):
        return Ragged.of(np.split(np.array(values, np.int32), np.cumsum(cells)[:-1]), np.int32)

    arrays = {
        "prefix": column([prefix] * len(flat)),
        "offset": column([0] * len(flat)),
        "attack": column([k for n in cells for k in range(n)]),
        "sample": column([0] * len(flat)),
        "cut": column(np.repeat(cuts, cells)),
        "end": column(np.repeat([len(t) for t in texts], cells)),
        "finish": column([FINISHES.index(f) for f in (finish or ["stop"] * len(flat))]),
        "reply_bytes": column([len(a) for a in flat]),
        "repeated": column([-1] * len(flat)),
        "new_tokens": column([len(a) // 4 for a in flat]),
        "prompt_tokens": column([9] * len(flat)),
        "reply": Ragged.of([np.frombuffer("".join(one).encode(), np.uint8) for one in said], np.uint8),
    }
    return Signals(corpus.ids, corpus.roles, corpus.groups, arrays), corpus


def words_of(text, start, stop):
    return " ".join(text.split()[start:stop])


def test_the_largest_over_all_questions_in_every_measure():
    """30 words from word 10 on, then junk: 30 words of 7 characters, 29 spaces, one more space before the junk."""
    text = article("a")
    signals, corpus = asked([text], [[words_of(text, 10, 15), words_of(text, 10, 40) + " " + "junk " * 9]])
    scores = verbatim(signals, corpus)
    assert scores.values.tolist() == [30 * 7 + 29 + 1]
    extra = {k: v[0] for k, v in scores.extra.items()}
    assert (extra["words"], extra["covered"], extra["attack"], extra["prefix"]) == (30, 30, 1, 10)
    assert extra["rouge"] == pytest.approx(30 / 50)
    assert extra["recited"]
    assert extra["span"].strip() == words_of(text, 10, 40)
    assert not verbatim(signals, corpus, whole_words=31).extra["recited"][0]


def test_the_prefix_said_again_does_not_count():
    text = article("a")
    signals, corpus = asked([text], [[words_of(text, 0, 10)]])
    scores = verbatim(signals, corpus)
    assert scores.values[0] < 10
    assert scores.extra["words"][0] == 0
    both, corpus = asked([text], [[words_of(text, 0, 30)]])
    assert verbatim(both, corpus).extra["words"][0] == 20


def test_what_stands_before_the_prefix_again_later_is_echo_too():
    """A refrain: the article repeats its opening; an answer that only gives the prompt back must not score."""
    opening = words_of(article("a"), 0, 10)
    text = f"{opening} {words_of(article('b'), 0, 30)} {opening}."
    signals, corpus = asked([text], [[opening]])
    assert verbatim(signals, corpus).extra["words"][0] == 0


def test_boilerplate_of_two_articles_does_not_count_but_reprints_do():
    line = words_of(article("z"), 0, 12)
    texts = [f"{words_of(article(n), 0, 20)} {line} {words_of(article(n), 20, 40)}" for n in "ab"]
    signals, corpus = asked(texts, [[line], [line]])
    assert verbatim(signals, corpus).extra["words"].tolist() == [0, 0]
    assert verbatim(signals, corpus, shared_run=13).extra["words"].tolist() == [12, 12]
    signals, corpus = asked(texts, [[line], [line]], groups=["one", "one"])
    assert verbatim(signals, corpus).extra["words"].tolist() == [12, 12]
    alone, corpus = asked(texts[:1], [[line]])
    assert verbatim(alone, corpus, public=[line]).extra["words"].tolist() == [0]


def test_a_refusal_is_missing_and_so_is_an_error_and_silence():
    text, no = article("a"), "I'm sorry, but I can't continue that article."
    said = [[no, no], [no, words_of(text, 10, 14)], ["", ""], ["", words_of(article("d"), 10, 30)]]
    finish = ["stop"] * 4 + ["stop", "length"] + ["error", "stop"]
    signals, corpus = asked([text, article("b") + " x", article("c"), article("d")], said, finish=finish)
    scores = verbatim(signals, corpus)
    assert np.isnan(scores.values).tolist() == [True, False, True, False]
    assert scores.extra["n_refusal"].tolist() == [2, 1, 0, 0]
    assert scores.extra["n_empty"].tolist() == [0, 0, 2, 0]
    assert scores.extra["n_error"].tolist() == [0, 0, 0, 1]
    assert scores.extra["with_refusals"][0] == 0 or scores.extra["with_refusals"][0] < 10


def test_a_refusal_that_quotes_a_long_stretch_all_the_same_is_no_refusal():
    text = article("a")
    quote = f"I'm sorry, I can't reproduce it. It begins \"{words_of(text, 10, 30)}\" and so forth."
    signals, corpus = asked([text], [[quote]])
    assert reply_cells(signals, corpus)["kind"].tolist() == ["continued"]
    assert verbatim(signals, corpus).extra["words"][0] >= 18


@pytest.mark.parametrize(
    ("reply", "finish", "kind"),
    [
        ("awordA", "error", "empty"),
        (words_of(article("a"), 10, 25), "stop", "filtered"),  # stops in the middle of the article's sentence
        (words_of(article("a"), 10, 25), "length", "continued"),  # ran out of tokens: nobody cut it
        (words_of(article("a"), 10, 60), "stop", "continued"),  # came to the end
        (words_of(article("a"), 10, 25) + " I'm sorry, but I can't continue.", "stop", "filtered"),
        (words_of(article("a"), 10, 25), "cut", "filtered"),
        ("", "filter", "filtered"),
        ("No.", "refusal", "refusal"),
        ("a fluent but quite wrong continuation of the article, made up from word to word", "stop", "continued"),
        ("Which article?", "stop", "other"),
        (" ".join(reversed(article("a").strip(".").split()[10:])), "stop", "paraphrased"),
    ],
)
def test_kinds_of_answers(reply, finish, kind):
    text = article("a")
    if finish == "error":
        reply, finish = "", "stop"
    signals, corpus = asked([text], [[reply]], finish=[finish])
    assert reply_cells(signals, corpus)["kind"].tolist() == [kind]


def test_kind_needs_no_article_to_see_silence():
    assert answer_kind("", "", "x", likeness("", "x"), "stop", 0) == "empty"


def test_links_are_noted():
    signals, corpus = asked([article("a")], [["as reported at https://example.org/a"]])
    assert reply_cells(signals, corpus)["link"].tolist() == [True]


def test_guessable_passages_are_known():
    """Article a says its first ten words again; b and c share 25 words; d is its own."""
    a = f"{words_of(article('a'), 0, 25)} {words_of(article('a'), 0, 25)}"
    b, c = (f"{words_of(article(n), 0, 20)} {words_of(article('z'), 0, 25)} end" for n in "bc")
    signals, corpus = asked([a, b, c, article("d")], [["x"]] * 4, prefix=22)
    assert verbatim(signals, corpus).extra["guessed"].tolist() == [1, 1, 1, 0]


def test_lists_are_marked():
    signals, corpus = asked(["item one " * 30, article("a")], [["x"], ["x"]])
    assert verbatim(signals, corpus).extra["poor"].tolist() == [True, False]


def test_the_same_for_any_order_and_company_and_after_saving(tmp_path):
    texts = [article(n) for n in NAMES[:6]]
    said = [[words_of(t, 10, 10 + 5 * i), "no idea what this is"] for i, t in enumerate(texts)]
    signals, corpus = asked(texts, said)
    scores = verbatim(signals, corpus)
    order = np.array([3, 1, 5, 0, 2, 4])
    shuffled = verbatim(signals.take(order), corpus.take(order))
    np.testing.assert_array_equal(shuffled.values, scores.values[order])
    scores.save(tmp_path / "s.parquet")
    back = Scores.load(tmp_path / "s.parquet")
    for name, column in scores.extra.items():
        np.testing.assert_array_equal(back.extra[name], column)


@pytest.mark.parametrize("n", [0, 1])
def test_none_and_one(n):
    signals, corpus = asked([article("a")], [["x"]])
    none = np.zeros(0, np.int64)
    rows = none if n == 0 else np.array([0])
    scores = verbatim(signals.take(rows), corpus.take(rows))
    assert len(scores) == n
    found = output_filter(signals.take(rows), corpus.take(rows))
    assert found.estimates["spike"].value is None
    assert len(elicitation(signals.take(rows), corpus.take(rows)).address) == n


def recitations(lengths, limit=None, tail=" and other words follow"):
    """One article for each length; the answer recites so many words, then goes on, unless it is stopped."""
    texts = [" ".join(f"w{i}x{k}" for k in range(120)) for i in range(len(lengths))]
    stops = [limit is not None and n > limit for n in lengths]
    said = [
        [words_of(t, 10, 10 + (limit if s else n)) + ("" if s else tail)]
        for t, n, s in zip(texts, lengths, stops, strict=True)
    ]
    return asked(texts, said)


def test_a_filter_leaves_a_spike_and_its_absence_none():
    lengths = np.random.default_rng(0).geometric(1 / 40, 60).clip(4, 100)
    found = output_filter(*recitations(lengths, limit=30))
    assert found.estimates["spike"].value == 30
    assert filter_found(found) == 30
    n = int((lengths > 30).sum())
    assert dict(zip(found.address, found.columns["stops"], strict=True))["words:30"] == n
    assert filter_found(output_filter(*recitations(lengths))) is None


def test_an_answer_that_ends_with_a_shorter_quotation_was_not_cut_off():
    """40 words recited, other words, and six of the article at the end: it did not stop in full flow."""
    texts = [" ".join(f"w{i}x{k}" for k in range(120)) for i in range(6)]
    said = [[f"{words_of(t, 10, 50)} and other words follow {words_of(t, 80, 86)}"] for t in texts]
    assert output_filter(*asked(texts, said)).estimates["cut_off"].value == 0
    cut = [[words_of(t, 10, 50)] for t in texts]
    assert output_filter(*asked(texts, cut)).estimates["cut_off"].value == 1


def test_a_line_of_dashes_is_no_recitation():
    text = f"{words_of(article('a'), 0, 30)} {'=' * 60} {words_of(article('a'), 30, 60)}"
    signals, corpus = asked([text], [[f"Which one? {'=' * 60} I see."]])
    assert reply_cells(signals, corpus)["kind"].tolist() == ["other"]


def test_a_model_that_stops_where_it_likes_is_no_filter():
    """Stops at geometric lengths: 300 simulated models of 40 recitations, called a filter in at most 2 % of them.

    The level is 1 %; 300 draws at 1 % exceed 8 with probability 0.004.
    """
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(300):
        lengths = 3 + rng.geometric(1 / 25, 40)
        wrong += filter_found(_found_from(lengths)) is not None
    assert wrong <= 8


def _found_from(stops):
    """What `output_filter` finds when every recitation ends its answer: the arithmetic without the texts."""
    from byheart.core.findings import Findings
    from byheart.explain.output_filter import _spike, _tail

    lengths = np.unique(stops)
    tails = np.array([_tail(int(n), stops, stops, 1) for n in lengths])
    counts = np.array([(stops == n).sum() for n in lengths])
    return Findings(
        "factor", lengths.astype(str).astype(object), -np.log10(np.maximum(tails, 1e-300)), output_filter.card,
        estimates={"spike": _spike(lengths, tails, stops, 1)}, columns={"stops": counts},
    )  # fmt: skip


def test_which_question_brings_it_back():
    text = article("a")
    no = "I'm sorry, but I can't continue that article."
    texts = [text, article("b")]
    signals, corpus = asked(
        texts, [[no, words_of(text, 10, 30)], [no, "nothing that I know of"]], roles=["member", "nonmember"]
    )
    table = elicitation(signals, corpus).table().set_index("address")
    assert table.loc["prefix:10 attack:0 role:member", ["answered", "refusal"]].tolist() == [0, 1]
    row = table.loc["prefix:10 attack:1 role:member"]
    assert (row["answered"], row["weight"]) == (1, row["largest"])
    assert row["weight"] > 150 > table.loc["prefix:10 attack:1 role:nonmember", "weight"]
