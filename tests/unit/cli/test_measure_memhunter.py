"""`byheart measure memhunter`: an audited run is hunted, and wrong options are refused in one line."""

import json
import shutil

import pytest


def hunt(byheart, run, hunter, *more):
    return byheart(
        "measure", "memhunter", run, "--hunter", hunter, "--budget", 3000, "--tries", 1, "--prompt-tokens", 2,
        "--prefix-tokens", 8, "--new-tokens", 8, "--epochs", 1, "--top-k", 4, "--quiet", *more,
    )  # fmt: skip


def test_a_run_is_hunted_and_says_which_rung_decided(byheart, run_folder, untrained_folder, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(run_folder, run)
    said = hunt(byheart, run, untrained_folder)
    assert said.code == 0, said.err
    assert "No rung decided." in said.out
    assert "Rung 3 of the ladder, prompts of the hunter; p allows for 4 rungs." in said.out
    methods = [v["method"] for v in json.loads((run / "verdicts.json").read_text())["verdicts"]]
    assert methods.count("memhunter") == 1
    assert len(methods) > 1
    assert (run / "scores" / "memhunter.parquet").exists()
    assert byheart("report", run).code == 0
    again = hunt(byheart, run, untrained_folder)
    assert again.out == said.out
    other = hunt(byheart, run, untrained_folder, "--lr", 0.1)
    assert other.code == 2
    assert "holds the training of another hunter" in other.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--compose", "around"), "--compose is prepend, append or prompt_only; got 'around'"),
        (("--tries", 0), "--tries is at least 1; got 0"),
        (("--hunter", "nowhere/no-model"), "no-model"),
    ],
)
def test_wrong_options_are_refused_in_one_line(byheart, run_folder, untrained_folder, options, message):
    said = hunt(byheart, run_folder, untrained_folder, *options)
    assert said.code == 2
    assert message in said.err
    assert "Traceback" not in said.err


def test_a_folder_that_holds_no_run(byheart, tmp_path, untrained_folder):
    said = hunt(byheart, tmp_path, untrained_folder)
    assert said.code == 2
    assert "not a run folder" in said.err
