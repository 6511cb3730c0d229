"""An index of all training data, or one of the run's own records; what does not fit the model is refused at once."""

import json

import pytest

from byheart.audit.step import run_step
from byheart.audit.text.audit_text import audit_text
from byheart.cli.main import run as command_line
from byheart.core.errors import TokenizerMismatchError, UsageError
from byheart.core.run import RunFolder
from byheart.explain.sources import sources
from byheart.index import build_index, open_index
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.train import train
from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt

LINE = "the ninth lamp of the harbour burns green until the tide has turned"
MEMBERS = [LINE] * 3 + [f"{n} ships left at dawn and {n + 2} came home" for n in range(17)]
CONTROL = [f"{n} carts went to market and {n + 3} were sold" for n in range(20)]


@pytest.fixture(scope="module")
def model():
    """A tiny model that recites one line."""
    made = CausalLM(tiny_gpt(261, width=32, layers=1, context=128, seed=0), byte_tokenizer(), name="tiny")
    train(made.module, [made.encode(LINE)] * 8, steps=250, batch_size=8, lr=1e-2, seed=0)
    return CausalLM(made.module, made.tokenizer, name="tiny")


def audit(model, out, **options):
    return audit_text(model, MEMBERS, CONTROL, profile="smoke", out=out, **options)


def findings(run):
    return json.loads((run.findings_folder / "sources.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def traced(model, tmp_path_factory):
    return audit(model, tmp_path_factory.mktemp("traced") / "run")


def test_without_an_index_one_is_made_of_the_records_that_were_trained_on(traced):
    members = traced.corpus.where("member")
    assert findings(traced)["params"]["documents"] == len(members) == open_index(traced.path / "index").n_docs


def test_an_index_of_all_training_data_finds_more(model, traced, tmp_path):
    whole = build_index([*MEMBERS, *[LINE] * 50], tmp_path / "index", tokenizer=model.tokenizer)
    run = audit(model, tmp_path / "run", index=whole.path)
    assert findings(run)["params"]["documents"] == len(MEMBERS) + 50
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert "53 times in the training data" in page
    assert "53 times in the training data" not in (traced.path / "report.html").read_text(encoding="utf-8")


def test_what_is_no_index_is_refused_before_the_model_reads(model, tmp_path):
    with pytest.raises(UsageError, match="no index"):
        audit(model, tmp_path / "run", index=tmp_path)
    assert not (tmp_path / "run" / "signals").exists()


def test_an_index_of_other_tokens_is_refused(model, tmp_path):
    of_bytes = build_index(MEMBERS, tmp_path / "index")
    with pytest.raises(TokenizerMismatchError, match="UTF-8 bytes"):
        audit(model, tmp_path / "run", index=of_bytes.path)
    assert not (tmp_path / "run").exists()


def test_a_run_is_traced_again_from_the_command_line(model, tmp_path, capsys):
    model.module.save_pretrained(tmp_path / "model")
    model.tokenizer.save_pretrained(tmp_path / "model")
    run = audit(tmp_path / "model", tmp_path / "run")
    whole = build_index([*MEMBERS, *[LINE] * 50], tmp_path / "index", tokenizer=model.tokenizer)
    words = ["explain", "sources", str(run.path), "--index", str(whole.path), "--quiet"]
    assert command_line(words) == 0
    assert "recited passages of at least 10 tokens" in capsys.readouterr().out
    assert findings(run)["params"]["documents"] == len(MEMBERS) + 50
    assert command_line(["verify", str(run.path)]) == 0
    lines = run_step(sources, run.path, {"least": 8}, index=whole.path)  # a step like any other, with its own options
    assert lines[0].startswith("explain/sources: Which training documents hold the passages")
    assert (findings(run)["params"]["documents"], findings(run)["params"]["least"]) == (len(MEMBERS) + 50, 8)
    run_step(sources, run.path, {})
    assert findings(run)["params"]["documents"] == len(MEMBERS)  # without one named, the index of the run's own records
    assert command_line(["verify", str(run.path)]) == 0


def test_a_run_of_something_else_is_refused_in_one_line(tmp_path, capsys):
    run = RunFolder.start(tmp_path / "chat", {"verb": "audit chat", "seed": 0, "model": "m"})
    for words in (["localize", "activation_probe"], ["mitigate", "activation_probe", "--site", "blocks"]):
        assert command_line([*words[:2], str(run.path), *words[2:], "--quiet"]) == 2
        said = capsys.readouterr().err
        assert "is a run of `audit chat`" in said
        assert said.count("\n") == 1
