"""The table audit end to end: planted copies are shown, fresh draws are not, and bad input is one line."""

import json

import numpy as np
import pandas as pd
import pytest

from byheart.audit.table.audit_table import audit_table
from byheart.audit.table.selftest import COPIED, made_up_patients, with_copies
from byheart.audit.verify import verify_run
from byheart.cli.main import run as command_line
from byheart.core.run import RunFolder
from byheart.report.compare import compare_runs

N = 240


def tables(seed=3):
    return [made_up_patients(N, seed=seed, name=name) for name in ("train", "control", "fresh")]


def decisions(run):
    return {v.method: v.decision for v in run.verdicts}


@pytest.fixture(scope="module")
def leaky(tmp_path_factory):
    """An audit of a synthetic table one fifth of which is copied."""
    train, control, fresh = tables()
    out = tmp_path_factory.mktemp("leaky") / "run"
    return audit_table(train, with_copies(fresh, train, COPIED, seed=3), control, target="smoker", out=out, seed=3)


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """An audit of fresh draws."""
    train, control, fresh = tables()
    return audit_table(train, fresh, control, target="smoker", out=tmp_path_factory.mktemp("clean") / "run", seed=3)


def test_planted_copies_are_shown_with_their_share(leaky):
    first = next(v for v in leaky.verdicts if v.method == "nearest_row")
    assert first.decision == "shown"
    assert first.main.low <= COPIED <= first.main.high
    assert first.control is not None
    assert first.baseline is not None
    assert any("Holm" in c for c in first.caveats)  # corrected for the number of claims


def test_fresh_draws_show_nothing(clean):
    assert "shown" not in decisions(clean).values()


def test_the_copied_rows_are_named_with_whom_they_copy(leaky):
    named = pd.read_parquet(leaky.findings_folder / "named_rows.parquet")
    made = named[named["q"] <= 0.05]["address"].tolist()
    planted = {f"synthetic-{i:06d}" for i in range(round(COPIED * N))}
    assert len(set(made) & planted) >= 0.8 * len(planted)
    assert len(set(made) - planted) <= 0.1 * len(made)


def test_quality_stands_beside_privacy_and_compare_shows_both(leaky, clean):
    changes = {c.name: c for c in compare_runs(leaky, clean)}
    assert changes["nearest_row"].moved == "fell"
    assert {"utility: shape", "utility: efficacy"} <= set(changes)


def test_the_run_folder_is_whole_and_sealed(leaky):
    assert leaky.facts["family"] == "table"
    assert {"report.html", "report.md", "annex.md", "verdicts.json", "corpus.parquet"} <= {
        p.name for p in leaky.path.iterdir()
    }
    assert verify_run(RunFolder.existing(leaky.path))[1] is False


def test_the_same_command_gives_the_same_verdicts_and_another_is_refused(leaky, tmp_path):
    train, control, fresh = tables()
    made = with_copies(fresh, train, COPIED, seed=3)
    again = audit_table(train, made, control, target="smoker", out=tmp_path / "run", seed=3)
    assert [v.to_dict() for v in again.verdicts] == [v.to_dict() for v in leaky.verdicts]
    with pytest.raises(Exception, match="another command"):
        audit_table(train, fresh, control, target="smoker", out=tmp_path / "run", seed=3)


def test_without_a_control_nothing_is_claimed(tmp_path):
    train, _, fresh = tables()
    run = audit_table(train, with_copies(fresh, train, 0.5, seed=3), out=tmp_path / "run", seed=3)
    assert set(decisions(run).values()) == {"inconclusive"}
    assert any("control" in note for note in run.facts["notes"])


def test_a_synthetic_table_identical_to_the_training_one_is_a_finding(tmp_path):
    train, control, _ = tables()
    run = audit_table(train, train.copy(), control, out=tmp_path / "run", seed=3)
    first = next(v for v in run.verdicts if v.method == "nearest_row")
    assert first.decision == "shown"
    assert first.main.value > 0.9
    assert any("identical" in note or "is the training table" in note for note in run.facts["notes"])


