"""Whatever a user gets wrong, byheart answers with one line and exit code 2."""

import json
import re
import shutil

import pytest
import torch
from safetensors.torch import load_file

from byheart.data.canaries.canaries import Manifest, make_canaries
from byheart.models.toy.tiny import tiny_gpt


def refused(said, *words):
    """Exit code 2 and one line on standard error that holds these words; nothing on standard output."""
    assert said.code == 2, said
    lines = said.err.splitlines()
    assert len(lines) == 1, said.err
    assert lines[0].startswith("byheart: ")
    assert said.out == ""
    for word in words:
        assert str(word) in lines[0]


@pytest.fixture
def audit(byheart, untrained_folder, records_folder, tmp_path):
    """An audit that would run, but for what the test changes; None leaves an option out."""

    def start(**changes):
        options = {
            "model": untrained_folder, "members": records_folder / "members.jsonl",
            "control": records_folder / "control.jsonl", "out": tmp_path / "run", **changes,
        }  # fmt: skip
        given = [x for k, v in options.items() if v is not None for x in ("--" + k.replace("_", "-"), v)]
        return byheart("audit", "text", "--quiet", *given)

    return start


@pytest.fixture
def changed_model(untrained_folder, tmp_path):
    """A copy of the tiny model, to be damaged."""
    return shutil.copytree(untrained_folder, tmp_path / "changed")


# records


@pytest.mark.parametrize("side", ["members", "control"])
def test_path_that_does_not_exist(audit, tmp_path, side):
    refused(audit(**{side: tmp_path / "nowhere.jsonl"}), tmp_path / "nowhere.jsonl", "does not exist", "give a")


def test_name_that_neither_disk_nor_hub_knows(audit):
    refused(audit(members="nowhere-at-all"), "nowhere-at-all", "no file here")


@pytest.mark.parametrize("side", ["members", "control"])
@pytest.mark.parametrize(("content", "n"), [("", "no record"), ('{"text": "alone"}\n', "1 record")])
def test_empty_and_one_record_files(audit, tmp_path, side, content, n):
    (tmp_path / "few.jsonl").write_text(content)
    refused(audit(**{side: tmp_path / "few.jsonl"}), "few.jsonl holds", n, "at least 2")


@pytest.mark.parametrize("option", ["text_column", "group_column", "date_column"])
def test_column_that_is_not_there(audit, option):
    refused(audit(**{option: "body"}), "line 1", "no column 'body'", "there are 'text'")


def test_not_utf8(audit, tmp_path):
    (tmp_path / "latin.jsonl").write_bytes('{"text": "café"}\n{"text": "b"}\n'.encode("latin1"))
    refused(audit(members=tmp_path / "latin.jsonl"), "not UTF-8", "0xe9", "convert")


def test_white_space_only(audit, tmp_path):
    (tmp_path / "white.jsonl").write_text('{"text": "  "}\n{"text": "\\n\\t"}\n')
    refused(audit(members=tmp_path / "white.jsonl"), "white space", "give records with words")


def test_not_json(audit, tmp_path):
    (tmp_path / "plain.jsonl").write_text("hello\nworld\n")
    refused(audit(members=tmp_path / "plain.jsonl"), "line 1", "not JSON")


def test_control_equals_members(audit, records_folder):
    refused(audit(control=records_folder / "members.jsonl"), "every control record (all 30)", "give other records")


# canaries


@pytest.fixture
def manifest(tmp_path):
    path = tmp_path / "canaries.json"
    make_canaries(seed=0, families=("random",), repetitions=(1,), per_repetition=3, controls=10).save(path)
    return path


def test_canaries_without_twins(audit, manifest):
    content = json.loads(manifest.read_text())
    content["canaries"] = [c for c in content["canaries"] if c["role"] == "canary"]
    manifest.write_text(json.dumps(content))
    refused(audit(canaries=manifest), "twins")


def test_manifest_from_other_data(audit, manifest, records_folder):
    refused(audit(canaries=manifest), "other data", records_folder / "members.jsonl", "0 of its 3 canaries")


