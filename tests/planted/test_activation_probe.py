"""A model that was trained on strings of random words: probed on a run folder, from the command line, and labelling."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from typer.testing import CliRunner

from byheart.audit.text.audit_text import audit_text
from byheart.audit.text.probing import Probing, probe_run, score_file, sentences
from byheart.cli.main import app
from byheart.core.errors import RunError, TooFewRecords, UsageError
from byheart.core.run import RunFolder
from byheart.localize._activation_probe.probe import Probe
from byheart.models.text.causal_lm import CausalLM
from byheart.models.text.train import train
from byheart.models.toy.tiny import tiny_gpt
from byheart.signals.text.token_events import Rules

WORDS = [a + b for a in "abcdefghij" for b in "klmnopqrst"]
RULES = Rules(run=4, p_ref_max=1.0)


def strings(seed, n, size=20):
    rng = np.random.default_rng(seed)
    return [" ".join(WORDS[j] for j in rng.choice(100, size, replace=False)) for _ in range(n)]


@pytest.fixture(scope="module")
def probed(tmp_path_factory):
    """An audited run of a model that knows 40 strings by heart, of 40 members and 40 others, and its findings."""
    folder = tmp_path_factory.mktemp("probed")
    words = Tokenizer(models.WordLevel({w: i for i, w in enumerate(["<rare>", *WORDS])}, unk_token="<rare>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<rare>")
    module = tiny_gpt(len(tokenizer), width=48, layers=2, context=64, seed=0)
    model, known = CausalLM(module, tokenizer), strings(0, 40)
    train(module, [model.encode(t) for t in known], epochs=120, batch_size=20, lr=1e-2, seed=0)
    module.save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    run = audit_text(str(folder / "model"), known, strings(1, 40), out=folder / "run", profile="smoke")
    how = Probing(n_dealings=19, kind="lda", rules=RULES, sites=("embed", "layers.0.block", "layers.1.block"))
    return run, how, *probe_run(run.path, how)


def test_what_cannot_be_matched_is_said(probed):
    """A model that knows nothing but its strings is sure of these alone: confidence tells all, and that is said."""
    _, _, found, table = probed
    assert not found.params["matched"]
    assert found.estimates["AUC of p of the token"].value > 0.99
    said = " ".join(sentences(found, table))
    assert "Too few events of the two classes have equal confidence" in said
    assert "alone tells the classes apart" in said
    assert "It is not shown" in said
    assert found.params["removed"]["recited"]["kept"] > 400


def test_everything_is_kept_in_the_run(probed):
    run, _, found, table = probed
    probe = Probe.load(run.findings_folder / "activation_probe.safetensors")
    assert probe.site == found.params["site"]
    np.testing.assert_array_equal(probe.w, found.state["w"])
    facts = json.loads((run.findings_folder / "activation_probe.json").read_text())
    assert facts["params"]["site"] == probe.site
    assert {c["site"] for c in facts["params"]["curve"]} == {"embed", "layers.0.block", "layers.1.block"}
    assert facts["estimates"]["AUC"]["n"] == 80
    back = pd.read_parquet(run.findings_folder / "activation_probe_records.parquet")
    assert back["id"].tolist() == table["id"].tolist()
    assert set(back["role"]) == {"member", "nonmember"}
    assert "findings/activation_probe.safetensors" in RunFolder(run.path).facts["outputs"]


def test_texts_are_labelled_with_the_probe_that_was_kept(probed, tmp_path):
    """Against a probe applied by hand: the score is the mean of the log-odds that are written for each token."""
    run, *_ = probed
    path = tmp_path / "new.jsonl"
    path.write_text("\n".join(json.dumps({"text": t}) for t in strings(2, 70)), encoding="utf-8")
    table, out = score_file(run.path, str(path))
    assert (len(table), out.name) == (70, "new.parquet")
    tokens = pd.read_parquet(out.with_suffix(".tokens.parquet"))
    means = [np.nanmean(row) for row in tokens["odds"]]
    np.testing.assert_allclose(table["score"], means, rtol=1e-5)
    assert ((table["p"] > 0) & (table["p"] <= 1)).all()
    # texts like the control: at most a few of 70 stand out, as at most 5 % of those named may be false
    assert (table["q"] <= 0.05).sum() <= 3
    with pytest.raises(UsageError, match="parquet"):
        score_file(run.path, str(path), tmp_path / "x.csv")


def test_from_the_command_line(probed, tmp_path):
    run = shutil.copytree(probed[0].path, tmp_path / "run")  # its findings are replaced
    path = tmp_path / "new.txt.jsonl"
    path.write_text(json.dumps({"text": strings(3, 1)[0]}) + "\n", encoding="utf-8")
    told = CliRunner().invoke(app, ["localize", "activation_probe", str(run), "--score", str(path), "--quiet"])
    assert told.exit_code == 0, told.output
    assert "of 1 texts read as recited" in told.output
    again = CliRunner().invoke(
        app,
        ["localize", "activation_probe", str(run), "--run", "4", "--p-ref-max", "1", "--kind", "lda",
         "--dealings", "19", "--site", "layers.1.block", "--quiet"],
    )  # fmt: skip
    assert again.exit_code == 0, again.output
    assert "layers.1.block" in again.output


def test_what_is_refused(probed, tmp_path):
    run, how, *_ = probed
    with pytest.raises(RunError):
        probe_run(tmp_path, how)
    with pytest.raises(TooFewRecords, match="left out as 'too early in a run"):
        probe_run(run.path, Probing(rules=Rules(run=30)))
    empty = RunFolder.start(tmp_path / "empty", {"verb": "audit text"})
    with pytest.raises(RunError, match="writes it"):
        score_file(empty.path, "x.jsonl")
