"""The model card section and the annex."""

import re

import pytest

from byheart.core.corpus import Corpus
from byheart.report.annex import write_annex
from byheart.report.markdown import code, plain, write_model_card
from byheart.report.subject import MODEL


def test_the_card_holds_verdicts_limits_and_provenance(run):
    text = write_model_card(run).read_text(encoding="utf-8")
    assert text.startswith("## Memorization\n\nThis model recites ")
    assert "| min\\_k | shown | 120 | 0.74 | 0.65 to 0.83 | p = 0.0004 | 0.5 | 0.52 |" in text
    assert "could not have been seen. (reference, loss)" in text
    assert "SHA-256 of model: abab" in text
    assert "--seed 0\n```" in text


def test_the_annex_follows_the_paragraphs_and_says_what_is_not_tested(run):
    text = write_annex(run).read_text(encoding="utf-8")
    assert re.findall(r"^## Paragraph (\d+)", text, re.M) == ["55", "56", "57", "58"]
    assert "not a finding of anonymity" in text
    assert "- model inversion" in text
    assert "2 claims of memorization are shown" in text


def test_the_annex_does_not_claim_tests_that_were_not_made(sim, tmp_path):
    run = sim.simulated_run(tmp_path)
    run.save_verdicts([])
    text = write_annex(run).read_text(encoding="utf-8")
    assert text.count("was tested in this run") == len(MODEL.threats)
    assert "That is not evidence of absence" in text


@pytest.mark.parametrize("write", [write_model_card, write_annex])
def test_no_training_text_in_either(run, write):
    text = write(run).read_text(encoding="utf-8")
    assert not any(t[:30] in text for t in run.corpus.texts)


def test_hostile_words_stay_words():
    assert plain("a | <b> [x](y)\n# z") == "a \\| \\<b\\> \\[x\\](y) \\# z"
    assert code(["a", "``` b"]).startswith("````sh\n")
    assert Corpus.of(["x"], "member").texts == ["x"]
