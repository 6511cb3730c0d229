"""What the commands promise where the input is right: exit codes, streams, files."""

import json
import os
import shutil
import signal
import subprocess
import sys
from functools import partial
from xml.etree import ElementTree

import pytest
import yaml

from byheart.core.verdict import SCHEMA


def verdicts_of(run):
    return json.loads((run / "verdicts.json").read_text())["verdicts"]


@pytest.fixture
def options(untrained_folder, records_folder):
    """Model, members and control of an audit that shows nothing."""
    return [
        "--model",
        untrained_folder,
        "--members",
        records_folder / "members.jsonl",
        "--control",
        records_folder / "control.jsonl",
        "--limit",
        16,
    ]


@pytest.fixture(scope="module")
def learned(tmp_path_factory, records_folder):
    """A tiny model trained on the members until it knows them."""
    from byheart.models.text.causal_lm import CausalLM
    from byheart.models.text.train import train
    from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt

    folder, tokenizer = tmp_path_factory.mktemp("learned") / "model", byte_tokenizer(bos=True)
    module = tiny_gpt(272, width=64, layers=1, context=160, seed=0)
    model = CausalLM(module, tokenizer)
    texts = [json.loads(line)["text"] for line in (records_folder / "members.jsonl").read_text().splitlines()]
    train(module, [model.encode(t) for t in texts], steps=250, batch_size=8, lr=5e-3, seed=0)
    module.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def shown_run(byheart, learned, records_folder, tmp_path_factory):
    """An audit that shows something, with every option of the gate."""
    out = tmp_path_factory.mktemp("shown") / "run"
    said = byheart(
        "audit",
        "text",
        "--model",
        learned,
        "--members",
        records_folder / "members.jsonl",
        "--control",
        records_folder / "control.jsonl",
        "--out",
        out,
        "--fail-on",
        "shown",
        "--junit",
        out / "gate.xml",
        "--json",
    )
    return said, out


# the gate


def test_shown_fails_the_gate_with_three(shown_run):
    said, out = shown_run
    assert "shown" in {v["decision"] for v in verdicts_of(out)}
    assert said.code == 3


def test_json_prints_json_only_and_progress_goes_to_the_other_stream(shown_run):
    said, out = shown_run
    printed = json.loads(said.out)
    assert printed["schema"] == SCHEMA
    assert printed["verdicts"] == verdicts_of(out)
    assert "Reading the records." in said.err


def test_junit_counts_the_claims_that_are_shown(shown_run):
    _, out = shown_run
    suite = ElementTree.parse(out / "gate.xml").getroot().find("testsuite")
    decisions = [v["decision"] for v in verdicts_of(out)]
    assert int(suite.get("tests")) == len(decisions) == len(suite.findall("testcase"))
    assert int(suite.get("failures")) == decisions.count("shown") == len(suite.findall("testcase/failure"))
    assert int(suite.get("skipped")) == decisions.count("inconclusive")


def test_nothing_shown_passes_the_gate(byheart, options, run_folder):
    said = byheart("audit", "text", "--quiet", *options, "--out", run_folder, "--fail-on", "shown")
    assert "shown" not in {v["decision"] for v in verdicts_of(run_folder)}
    assert (said.code, said.err) == (0, "")


def test_inconclusive_fails_the_gate_that_asks_for_it_with_four(byheart, options, tmp_path):
    arguments = ["audit", "text", "--quiet", *options, "--profile", "smoke", "--out", tmp_path / "run"]
    assert byheart(*arguments, "--fail-on", "inconclusive", "--junit", tmp_path / "gate.xml").code == 4
    assert byheart(*arguments, "--fail-on", "shown").code == 0
    suite = ElementTree.parse(tmp_path / "gate.xml").getroot().find("testsuite")
    assert int(suite.get("failures")) == int(suite.get("tests")) > 0


# profiles and missing parts


def test_smoke_never_shows(byheart, learned, records_folder, tmp_path):
    said = byheart(
        "audit",
        "text",
        "--quiet",
        "--model",
        learned,
        "--members",
        records_folder / "members.jsonl",
        "--control",
        records_folder / "control.jsonl",
        "--profile",
        "smoke",
        "--out",
        tmp_path / "run",
        "--fail-on",
        "shown",
    )
    assert said.code == 0, said.err
    assert "SHOWN" not in said.out.replace("NOT SHOWN", "")
    found = verdicts_of(tmp_path / "run")
    loss = next(v for v in found if v["method"] == "loss")
    assert loss["p"] < 0.01
    assert "smoke profile makes no claim" in loss["caveats"][0]