def test_manifest_changed_after_it_was_made(audit, manifest):
    content = json.loads(manifest.read_text())
    content["canaries"][0]["repetitions"] += 1
    manifest.write_text(json.dumps(content))
    refused(audit(canaries=manifest), "changed")


def test_canaries_among_the_control(audit, byheart, manifest, records_folder, tmp_path):
    planted, control = tmp_path / "planted.jsonl", tmp_path / "control.jsonl"
    byheart("canaries", "inject", manifest, records_folder / "members.jsonl", "--out", planted)
    texts = [c.text for c in Manifest.load(manifest).planted]
    lines = (records_folder / "control.jsonl").read_text() + "".join(
        json.dumps({"text": t, "author": "x"}) + "\n" for t in texts
    )
    control.write_text(lines)
    refused(audit(members=planted, control=control, canaries=manifest), "control records are canaries")


@pytest.mark.parametrize("content", [None, "{", '{"schema": "other"}'])
def test_manifest_that_is_none(audit, tmp_path, content):
    path = tmp_path / "canaries.json"
    if content is not None:
        path.write_text(content)
    refused(audit(canaries=path), path, "byheart canaries make" if content != "{" else "make it anew")


# models


def test_tokenizer_does_not_fit(audit, changed_model):
    tiny_gpt(100, width=32, layers=1, context=160, seed=0).save_pretrained(changed_model)
    refused(audit(model=changed_model), "tokenizer does not fit", "260", "99", "give the tokenizer")


def test_no_weights(audit, changed_model):
    (changed_model / "model.safetensors").unlink()
    refused(audit(model=changed_model), changed_model, "no weights")


def test_pickled_weights_only(audit, changed_model):
    safe = changed_model / "model.safetensors"
    torch.save(load_file(safe), changed_model / "pytorch_model.bin")
    safe.unlink()
    refused(audit(model=changed_model), "pickled", "--trust-remote-code")


def test_wants_remote_code(audit, changed_model):
    path = changed_model / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "auto_map": {"AutoModelForCausalLM": "modeling.X"}}))
    (changed_model / "modeling.py").write_text("raise SystemExit('foreign code ran')")
    refused(audit(model=changed_model), "run code", "--trust-remote-code")


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json"])
def test_model_folder_that_is_not_whole(audit, changed_model, missing):
    (changed_model / missing).unlink()
    refused(audit(model=changed_model), missing)


def test_damaged_weights(audit, changed_model):
    safe = changed_model / "model.safetensors"
    safe.write_bytes(safe.read_bytes()[:1000])
    refused(audit(model=changed_model), "cannot be opened")


@pytest.mark.parametrize("source", ["", "nowhere/x/y", "weights.gguf", "nobody/nothing"])
@pytest.mark.parametrize("option", ["model", "reference"])
def test_model_that_does_not_exist(audit, option, source):
    refused(audit(**{option: source}), source)


def test_logits_overflow_in_half_precision(audit, untrained_folder, changed_model):
    """Embeddings of 1e6 are beyond float16 (65504): infinite states, logits that are not numbers."""
    module = tiny_gpt(272, width=32, layers=1, context=160, seed=0)
    with torch.no_grad():
        module.model.embed_tokens.weight.mul_(1e6)
    module.save_pretrained(changed_model)
    refused(audit(model=changed_model, dtype="float16"), "not numbers", "float16", "float32")


# options


