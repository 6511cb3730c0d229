"""Sentences about the places of recited passages, read as a user reads them."""

import numpy as np
import pandas as pd

from byheart.core.atomic import write_json, write_parquet
from byheart.core.run import RunFolder
from byheart.report.evidence import Evidence
from byheart.report.text.sources import sources_of


def estimate(value, n):
    return {"value": value, "low": 0.0, "high": 1.0, "n": n, "unit": "share", "how": "counted", "level": 0.95}


def run_with(folder, rows, **estimates):
    columns = ("address", "record", "role", "start", "length", "passage", "count", "offset", "p")
    run = RunFolder(folder)
    write_parquet(pd.DataFrame(rows, columns=columns), run.findings_folder / "sources.parquet")
    params = {"passages": len(rows), "least": 10, "records": 2, "documents": 7, "tokens": 1234}
    write_json({"estimates": estimates, "params": params}, run.findings_folder / "sources.json")
    return Evidence(run, {})


def test_nothing_traced_nothing_said(tmp_path):
    assert sources_of(Evidence(RunFolder(tmp_path), {}), show_text=False) is None


def test_a_passage_that_stands_only_in_its_own_record(tmp_path):
    made = run_with(tmp_path, [("a", "a", "member", 4, 12, 12, 1, 4, np.nan)])
    assert sources_of(made, show_text=False).of["a"] == [
        "The 12 tokens from token 4 on stand once in the training data, in this record."
    ]


def test_a_repeated_passage_names_its_documents_and_says_when_there_are_more(tmp_path):
    rows = [("a", "r", "member", 4, 12, 12, 9, 4, 0.01), ("b", "r", "member", 4, 12, 12, 9, 30, 0.01)]
    assert sources_of(run_with(tmp_path, rows), show_text=False).of["r"] == [
        "The 12 tokens from token 4 on stand 9 times in the training data, for instance in a (token 4), b (token 30). "
        "A match as long in control text: p = 0.01."
    ]


def test_longest_first_and_the_rest_counted(tmp_path):
    rows = [("a", "r", "member", n, n, 40, 1, 0, np.nan) for n in (11, 14, 12, 13, 15)]
    said = sources_of(run_with(tmp_path, rows), show_text=False).of["r"]
    assert [s.split()[1] for s in said[:3]] == ["15", "14", "13"]
    assert "part of 40 recited" in said[0]
    assert said[3] == "2 shorter passages stand in findings/sources.parquet."


def test_names_that_are_personal_are_masked_unless_asked(tmp_path):
    made = run_with(tmp_path, [("ada@example.org", "r", "member", 0, 12, 12, 1, 0, np.nan)])
    assert "ada@example.org" not in sources_of(made, show_text=False).of["r"][0]
    assert "ada@example.org" in sources_of(made, show_text=True).of["r"][0]


def test_shares_stand_beside_random_passages_and_leaks_are_told(tmp_path):
    row = [("a", "a", "member", 4, 12, 12, 1, 4, np.nan)]
    shares = {"repeated, recited": estimate(0.5, 8), "repeated, random": estimate(0.1, 8)}
    said = sources_of(run_with(tmp_path, row, **shares, **{"found, control": estimate(0.25, 4)}), show_text=False)
    assert said.sentences[1] == (
        "The share of those of trained records that stand there more than once is 0.5 (0 to 1, n = 8); of random "
        "passages of the same lengths, 0.1 (0 to 1, n = 8)."
    )
    assert "a share of 0.25 (0 to 1, n = 4) stand in the training data too" in said.sentences[2]
    quiet = sources_of(run_with(tmp_path, row, **{"found, control": estimate(0.0, 4)}), show_text=False)
    assert len(quiet.sentences) == 1
