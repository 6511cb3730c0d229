"""The curve over prefixes and offsets, on answers written by hand."""

import numpy as np
import pytest

from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.core.target import ChatReply
from byheart.data.attack_templates import attack_templates
from byheart.explain.elicitation import elicitation
from byheart.explain.prefix_length import prefix_length
from byheart.measure.verbatim import verbatim
from byheart.models.chat.opening import CallableChat
from byheart.signals.chat.replies import Grid, replies
from byheart.signals.chat.reply_cells import reply_cells

PLAIN = attack_templates(["plain"])


def article(name, n=80):
    return " ".join(f"{name}word{i:02d}" for i in range(n))


def reciter(texts, n_words):
    """Says `n_words(prefix, offset)` words of the text after the prefix it was given, then others."""

    def said(messages):
        given = messages[-1]["content"]
        text = next(t for t in texts if given in t)
        offset = len(text[: text.index(given)].split())
        prefix = len(given.split())
        rest = text.split()[offset + prefix :]
        return " ".join([*rest[: n_words(prefix, offset)], "then something else that nobody wrote"])

    return CallableChat(said)


def curve(n_words, *, prefixes=(5, 10), offsets=(0, 20), names="abcdef", roles="member", **options):
    texts = [article(n) for n in names]
    corpus = Corpus.of(texts, roles)
    grid = Grid(prefixes, PLAIN, offsets, max_tokens=300, least=10, repeated=0.0)
    answers = replies(reciter(texts, n_words), corpus, grid)
    return prefix_length(answers, corpus, **options), answers, corpus


def test_the_prefix_begins_where_the_offset_says():
    _, answers, corpus = curve(lambda p, o: 10, names="a")
    assert answers.ragged("offset")[0].tolist() == [0, 20, 0, 20]
    cut = answers.ragged("cut")[0].tolist()
    assert [len(corpus.items[0][:c].split()) for c in cut] == [5, 25, 10, 30]
    cells = reply_cells(answers, corpus)
    assert cells["words"].tolist() == [10] * 4  # the answer is compared with what follows the prefix, not the article
    assert verbatim(answers, corpus).extra["words"].tolist() == [10]


def test_the_curve_by_hand():
    """p words after a prefix of p, twice as many without offset: 5, 10, 10, 20 words of 7 characters each.

    A stretch of n words has 7 n + n - 1 characters, and the space before what follows: 8 n. Longer less shorter, places
    together: (80 + 160) / 2 - (40 + 80) / 2 = 60. Further less near: (40 + 80) / 2 - (80 + 160) / 2 = -60.
    """
    found, _, _ = curve(lambda p, o: p if o else 2 * p)
    weights = dict(zip(found.address, found.weight, strict=True))
    assert weights == {
        "prefix:5 offset:0 role:member": 80, "prefix:5 offset:20 role:member": 40,
        "prefix:10 offset:0 role:member": 160, "prefix:10 offset:20 role:member": 80,
    }  # fmt: skip
    assert found.estimates["longer"].value == 60
    assert found.estimates["further"].value == -60
    assert "two-sided p = 0.031" in found.estimates["longer"].how  # 2 of 64 dealings of six articles
    assert found.columns["n"].tolist() == [6] * 4
    assert found.columns["low"].tolist() == found.weight.tolist() == found.columns["high"].tolist()


def test_less_room_does_not_look_like_less_memory():
    """All is recited everywhere; what follows is 75, 70, 55 and 50 words, and counts as the 50 of the shortest."""
    found, _, _ = curve(lambda p, o: 80)
    assert len(set(found.weight.tolist())) == 1
    assert found.estimates["longer"].value == found.estimates["further"].value == 0


def test_articles_refused_anywhere_are_left_out_and_rare_places_too():
    texts = [article(n) for n in "abcd"] + [article("e", 30), article("f", 30)]
    plain = reciter(texts, lambda p, o: p)

    def refuses(messages):
        given = messages[-1]["content"]
        return "I'm sorry, I can't continue that." if given.split()[0] == "aword20" else plain.answer(messages)

    corpus = Corpus.of(texts, "member")
    grid = Grid((5,), PLAIN, (0, 20), max_tokens=300, least=10, repeated=0.0)
    found = prefix_length(replies(CallableChat(refuses), corpus, grid), corpus)
    assert found.columns["n"].tolist() == [3, 3]  # of six articles two are too short, one is refused
    far = Grid((5,), PLAIN, (0, 60), max_tokens=300, least=10, repeated=0.0)
    short = Corpus.of([article("a"), *(article(n, 40) for n in "bcdef")], "member")
    alone = prefix_length(replies(reciter(short.items, lambda p, o: p), short, far), short)
    assert alone.address.tolist() == ["prefix:5 offset:0 role:member"]  # one article of six is long enough for 60
    assert alone.columns["n"].tolist() == [6]
    assert alone.estimates["further"].value is None


def test_controls_have_a_curve_and_no_part_in_the_contrast():
    found, _, _ = curve(lambda p, o: p, roles=["member"] * 3 + ["nonmember"] * 3)
    assert sorted(set(found.columns["role"])) == ["member", "nonmember"]
    assert found.estimates["longer"].n == 3


def test_elicitation_tells_offsets_apart():
    _, answers, corpus = curve(lambda p, o: p, prefixes=(5,), names="a")
    assert set(elicitation(answers, corpus).address) == {
        "prefix:5 attack:0 role:member", "prefix:5 offset:20 attack:0 role:member",
    }  # fmt: skip


def test_nothing_answered_is_no_curve():
    corpus = Corpus.of([article("a")], "member")
    silent = CallableChat(lambda m: ChatReply("", "error"))
    found = prefix_length(replies(silent, corpus, Grid((5,), PLAIN)), corpus)
    assert not len(found.address)
    assert found.estimates["longer"].value is None


@pytest.mark.parametrize("offsets", [(), (-1,), (3, 3)])
def test_offsets_without_meaning_are_refused(offsets):
    with pytest.raises(UsageError, match="--offset"):
        Grid((5,), PLAIN, offsets)


def test_a_grid_without_offsets_asks_what_it_asked_before():
    """Kept answers stay good: the seed of a further sample does not change with the new dimension."""
    seen = []

    class Spy:
        name, digest = "spy", "spy"

        def complete(self, requests):
            seen.extend(requests)
            yield from ((i, ChatReply("x")) for i in range(len(requests)))

    corpus = Corpus.of([article("a")], "member", ids=["one"])
    replies(Spy(), corpus, Grid((5,), PLAIN, n_samples=2, repeated=0.0), seed=3)
    from byheart.core.randomness import derive_seed

    assert seen[1].seed == derive_seed(3, "reply", "one", "5", "0", "1")
    assert np.isclose(seen[1].temperature, 1.0)