@pytest.mark.parametrize(
    ("option", "value", "names"),
    [
        ("profile", "huge", "smoke, routine, powered"),
        ("device", "tpu", "auto, cpu or cuda"),
        ("dtype", "int3", "float32"),
        ("engine", "cloud", "local, ray"),
        ("batch_size", "0", "1 or more"),
        ("batch_size", "many", "auto"),
        ("limit", "0", "at least 1"),
        ("workers", "0", "at least 1"),
        ("fail_on", "never", "shown or inconclusive"),
        ("seed", "abc", "integer"),
        ("shadow", "alone", "MODEL=IDS"),
        ("nope", "--model", "--nope"),
    ],
)
def test_unknown_value_of_an_option(audit, option, value, names):
    refused(audit(**{option: value}), names, value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_gpu_that_is_not_there(audit):
    refused(audit(device="cuda"), "CUDA", "--device cpu")


def test_shadow_without_its_ids(audit, untrained_folder, tmp_path):
    refused(audit(shadow=f"{untrained_folder}={tmp_path}/ids.txt"), "ids.txt is not there", "one a line")
    (tmp_path / "ids.txt").write_text("\n")
    refused(audit(shadow=f"{untrained_folder}={tmp_path}/ids.txt"), "names no record")
    (tmp_path / "ids.txt").write_text("some-other-id\n")
    refused(
        audit(shadow=f"{untrained_folder}={tmp_path}/ids.txt", profile="smoke"),
        "no record of the audit is among the ids",
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"members: [a\n", "not YAML"),
        (b"- a\n", "holds a list"),
        (b"colour: red\n", "'colour'"),
        (b"seed: abc\n", "--seed"),
        ("members: café".encode("latin1"), "not UTF-8"),
        (None, "is not there"),
    ],
)
def test_bad_config(audit, tmp_path, content, words):
    path = tmp_path / "config.yaml"
    if content is not None:
        path.write_bytes(content)
    refused(audit(config=path), words)


def test_missing_and_unknown_words(byheart, tmp_path):
    refused(byheart("audit", "text", "--members", "x"), "--model")
    refused(byheart("frobnicate"), "frobnicate")
    refused(byheart("list", "--family", "music"), "music", "text")
    refused(byheart("list", "--verb", "sing"), "sing", "measure")
    refused(byheart("selftest", "--family", "image"), "image")


# paths that are written


def test_out_is_a_file(audit, records_folder):
    refused(audit(out=records_folder / "members.jsonl"), "members.jsonl", "another path")


def test_junit_is_a_folder(audit, tmp_path):
    refused(audit(junit=tmp_path), "--junit", tmp_path)


def test_run_folder_of_another_command(audit, run_folder):
    before = (run_folder / "verdicts.json").read_bytes()
    refused(audit(out=run_folder, seed=7), run_folder, "another command", "seed", "--out")
    assert (run_folder / "verdicts.json").read_bytes() == before


# steps on a run folder


@pytest.mark.parametrize("verb", [["report"], ["verify"], ["measure", "min_k"], ["signals", "token_logprobs"]])
def test_not_a_run_folder(byheart, tmp_path, verb):
    refused(byheart(*verb, tmp_path), tmp_path, "not a run folder", "give the folder")


def test_compare_with_what_is_no_run(byheart, run_folder, tmp_path):
    refused(byheart("compare", run_folder, tmp_path), tmp_path, "not a run folder")


def test_unknown_methods(byheart, run_folder):
    refused(byheart("measure", "telepathy", run_folder), "telepathy")
    refused(byheart("signals", "telepathy", run_folder, "--quiet"), "telepathy", "token_logprobs")


@pytest.mark.parametrize(
    ("method", "way"),
    [
        ("reference", r"byheart signals reference_logprobs \S+$"),
        ("exposure", "run the audit with --canaries$"),
        ("lira", "run the audit with --shadow$"),
    ],
)
def test_signals_that_a_run_lacks(byheart, run_folder, method, way):
    said = byheart("measure", method, run_folder)
    refused(said, "does not hold", "token_logprobs")
    assert re.search(way, said.err.strip())


def test_option_of_a_method_out_of_range(byheart, run_folder):
    refused(byheart("measure", "min_k", run_folder, "--k", "7"), "(0, 1]", "7")


def test_report_before_the_verdicts(byheart, run_folder, tmp_path):
    unfinished = shutil.copytree(run_folder, tmp_path / "unfinished")
    (unfinished / "verdicts.json").unlink()
    assert byheart("report", unfinished).code == 0
    assert "has not come to its verdicts; run it again" in (unfinished / "report.html").read_text()
