"""The hunt in a run folder: dealt records, kept signals, verdicts beside those that are there, and a second sitting."""

import numpy as np
import pytest

from byheart.audit.text.hunt import hunt_run
from byheart.audit.text.hunt_records import Hunting, deal
from byheart.core.corpus import Corpus
from byheart.core.errors import DataError, UsageError
from byheart.core.run import RunFolder
from byheart.core.verdict import Estimate, Verdict
from byheart.models.text.causal_lm import load_text_model
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt

PLAN = Hunting(tries=2, prompt_tokens=2, prefix_tokens=8, new_tokens=12, epochs=1, top_k=6, budget=20_000)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A target and a hunter that know nothing."""
    made = []
    for seed in (0, 1):
        folder = tmp_path_factory.mktemp(f"model{seed}")
        tiny_gpt(261, width=16, layers=1, heads=2, context=64, seed=seed).save_pretrained(folder)
        byte_tokenizer().save_pretrained(folder)
        made.append(str(folder))
    return made


def records(n=24):
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("abcdefgh "), 24)) for _ in range(2 * n)]
    short = Corpus.of(["tiny"], "member", ids=["short"])
    return Corpus.of(texts[:n], "member") + Corpus.of(texts[n:], "nonmember") + short


@pytest.fixture
def run(tmp_path, folders):
    """A run as `audit text` leaves it, with one verdict."""
    target = load_text_model(folders[0])
    run = RunFolder.start(tmp_path / "run", {"verb": "audit text", "model": target.digest, "seed": 0})
    run.update(model_source=folders[0], outputs={})
    records().save(run.corpus_path)
    nothing = Estimate(None, None, None, 0, "", "")
    run.save_verdicts([Verdict("loss", "text", "c", "not shown", 0.3, nothing, caveats=("why",))])
    return run


def test_records_are_dealt_by_groups(folders):
    target = load_text_model(folders[0])
    parts = deal(target, records(), PLAN, seed=0)
    assert (len(parts.learned), len(parts.held.where("member")), len(parts.held.where("nonmember"))) == (12, 12, 12)
    assert not set(parts.learned.ids) & set(parts.held.ids)
    assert "1 records leave no continuation of 8 tokens" in parts.notes[0]
    twice = records()
    twice = Corpus(twice.items, twice.ids, twice.roles, np.array(["one"] * 24 + list(twice.groups[24:]), dtype=object))
    with pytest.raises(DataError, match="at least 4 independent members"):
        deal(target, twice, PLAN, seed=0)


def test_what_the_hunter_learned_from_is_not_hunted(folders):
    """A copy of a record to learn from stands among the others under another name: it is set aside."""
    once = records()
    copies = Corpus.of(once.items[:12], "member", ids=[f"copy{i}" for i in range(12)])
    parts = deal(load_text_model(folders[0]), once + copies, PLAN, seed=0)
    assert not set(parts.learned.texts) & set(parts.held.texts)
    assert any("nearly word for word" in note for note in parts.notes)


def test_a_hunt_is_judged_kept_and_taken_up_again(run, folders):
    found = hunt_run(run.path, hunter=folders[1], reference=folders[1], how=PLAN)
    assert [v.method for v in found] == ["memhunter"]
    assert found[0].decision == "not shown"  # an untrained model knows nothing
    assert any("No rung decided" in c for c in found[0].caveats)
    assert any("learned from 12 records" in c for c in found[0].caveats)
    assert [v.method for v in run.verdicts] == ["loss", "memhunter"]
    names = {p.name for p in (run.path / "signals").iterdir()}
    assert {"hunt_token_logprobs", "hunted_requests", "hunted_untrained", "hunted", "reference_hunted"} <= names
    scores = run.scores["memhunter"]
    assert len(scores) == 24
    assert scores.params["tries"] == 2
    assert "scores/memhunter.parquet" in run.facts["outputs"]
    before = {p: p.stat().st_mtime_ns for p in run.path.glob("memhunter/*")}
    assert hunt_run(run.path, hunter=folders[1], reference=folders[1], how=PLAN) == found
    assert [v.method for v in run.verdicts] == ["loss", "memhunter"]
    assert {p: p.stat().st_mtime_ns for p in run.path.glob("memhunter/*")} == before  # nothing is done again


def test_other_runs_are_refused(tmp_path, folders):
    RunFolder.start(tmp_path, {"verb": "audit table"})
    with pytest.raises(UsageError, match="audit text"):
        hunt_run(tmp_path, hunter=folders[1])