def test_members_without_control_tell_extraction_and_what_a_control_would_add(
    byheart, learned, records_folder, tmp_path
):
    said = byheart(
        "audit",
        "text",
        "--quiet",
        "--model",
        learned,
        "--members",
        records_folder / "members.jsonl",
        "--out",
        tmp_path / "run",
    )
    assert said.code == 0, said.err
    found = verdicts_of(tmp_path / "run")
    assert {v["decision"] for v in found} == {"inconclusive"}
    extraction = next(v for v in found if v["method"] == "extraction")
    assert extraction["main"]["value"] > 0.1
    told = {v["method"]: " ".join(v["caveats"]) for v in found}
    assert all("there is no control" in told[m].lower() for m in ("extraction", "loss", "min_k", "zlib"))
    page = (tmp_path / "run" / "report.html").read_text()
    assert "With 30 members and 90 controls" in page
    assert f"{round(30 * extraction['main']['value'])} of 30 members are recited" in page


def test_texts_longer_than_the_context_are_windowed_and_said(byheart, untrained_folder, records_folder, tmp_path):
    members = tmp_path / "long.jsonl"
    lines = (records_folder / "members.jsonl").read_text().splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    long = [" ".join(texts[i : i + 4]) for i in (0, 4, 8)]  # some 300 bytes where the context is 160
    members.write_text("".join(json.dumps({"text": t}) + "\n" for t in [*long, *texts[12:]]))
    said = byheart(
        "audit",
        "text",
        "--quiet",
        "--model",
        untrained_folder,
        "--members",
        members,
        "--out",
        tmp_path / "run",
        "--profile",
        "smoke",
        "--control",
        records_folder / "control.jsonl",
    )
    assert said.code == 0, said.err
    assert "3 records are longer than the model" in (tmp_path / "run" / "report.html").read_text()


# the configuration file


def test_config_mirrors_the_options_and_the_command_line_wins(byheart, options, tmp_path):
    names = [str(o).removeprefix("--") for o in options[::2]]
    config = dict(zip(names, map(str, options[1::2]), strict=True))
    config |= {"limit": 12, "profile": "smoke", "quiet": True, "out": str(tmp_path / "run"), "batch-size": 512}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    said = byheart("audit", "text", "--config", tmp_path / "config.yaml", "--seed", "5", "--limit", "11")
    assert (said.code, said.err) == (0, "")
    command = json.loads((tmp_path / "run" / "run.json").read_text())["command"]
    assert (command["profile"], command["seed"], command["batch_size"]) == ("smoke", 5, 512)
    assert len((tmp_path / "run" / "report.html").read_text()) > 10_000
    assert "over 11 members and 11 controls" in said.out


# steps, and what stays true afterwards


@pytest.fixture
def copied_run(run_folder, tmp_path):
    return shutil.copytree(run_folder, tmp_path / "copy")


def test_one_more_signal_and_its_score(byheart, copied_run):
    assert byheart("measure", "gradnorm", copied_run).code == 2
    said = byheart("signals", "gradient_norm", copied_run, "--quiet")
    assert (said.code, said.err) == (0, "")
    assert "32 records" in said.out
    said = byheart("measure", "gradnorm", copied_run)
    assert said.code == 0
    assert (copied_run / "scores" / "gradnorm.parquet").exists()
    assert byheart("verify", copied_run).code == 0, "a step of byheart's own is no tampering"


def test_measure_again_with_another_option(byheart, copied_run):
    before = (copied_run / "scores" / "min_k.parquet").read_bytes()
    said = byheart("measure", "min_k", copied_run, "--k", "0.9")
    assert said.code == 0
    assert "nonmember" in said.out
    assert (copied_run / "scores" / "min_k.parquet").read_bytes() != before


