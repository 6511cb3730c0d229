import numpy as np
import pytest

from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.core.target import ChatReply
from byheart.data.attack_templates import attack_templates
from byheart.models.chat.opening import CallableChat
from byheart.signals.chat.replies import FINISHES, Grid, replies, reply_texts

TEXTS = [" ".join(f"{name}{i}" for i in range(100)) for name in ("a", "b")] + ["too short"]
CORPUS = Corpus.of(TEXTS, ["member", "nonmember", "member"], columns={"title": ["T", None, None]})
GRID = Grid((5, 20), attack_templates(["plain", "roleplay"]), max_tokens=30)


def recording(answer):
    seen = []

    def said(messages):
        seen.append(messages[-1]["content"])
        return answer(messages)

    return CallableChat(said), seen


def test_every_article_is_asked_in_every_way():
    target, seen = recording(lambda m: f"über {len(m)}")
    found = replies(target, CORPUS, Grid(GRID.prefixes, GRID.attacks, max_tokens=30, repeated=0.0))
    assert found.ragged("prefix")[0].tolist() == [5, 5, 20, 20]
    assert found.ragged("attack")[0].tolist() == [0, 1, 0, 1]
    assert list(reply_texts(found))[:2] == [["über 1", "über 2"] * 2] * 2  # the role play has a system turn
    assert [FINISHES[f] for f in found.ragged("finish")[2]] == ["skipped"] * 4
    assert list(reply_texts(found))[2] == [""] * 4
    cut, end = (int(found.ragged(n)[0][0]) for n in ("cut", "end"))
    assert TEXTS[0][:cut] == "a0 a1 a2 a3 a4" == seen[0]  # five words, ended at a word
    assert end - cut <= 4 * 30
    assert TEXTS[0][end] == " "
    assert '"T"' in seen[1]
    assert '"the article"' in next(s for s in seen if "b0" in s and "Ada" in s)


def test_further_samples_have_chance_of_their_own_and_the_first_has_none():
    asked = []
    target = CallableChat(lambda m: "x")
    complete = target.complete
    grid = Grid((5,), attack_templates(["plain"]), n_samples=3, temperature=0.7, repeated=0.0)

    class Spy:
        name, digest = "spy", "spy"

        def complete(self, requests):
            asked.extend(requests)
            return complete(requests)

    replies(Spy(), CORPUS, grid, seed=1)
    first = [r for r in asked if "a0" in r.messages[0][1]]
    assert [r.temperature for r in first] == [0.0, 0.7, 0.7]
    assert first[0].seed is None
    assert len({r.seed for r in first}) == 3


def test_an_empty_answer_that_ran_out_of_tokens_is_asked_again_with_room():
    """A reasoning model that needs 1000 tokens before it speaks; one that never speaks stays empty."""

    class Thinker:
        name, digest = "thinker", "t"

        def complete(self, requests):
            for i, r in enumerate(requests):
                speaks = r.max_tokens >= 1000 and "a0" in r.messages[-1][1]
                yield i, ChatReply("after thought" if speaks else "", "stop" if speaks else "length")

    found = replies(Thinker(), CORPUS, GRID)
    assert list(reply_texts(found))[:2] == [["after thought"] * 4, [""] * 4]


def test_some_questions_are_asked_twice_and_agreement_is_noted():
    count = iter(range(10**6))
    same, _ = recording(lambda m: "same")
    other, _ = recording(lambda m: str(next(count)))
    grid = Grid(GRID.prefixes, GRID.attacks, repeated=1.0)
    assert replies(same, CORPUS, grid).ragged("repeated").values.tolist() == [1] * 8 + [-1] * 4
    assert replies(other, CORPUS, grid).ragged("repeated").values.tolist() == [0] * 8 + [-1] * 4


def test_answers_do_not_depend_on_company_or_order():
    target, _ = recording(lambda m: m[-1]["content"][:50])
    whole = replies(target, CORPUS, GRID, seed=3)
    apart = replies(target, CORPUS.take([1, 0]), GRID, seed=3)
    for name in whole.arrays:
        np.testing.assert_array_equal(whole.ragged(name)[1], apart.ragged(name)[0])


def test_the_key_knows_the_wording():
    target, _ = recording(lambda m: "x")
    a, b = (replies(target, CORPUS, Grid((5,), attack_templates([n]))).key for n in ("plain", "direct"))
    assert a.recipe != b.recipe


@pytest.mark.parametrize(
    "options", [{"prefixes": ()}, {"prefixes": (0,)}, {"prefixes": (5, 5)}, {"n_samples": 0}, {"max_tokens": 0}]
)
def test_a_grid_without_meaning_is_refused(options):
    with pytest.raises(UsageError):
        Grid(**{"prefixes": (5,), "attacks": GRID.attacks, **options})


def test_a_record_that_is_no_text_is_refused():
    with pytest.raises(UsageError, match="as texts"):
        replies(CallableChat(lambda m: ""), Corpus.of([[{"role": "user", "content": "x"}]], "member"), GRID)
