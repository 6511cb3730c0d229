"""A generator trained without and with an edit of its table: both audited, both kept, the change told."""

import json
import shutil

import pandas as pd
import pytest

from byheart.audit.table.audit_table import audit_table
from byheart.audit.table.retrain import retrain_and_measure
from byheart.audit.table.selftest import made_up_patients
from byheart.cli.main import run as command_line
from byheart.core.errors import RunError, UsageError
from byheart.core.run import RunFolder
from byheart.mitigate.tabcutmix import tabcutmix

N = 120


@pytest.fixture(scope="module")
def audited_once(tmp_path_factory):
    """A run of `audit table` on a synthetic table that is the training table."""
    train, control = (
        made_up_patients(N, seed=5, name=name).assign(person=[f"{i // 2} of {name}" for i in range(N)])
        for name in ("train", "control")
    )
    out = tmp_path_factory.mktemp("retrain") / "run"
    return audit_table(train, train.copy(), control, target="smoker", entity="person", scale="iqr", out=out, seed=5)


@pytest.fixture
def audited(audited_once, tmp_path):
    """A copy of it, to be changed."""
    return RunFolder.existing(shutil.copytree(audited_once.path, tmp_path / "audited"))


def test_mixed_rows_dilute_what_a_copying_generator_copies(audited, capsys):
    # the optimal denoiser samples its training rows evenly: as many mixed rows as old ones halve the exact copies of
    # old rows, but for clones (2/(F+1) = 2/7 of the mixed rows where parents differ everywhere)
    words = ["mitigate", "tabcutmix", str(audited.path), "--ratio", "1", "--generator", "optimal_denoiser"]
    assert command_line([*words, "--then", "measure", "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "fell" in said
    assert "utility: shape" in said
    (folder,) = (audited.path / "edits").glob("tabcutmix-optimal_denoiser-*")
    assert (folder / "comparison.html").exists()
    assert len(pd.read_parquet(folder / "train.parquet")) == 2 * N
    before, after = (RunFolder.existing(folder / side / "run") for side in ("before", "after"))
    share = [next(v.main.value for v in r.verdicts if v.method == "nearest_row") for r in (before, after)]
    assert share[0] == pytest.approx(1, abs=0.02)
    assert share[1] < 0.9
    assert "tradeoff" in (audited.path / "report.html").read_text(encoding="utf-8")
    drawn = json.loads((audited.path / "findings/trade_off.json").read_text(encoding="utf-8"))["points"]
    assert [round(p["privacy"]["value"], 6) for p in drawn] == [round(x, 6) for x in share]
    proof = json.loads((audited.path / "findings/tabcutmix_edit.json").read_text(encoding="utf-8"))
    targets = proof["lines"][0]
    assert [targets[side]["value"] for side in ("before", "after")] == share
    assert targets["random"]["n"] == 1  # one more generator, trained after a random edit of the same size
    (random,) = folder.glob("random-*")
    copied = next(v.main.value for v in RunFolder.existing(random / "run").verdicts if v.method == "nearest_row")
    assert targets["random"]["value"] == copied
    assert proof["sentence"] in said
    assert "proof: targets" in said
    assert "Does not apply: the edit is meant for all training rows" in said
    assert "Does the cure hold? tabcutmix" in (audited.path / "report.html").read_text(encoding="utf-8")
    assert before.facts["command"]["scale"] == "iqr"  # measured as the run was
    assert len(set(before.corpus.groups[before.corpus.roles == "member"])) == N // 2  # persons stay whole


def test_what_is_trained_is_not_trained_again(audited):
    edit = tabcutmix(target="smoker", ratio=1, seed=5)
    first, folder = retrain_and_measure(audited.path, edit, generator="optimal_denoiser", seed=0)
    made = folder / "after" / "synthetic.parquet"
    stamp = made.stat().st_mtime_ns
    again, same = retrain_and_measure(audited.path, edit, generator="optimal_denoiser", seed=0)
    assert (same, made.stat().st_mtime_ns) == (folder, stamp)
    assert [c.to_dict() for c in again] == [c.to_dict() for c in first]
    proof = json.loads((audited.path / "findings/tabcutmix_edit.json").read_text(encoding="utf-8"))
    assert proof["lines"][0]["random"]["n"] == 1
    assert [c.name for c in again if c.name.startswith("proof")] == [
        "proof: targets", "proof: held out", "proof: behaviour",
    ]  # fmt: skip


def test_what_is_no_run_of_tables_is_refused(tmp_path):
    with pytest.raises(RunError, match="not a run folder"):
        retrain_and_measure(tmp_path, tabcutmix(seed=0), generator="tabsyn")
    text = RunFolder.start(tmp_path / "text", {"verb": "audit text"})
    with pytest.raises(UsageError, match="audit table"):
        retrain_and_measure(text.path, tabcutmix(seed=0), generator="tabsyn")


def test_the_command_says_what_is_missing(audited, capsys):
    assert command_line(["mitigate", "tabcutmix", str(audited.path)]) == 2
    assert "--then measure" in capsys.readouterr().err
    assert command_line(["mitigate", "tabcutmix"]) == 2
    assert "--train" in capsys.readouterr().err
    words = ["mitigate", "tabcutmix", str(audited.path), "--then", "measure", "--generator", "nowhere:Nothing"]
    assert command_line(words) == 2
    assert "nowhere" in capsys.readouterr().err