def test_report_list_and_doctor(byheart, copied_run):
    (copied_run / "report.html").unlink()
    said = byheart("report", copied_run)
    assert said.code == 0
    assert (copied_run / "report.html").exists()
    assert (copied_run / "annex.md").exists()
    cards = json.loads(byheart("list", "--json", "--verb", "measure").out)
    assert {"min_k", "extraction", "blind"} <= {c["name"] for c in cards}
    assert {c["paper"] for c in json.loads(byheart("list", "--json", "--paper", "2310.16789").out)} == {"2310.16789"}
    said = byheart("doctor")
    assert said.code == 0
    assert "smollm2" in said.out


def test_compare_tells_what_training_changed(byheart, options, shown_run, run_folder, tmp_path):
    _, after = shown_run
    said = byheart("compare", run_folder, after, "--out", tmp_path / "page.html", "--json")
    assert said.code == 0, said.err
    changes = json.loads(said.out)
    assert changes
    assert (tmp_path / "page.html").stat().st_size > 1000


def test_verify_tells_tampering(byheart, untrained_folder, records_folder, tmp_path):
    model = shutil.copytree(untrained_folder, tmp_path / "model")
    members, control = tmp_path / "members.jsonl", tmp_path / "control"
    shutil.copy(records_folder / "members.jsonl", members)
    control.mkdir()
    for i, line in enumerate((records_folder / "control.jsonl").read_text().splitlines()):
        (control / f"{i}.txt").write_text(json.loads(line)["text"])
    run = tmp_path / "run"
    arguments = ["--model", model, "--members", members, "--control", control, "--profile", "smoke", "--out", run]
    assert byheart("audit", "text", "--quiet", *arguments).code == 0
    said = byheart("verify", run)
    assert said.code == 0, said.out
    assert "as the run left them" in said.out

    (run / "verdicts.json").write_text((run / "verdicts.json").read_text().replace("inconclusive", "not shown"))
    (run / "scores" / "loss.parquet").unlink()
    (run / "scores" / "new.parquet").write_bytes(b"")
    members.write_text(members.read_text() + '{"text": "one more"}\n')
    (control / "0.txt").write_text("another text")
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\x00\x00\x00\x3f")
    said = byheart("verify", run)
    assert said.code == 3
    lines = said.out.splitlines()
    for line in (
        "changed: verdicts.json",
        "missing: scores/loss.parquet",
        "added: scores/new.parquet",
        f"changed: member ({members})",
        f"changed: nonmember ({control})",
        f"changed: model ({model})",
    ):
        assert line in lines


def test_verify_says_what_is_gone(byheart, copied_run):
    facts = json.loads((copied_run / "run.json").read_text())
    facts["data"]["member"]["path"] = "/gone/members.jsonl"
    facts["model_source"] = "/gone/model"
    (copied_run / "run.json").write_text(json.dumps(facts))
    said = byheart("verify", copied_run)
    assert said.code == 0
    assert "not compared: member (/gone/members.jsonl)" in said.out
    assert "not compared: model (/gone/model)" in said.out


# the process


def python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("words", [None, ["--help"], ["audit", "text", "--help"], ["audit", "--help"]])
def test_import_and_help_stay_light(words):
    act = f"from byheart.cli.main import run; assert run({words!r}) == 0" if words else "import byheart"
    heavy = ("torch", "pandas", "scipy", "sklearn", "transformers", "pyarrow", "plotly")
    done = python(f"{act}\nimport sys\nprint('heavy:', [m for m in {heavy!r} if m in sys.modules])")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "heavy: []"


def test_interrupted_keeps_what_is_done(byheart, options, tmp_path):
    """Ctrl-C during the passes: exit code 130, one line, and the same command ends well."""
    command = [sys.executable, "-m", "byheart.cli.main", "audit", "text", *map(str, options), "--out", "run"]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # where the suite itself runs in the background
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=env, preexec_fn=heard)
    seen = ""
    while "Pass 2" not in seen and process.poll() is None:  # early, as a busy machine may wake this test late
        seen += process.stderr.readline()
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=120)[1]
    assert process.returncode == 130, seen + rest
    assert "Traceback" not in rest
    assert rest.splitlines()[-1].startswith("byheart: interrupted; what is done is kept")
    done = {p: p.stat().st_mtime_ns for p in (tmp_path / "run" / "signals").rglob("*.safetensors")}
    assert done
    assert byheart("audit", "text", *options, "--out", tmp_path / "run").code == 0
    assert {p: p.stat().st_mtime_ns for p in done} == done, "a finished shard was made again"
