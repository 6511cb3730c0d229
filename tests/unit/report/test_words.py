"""Numbers and decisions in plain words."""

import numpy as np
import pytest

from byheart.core.verdict import Estimate, Verdict
from byheart.report import words
from byheart.report.evidence import Evidence
from byheart.report.text.recitation import LONG, Recital


def recital_of(roles, length, secret=None, recited=None):
    n = len(roles)
    zero = np.zeros(n, np.int64)
    secret, recited = (zero if x is None else np.array(x) for x in (secret, recited))
    ids, roles, length = np.array([f"r{i}" for i in range(n)]), np.array(roles, dtype=object), np.array(length)
    return Recital(ids, roles, zero, length, length, secret, recited, zero + 1)


def verdict(decision, claim="It knows.", method="loss", caveats=("Because.",)):
    e = Estimate(0.7, 0.6, 0.8, 10, "AUC", "DeLong")
    return Verdict(method, "text", claim, decision, 0.01, e, control=e, caveats=caveats)


def test_headline_counts_whole_secrets_of_canaries_and_twins():
    found = recital_of(["canary"] * 3 + ["canary_control"] * 2, [2] * 5, [2, 2, 2, 2, 2], [2, 1, 2, 0, 1])
    said = words.headline(Evidence(None, {}), found)
    assert said.startswith("This model recites 2 of 3 planted canaries word for word, and none of 2 twins ")


def test_headline_without_canaries_counts_long_stretches_of_members_only():
    found = recital_of(["member", "member", "nonmember"], [LONG, LONG - 1, LONG])
    assert "1 of 2 training records" in words.headline(Evidence(None, {}), found)


def test_headline_without_signals_counts_claims():
    evidence = Evidence(None, {}, [verdict("shown"), verdict("not shown")])
    assert words.headline(evidence, None) == "1 of 2 claims of memorization is shown."
    assert "not come to a verdict" in words.headline(Evidence(None, {}), None)


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
