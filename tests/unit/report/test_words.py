"""Numbers and decisions in plain words."""

import pytest

from byheart.core.verdict import Estimate, Verdict
from byheart.report import words


def verdict(decision, claim="It knows.", method="loss", caveats=("Because.",)):
    e = Estimate(0.7, 0.6, 0.8, 10, "AUC", "DeLong")
    return Verdict(method, "text", claim, decision, 0.01, e, control=e, caveats=caveats)


def test_a_headline_without_anything_plainer_counts_claims():
    assert words.claims_headline([verdict("shown"), verdict("not shown")]) == (
        "1 of 2 claims of memorization is shown."
    )
    assert words.claims_headline([verdict("shown")] * 2) == "2 of 2 claims of memorization are shown."
    assert words.claims_headline([]) == "This audit has not come to a verdict yet."


@pytest.mark.parametrize(
    ("decisions", "strongest"),
    [(["not shown", "shown"], "shown"), (["not shown", "inconclusive"], "inconclusive"), (["not shown"], "not shown"),
     ([], "inconclusive")],
)  # fmt: skip
def test_overall_is_the_strongest_decision(decisions, strongest):
    assert words.overall([verdict(d) for d in decisions]) == strongest


def test_tally():
    assert words.tally([verdict("shown"), verdict("inconclusive")]) == "1 of 2 claims is shown, 1 is inconclusive."


def test_caveats_are_told_once_with_their_methods_and_apart_for_shown_claims():
    verdicts = [verdict("inconclusive", method="a"), verdict("not shown", method="b"),
                verdict("shown", method="c", caveats=("It holds.",))]  # fmt: skip
    assert words.said(verdicts, shown=False) == [(["a", "b"], "Because.")]
    assert words.said(verdicts, shown=True) == [(["c"], "It holds.")]


def test_sentences_of_others_are_masked_unless_text_may_be_shown():
    assert words.sentence("ask ada@example.org") == "ask [e-mail]"
    assert words.sentence("ask ada@example.org", show_text=True) == "ask ada@example.org"


def test_safe_leaves_nothing_that_xml_or_utf8_refuses():
    assert words.safe("a\x00\x1b\ud800b") == "a␀␛?b"


def test_open_intervals_in_words():
    assert words.interval_words(Estimate(1.0, None, 2.0, 9, "", "")) == "up to 2"
    assert words.estimate_words(Estimate(None, None, None, 9, "", "")) == "no value"
    assert words.number(12345.6) == "12,346"


def test_a_term_is_explained_where_it_first_occurs_and_only_there():
    explain = words.Explained()
    first, second = explain("The control <b>"), explain("A control and Exposure")
    assert first.count("<dfn") == 1
    assert "&lt;b&gt;" in first
    assert second.count("<dfn") == 1
    assert set(explain.used) == {"control", "exposure"}
