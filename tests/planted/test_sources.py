"""What a really trained model recites is traced to the records it was trained on, with the true number of copies."""

import json

import numpy as np
import pandas as pd

from byheart.audit.measuring import available


def occurrences(passage, text):
    """How often one string stands in another, overlaps too."""
    return sum(text.startswith(passage, i) for i in range(len(text)))


def test_counts_are_those_of_a_search_through_the_training_texts(audited):
    """By strings, not tokens: the tokenizer is one of bytes, so both must give the same."""
    _, run = audited
    found = pd.read_parquet(run.findings_folder / "sources.parquet").drop_duplicates(["record", "start", "length"])
    corpus, signals = run.corpus, available(run)["token_logprobs"]
    trained = corpus.where("member", "canary")
    copies = [int(n) if r == "canary" else 1
              for r, n in zip(trained.roles, trained.columns["repetitions"], strict=True)]  # fmt: skip
    place = {name: i for i, name in enumerate(signals.ids)}
    texts = dict(zip(corpus.ids, corpus.texts, strict=True))
    for row in found.head(60).itertuples():
        i = place[row.record]
        start, end = (signals.ragged(k)[i] for k in ("start", "end"))
        passage = texts[row.record][start[row.start] : end[row.start + row.length - 1]]
        there = sum(n * occurrences(passage, t) for n, t in zip(copies, trained.texts, strict=True))
        assert found.loc[row.Index, "count"] == there > 0
    assert found["count"].max() == 84  # the canaries' common sentence: 4 canaries of 1, 4 and 16 copies each


def test_recited_passages_of_members_stand_in_their_own_record(audited):
    _, run = audited
    found = pd.read_parquet(run.findings_folder / "sources.parquet")
    members = found[found["role"] == "member"]
    assert len(members)
    whole = members[members["length"] == members["passage"]]
    assert set(whole["record"]) == set(members["record"])  # a member's passage stands in the training data in one piece
    at_home = whole[(whole["address"] == whole["record"]) & (whole["offset"] == whole["start"])]
    assert set(at_home["record"]) == set(whole.loc[whole["count"] <= 5, "record"]) | set(at_home["record"])
    assert np.isfinite(members["p"]).all()


def test_the_page_tells_places_of_each_record_and_what_was_not_asked(audited):
    _, run = audited
    facts = json.loads((run.findings_folder / "sources.json").read_text(encoding="utf-8"))
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert f"{facts['params']['passages']:,} recited passages" in page
    assert "in the training data" in page
    assert "byheart explain redundancy RUN" in page
