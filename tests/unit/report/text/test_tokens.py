"""The strips of the most memorized records."""

import pytest

from byheart.core.corpus import Corpus
from byheart.report.evidence import Evidence
from byheart.report.text.recitation import recital
from byheart.report.text.tokens import BEFORE, TOP, most_memorized, shape


def rows_of(run, **options):
    evidence = Evidence.of(run)
    return most_memorized(evidence, recital(evidence.shards("token_logprobs")), **{"show_text": False, **options})


def test_canaries_first_then_members_by_what_the_reference_does_not_know(run):
    rows = rows_of(run)
    roles = [r.role for r in rows]
    assert roles == sorted(roles, key=lambda r: r != "canary")
    assert set(roles) == {"canary", "member"}
    members = [r.n_recited - r.known_before for r in rows if r.role == "member"]
    assert members == sorted(members, reverse=True)


def test_masked_strips_hold_no_letter_and_shown_ones_the_text(run):
    corpus = run.corpus
    texts = dict(zip(corpus.ids, corpus.texts, strict=True))
    for row in rows_of(run):
        assert not any(c.isalnum() for t in row.tokens for c in t.text)
    for row in rows_of(run, show_text=True):
        assert "".join(t.text for t in row.tokens) in texts[row.name]


def test_parts_and_counts_of_a_strip_add_up(run):
    for row in rows_of(run):
        parts = [t.part for t in row.tokens]
        assert parts == sorted(parts, key="pra".index)
        assert parts.count("r") + row.hidden_within == row.n_recited
        assert parts.count("p") == min(row.at, BEFORE)
        shown = len(parts) + row.hidden_before + row.hidden_within + row.hidden_after
        assert shown == row.n_tokens


def test_at_most_so_many_training_records(run):
    assert sum(r.role == "member" for r in rows_of(run, top=3)) == 3
    assert len(rows_of(run)) <= TOP + 12


def test_a_chat_shows_dots_for_lengths_unless_its_rendered_text_is_kept(sim, tmp_path):
    plain = sim.simulated_corpus(n=6, n_canaries=0, n_twins=0)
    run = sim.simulated_run(tmp_path, corpus=plain)
    chat = [[{"role": "assistant", "content": t}] for t in plain.items]
    Corpus(chat, plain.ids, plain.roles, plain.groups, plain.columns).save(run.corpus_path)
    rows = rows_of(run, show_text=True)
    assert rows
    assert {c for r in rows for t in r.tokens for c in t.text} == {"•"}
    rendered = {**plain.columns, "rendered": plain.items}
    Corpus(chat, plain.ids, plain.roles, plain.groups, rendered).save(run.corpus_path)
    assert "".join(t.text for t in rows_of(run, show_text=True)[0].tokens) in " ".join(plain.items)


@pytest.mark.parametrize(("text", "masked"), [("नमस्ते!", "••••••!"), ("a b\n", "• •\n"), ("🙂=x", "•=•"), ("", "")])
def test_shape_hides_every_script(text, masked):
    assert shape(text) == masked
