"""`byheart mitigate activation_probe RUN`: what is said of a model that recites nothing, and of wrong input."""

import json
import shutil

import numpy as np
import pytest

from byheart.localize._activation_probe.probe import Probe


@pytest.fixture
def run(run_folder, tmp_path):
    shutil.copytree(run_folder, tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def probed(run):
    """A run with a probe of no meaning in it."""
    w, zero, one = np.random.default_rng(0).normal(size=32), np.zeros(32), np.ones(32)
    made = Probe("layers.0.block", w, np.array(0.0), zero, np.array(0.0), np.array(1.0), zero, one)
    made.save(run / "findings" / "activation_probe.safetensors")
    return run


def test_without_recitation_nothing_is_said(byheart, probed):
    said = byheart("mitigate", "activation_probe", probed, "--quiet", "--then", "measure", "--mode", "gate")
    assert said.code == 0, said.err
    assert "Nothing can be said of switching off layers.0.block: 0 records were recited before" in said.out
    assert "Before and after:" in said.out
    facts = json.loads((probed / "findings" / "activation_probe_edit.json").read_text())
    assert (facts["decision"], facts["mode"], facts["p"]) == ("inconclusive", "gate", None)
    assert facts["estimates"]["next-token agreement"]["value"] > 0
    assert byheart("verify", probed).out.count("activation_probe_edit") == 0  # noted as made afterwards


def test_what_is_wrong_is_said_in_one_line(byheart, run):
    for options, words in (
        ((), "byheart localize activation_probe"),
        (("--site", "layers.0.block"), "means need recited tokens"),
        (("--site", "layers.9.block"), "no site 'layers.9.block'"),
        (("--mode", "erase"), "--mode is shift, gate or clamp"),
        (("--then", "sell"), "--then is measure"),
        (("--random", "0"), "--random and --limit are 1 or more"),
    ):
        said = byheart("mitigate", "activation_probe", run, "--quiet", *options)
        assert said.code == 2, said.out
        assert words in said.err
        assert "Traceback" not in said.err
