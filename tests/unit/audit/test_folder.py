"""How a run begins and ends, and that one begun by an earlier byheart of the same version is still continued."""

import json

import pytest

import byheart
from byheart.audit.folder import begin, conclude, finish, told_source
from byheart.audit.profiles import PROFILES
from byheart.core.corpus import Corpus
from byheart.core.errors import RunError
from byheart.core.run import RunFolder
from byheart.core.verdict import Estimate, Verdict

CORPUS = Corpus.of(["one", "two"], "member")
COMMAND = {"verb": "audit text", "corpus": CORPUS.digest, "seed": 0}


def started(out=None, command=COMMAND, **facts):
    return begin(command, CORPUS, "a/model", "data/records.jsonl", out=out, command_line="byheart audit", **facts)


def test_a_run_tells_what_made_it(tmp_path):
    run = started(tmp_path / "run", device="cpu")
    facts = run.facts
    assert facts["command"] == {**COMMAND, "version": byheart.__version__}
    assert (facts["model"], facts["device"], facts["reproduce"]) == ("a/model", "cpu", ["byheart audit"])
    assert facts["environment"]["byheart"] == byheart.__version__
    assert run.corpus.ids.tolist() == CORPUS.ids.tolist()


def test_a_run_is_continued_by_its_command_alone(tmp_path):
    path = tmp_path / "run"
    old = RunFolder.start(path, {**COMMAND, "version": byheart.__version__})  # as audits wrote it before
    old.update(steps={"token_logprobs": 1.5})
    assert started(path).facts["steps"] == {"token_logprobs": 1.5}
    with pytest.raises(RunError, match=r"another command \(seed differ\)"):
        started(path, {**COMMAND, "seed": 1})


def test_without_a_folder_it_is_named_after_model_and_records(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = started()
    assert first.path.parent.name == "runs"
    assert first.path.name.endswith("-model-records")
    assert started().path == first.path
    assert started(command={**COMMAND, "seed": 1}).path.name == f"{first.path.name}-2"


def test_the_end_keeps_verdicts_notes_digests_and_the_page(tmp_path):
    run = started(tmp_path / "run")
    main = Estimate(0.5, 0.4, 0.6, n=2, unit="AUC", how="by hand")
    verdict = Verdict("loss", "text", "The records are known", "inconclusive", None, main, caveats=("No control.",))
    conclude(run, [verdict], ("a note",), utility={"shape": 0.5})
    assert finish(run, show_text=False) is run
    facts = run.facts
    assert [v.claim for v in run.verdicts] == ["The records are known"]
    assert (facts["notes"], facts["utility"]) == (["a note"], {"shape": 0.5})
    assert set(facts["outputs"]) == {"corpus.parquet", "verdicts.json"}
    assert "report" in facts["steps"]
    assert "a note" in (run.path / "report.html").read_text(encoding="utf-8")
    assert json.loads((run.path / "run.json").read_text())["finished"]


@pytest.mark.parametrize(("profile", "asked", "read"), [
    ("smoke", None, 50), ("smoke", 20, 20), ("smoke", 80, 50), ("routine", None, None), ("routine", 7, 7),
])  # fmt: skip
def test_the_lesser_limit_holds(profile, asked, read):
    assert PROFILES[profile].at_most(asked) == read


def test_where_a_model_came_from(tmp_path):
    class Endpoint:
        url = "http://localhost/v1"

    assert told_source("smollm2") == "smollm2"
    assert told_source(tmp_path) == str(tmp_path)
    assert told_source(Endpoint()) == "http://localhost/v1"
    assert told_source(object()) == "a live model"
