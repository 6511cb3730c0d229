import hashlib

import pytest

from byheart.audit.chat.audit_chat import audit_chat
from byheart.core.corpus import Corpus
from byheart.core.run import RunFolder
from byheart.models.chat.opening import CallableChat
from byheart.models.toy.chat_oracle import Oracle, made_up_article
from byheart.report import write_all
from byheart.report.chat.part import PART, curve, curve_chart, masked_passage, passages, questions
from byheart.report.compare import compare_runs
from byheart.report.evidence import Evidence


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one two three", "[…]"),
        ("a b c d e f g h", "a b […] g h"),
        (" ".join(f"w{i}" for i in range(40)), "w0 w1 w2 w3 w4 […] w35 w36 w37 w38 w39"),
        ("", "[…]"),
    ],
)
def test_never_more_than_half_of_a_passage_is_shown(text, shown):
    found = masked_passage(text)
    assert found["shown"] == shown
    assert found["hash"] == hashlib.sha256(text.encode()).hexdigest()[:16]
    assert masked_passage(text, show_text=True)["shown"] == text


def test_personal_data_in_the_words_shown_are_masked():
    text = "write to ada@example.org for a copy " + "of the long report " * 5
    assert "ada@" not in masked_passage(text)["shown"]


def test_a_run_without_verdicts_or_scores_has_a_page_that_says_so(tmp_path):
    run = RunFolder.start(tmp_path / "run", {"verb": "audit chat"})
    Corpus.of(["x", "y"], "member").save(run.corpus_path)
    run.update(family="chat", model="m")
    page = write_all(run).read_text()
    assert "has not come to a verdict" in page
    assert "No control articles were given" in page
    assert PART.counts(Evidence.of(run)) == ["2 articles that the model may know"]


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """An oracle that knows article i for 10 i words, asked from two places, with 40 and 80 words given."""
    known = [made_up_article(i, 160) for i in range(12)]
    control = [made_up_article(100 + i, 160) for i in range(12)]
    oracle = Oracle({t: 10 * i for i, t in enumerate(known)})
    said = CallableChat(lambda messages: oracle({"messages": messages})[0], "an oracle")
    return audit_chat(
        said, known, control, prefixes=(20, 40), offsets=(0, 20), attacks=("plain", "direct"),
        out=tmp_path_factory.mktemp("chat") / "run",
    )  # fmt: skip


def test_each_question_has_one_row_with_both_sides(audited):
    rows = questions(Evidence.of(audited))
    assert [(r["prefix"], r["offset"], r["attack"]) for r in rows] == [
        (p, o, a) for p in (20, 40) for o in (0, 20) for a in ("plain", "direct")
    ]
    assert all(r["member"]["answered"] == r["nonmember"]["answered"] == 12 for r in rows)
    assert min(r["member"]["mean"] for r in rows) > 100 > 30 > max(r["nonmember"]["mean"] for r in rows)


def test_the_curve_has_a_row_for_each_place_and_a_line_for_each_side_and_offset(audited):
    evidence = Evidence.of(audited)
    rows = curve(evidence)
    assert [(r["offset"], r["prefix"]) for r in rows] == [(0, 20), (0, 40), (20, 20), (20, 40)]
    assert all(r["member"].low > r["nonmember"].high for r in rows)
    lines = curve_chart(rows)["prefix"]["data"]
    assert [(line["name"], line["x"]) for line in lines] == [
        ("controls, from word 0", [20, 40]), ("controls, from word 20", [20, 40]),
        ("articles, from word 0", [20, 40]), ("articles, from word 20", [20, 40]),
    ]  # fmt: skip
    top = lines[2]
    assert top["y"][0] + top["error_y"]["array"][0] == pytest.approx(rows[0]["member"].high)
    assert top["y"][0] - top["error_y"]["arrayminus"][0] == pytest.approx(rows[0]["member"].low)
    assert curve_chart([r for r in rows if r["prefix"] == 20]) == {}


def test_the_page_tells_what_more_words_change_and_speaks_of_articles(audited):
    page = (audited.path / "report.html").read_text().partition("<script")[0]
    assert "characters more after 40 words than after 20 words (sign flips, two-sided p = " in page
    assert "characters more from word 20 on than from word 0 on" in page
    assert "Articles against the controls" in page
    assert "raining records" not in page
    told = [p for p in passages(Evidence.of(audited), show_text=False) if p["role"] == "member"]
    assert told[0]["words"] == max(p["words"] for p in told) >= 100
    assert {p["attack"] for p in told} <= {"plain", "direct"}


def test_two_audits_of_the_same_articles_are_compared_article_by_article(audited, tmp_path):
    corpus = audited.corpus
    quiet = CallableChat(lambda messages: "Nothing comes to my mind about that.", "a quiet one")
    sides = [corpus.where(role) for role in ("member", "nonmember")]
    other = audit_chat(quiet, *sides, prefixes=(20, 40), attacks=("plain",), out=tmp_path / "other")
    changes = {c.name: c for c in compare_runs(other, audited)}
    share = changes["verbatim_passages"].difference
    assert share.value == pytest.approx(10 / 12)  # 20 words or more: articles 2 to 11
    assert "sign flips, two-sided p = " in share.how
    assert changes["verbatim_passages"].moved == "rose"