def test_persons_with_several_rows_are_the_unit(tmp_path):
    train, control, fresh = tables()
    train["person"] = [f"p{i // 4}" for i in range(N)]
    control["person"] = [f"c{i // 4}" for i in range(N)]
    run = audit_table(train, fresh, control, entity="person", out=tmp_path / "run", seed=3)
    corpus = run.corpus
    assert "person" not in corpus.rows.schema.names
    assert len(set(corpus.groups[corpus.roles == "member"])) == N // 4
    assert "shown" not in decisions(run).values()


def test_control_rows_from_elsewhere_are_refused(tmp_path):
    train, control, fresh = tables()
    control["age"] += 30
    control["town"] = "Zenn"
    run = audit_table(train, with_copies(fresh, train, COPIED, seed=3), control, out=tmp_path / "run", seed=3)
    assert set(decisions(run).values()) == {"inconclusive"}
    assert any("differ in distribution" in c for v in run.verdicts for c in v.caveats)
    assert not (run.findings_folder / "named_rows.parquet").exists()  # nobody is accused without a claim
    assert any("No single row is named" in note for note in run.facts["notes"])


def test_a_smoke_profile_makes_no_claim(tmp_path):
    train, control, _ = tables()
    run = audit_table(train, train.copy(), control, profile="smoke", out=tmp_path / "run", seed=3)
    assert "shown" not in decisions(run).values()


def saved(tmp_path, **frames):
    for name, frame in frames.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    return [
        "audit", "table", "--train", str(tmp_path / "train.csv"), "--synthetic", str(tmp_path / "made.csv"),
        "--out", str(tmp_path / "run"), "--quiet",
    ]  # fmt: skip


def test_the_command_line_prints_verdicts_and_closes_the_gate(tmp_path, capsys):
    train, control, fresh = tables()
    control.to_parquet(tmp_path / "control.parquet")
    words = saved(tmp_path, train=train, made=with_copies(fresh, train, 0.3, seed=3))
    words += ["--control", str(tmp_path / "control.parquet"), "--fail-on", "shown", "--json"]
    code = command_line([*words, "--kind", "visits=category"])
    found = json.loads(capsys.readouterr().out)
    assert code == 3
    assert found["schema"] == "byheart.verdicts/1"
    assert next(v for v in found["verdicts"] if v["method"] == "nearest_row")["family"] == "table"
    assert RunFolder.existing(tmp_path / "run").corpus.rows.schema["visits"].kind == "category"


@pytest.mark.parametrize(
    ("spoil", "options", "said"),
    [
        (lambda t: t.drop(columns="town"), [], "town"),
        (lambda t: t.iloc[:1], [], "row"),
        (lambda t: t, ["--target", "colour"], "colour"),
        (lambda t: t, ["--entity", "person"], "person"),
        (lambda t: t, ["--kind", "age"], "--kind is COLUMN=KIND"),
        (lambda t: t, ["--kind", "age=colour"], "colour"),
        (lambda t: t, ["--metric", "miles"], "miles"),
        (lambda t: t, ["--anonymeter", "python3"], "need control rows"),
        (lambda t: t, ["--control", "/nowhere.csv"], "nowhere"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path, capsys, spoil, options, said):
    train, _, fresh = tables()
    assert command_line([*saved(tmp_path, train=train, made=spoil(fresh)), *options]) == 2
    error = capsys.readouterr().err.strip()
    assert said in error
    assert len(error.splitlines()) == 1


def test_a_column_that_is_empty_everywhere_is_left_out_and_told(tmp_path):
    train, control, fresh = tables()
    for table in (train, control, fresh):
        table["empty"] = np.nan
    run = audit_table(train, fresh, control, out=tmp_path / "run", seed=3)
    assert "empty" not in run.corpus.rows.schema.names
    assert any("empty" in note for note in run.facts["notes"])
