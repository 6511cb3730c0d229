"""A family that byheart never heard of joins it: adapter, signal, measure, audit, page; no file under `src/` changed.

The family is the package in `examples/dice_family`, put on the path with the metadata that its pyproject.toml asks for.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from byheart.core.claim import tomllib

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "examples/dice_family"


@pytest.fixture(scope="module")
def joined(tmp_path_factory):
    """A folder as `pip install --target` would leave it."""
    site = tmp_path_factory.mktemp("site")
    shutil.copytree(PACKAGE / "dice_family", site / "dice_family", ignore=shutil.ignore_patterns("__pycache__"))
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    facts = site / f"dice_family-{project['version']}.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = [
        f"[{group}]\n" + "".join(f"{name} = {place}\n" for name, place in points.items())
        for group, points in project["entry-points"].items()
    ]
    (facts / "entry_points.txt").write_text("\n".join(groups))
    return site


COMMANDS = {
    "help": "audit dice --help",
    "audit": "audit dice --model die.json --members taught.jsonl --control others.jsonl --out run --fail-on shown",
    "again": "audit dice --model die.json --members taught.jsonl --control others.jsonl --out run --quiet",
    "step": "measure few_bits run",
    "list": "list --family dice --json",
    "report": "report run --show-text",
    "verify": "verify run",
    "without control": "audit dice --model die.json --members taught.jsonl --out alone",
    "no die": "audit dice --model taught.jsonl --members taught.jsonl --out none",
}
RUNNER = """
import contextlib, io, json, sys
from pathlib import Path
from dice_family.example import teach
from byheart.cli.main import run

def said(words):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(words.split())
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}

teach(Path("."))
json.dump({name: said(words) for name, words in json.loads(sys.argv[1]).items()}, open("said.json", "w"))
"""


@pytest.fixture(scope="module")
def said(joined, tmp_path_factory):
    """What every command says, one after the other, in a process that finds the package on its path."""
    folder = tmp_path_factory.mktemp("dice")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(joined), str(ROOT / "src")]), "COLUMNS": "120"}
    command = [sys.executable, "-c", RUNNER, json.dumps(COMMANDS)]
    subprocess.run(command, cwd=folder, env=environment, check=True)
    return folder, json.loads((folder / "said.json").read_text(encoding="utf-8"))


def test_the_audit_is_a_command_made_from_its_signature(said):
    _, answers = said
    assert answers["help"]["code"] == 0
    assert "Throws like them that it never saw" in answers["help"]["out"]
    assert "--ray-address" not in answers["help"]["out"], "it takes no engine"


def test_what_was_taught_is_shown_against_control_and_guess(said):
    folder, answers = said
    assert answers["audit"]["code"] == 3, answers["audit"]["err"]
    assert "SHOWN" in answers["audit"]["out"]
    (verdict,) = json.loads((folder / "run/verdicts.json").read_text())["verdicts"]
    assert (verdict["method"], verdict["family"], verdict["decision"]) == ("few_bits", "dice", "shown")
    assert verdict["main"]["value"] == 1.0  # every row taught has 1/40 bits per throw, every other 2.58
    assert verdict["baseline"]["value"] == pytest.approx(0.5, abs=0.15)  # the guess by eyes


def test_without_control_nothing_is_shown(said):
    folder, answers = said
    assert answers["without control"]["code"] == 0
    (verdict,) = json.loads((folder / "alone/verdicts.json").read_text())["verdicts"]
    assert verdict["decision"] == "inconclusive"


def test_its_page_and_annex_say_what_its_part_says(said):
    folder, _ = said
    page = (folder / "run/report.html").read_text(encoding="utf-8")
    assert "This die knows 60 of 60 rows of throws by heart." in page
    assert len(re.findall("0.025 bits per throw", page)) == 60
    assert "60 rows taught, 60 rows never seen" in (folder / "run/report.md").read_text(encoding="utf-8")
    annex = (folder / "run/annex.md").read_text(encoding="utf-8")
    threats = annex.split("### Membership inference")[1]
    assert threats.index("few\\_bits") < threats.index("###")


def test_a_step_the_list_and_verify_know_it(said):
    _, answers = said
    assert "member" in answers["step"]["out"], answers["step"]["err"]
    assert [card["name"] for card in json.loads(answers["list"]["out"])] == ["eyes", "few_bits"]
    assert answers["again"]["code"] == answers["report"]["code"] == answers["verify"]["code"] == 0


def test_a_wrong_file_is_refused_in_one_line(said):
    _, answers = said
    assert answers["no die"]["code"] == 2
    assert "taught.jsonl is not a die" in answers["no die"]["err"]
    assert "Traceback" not in answers["no die"]["err"]


def test_no_file_of_byheart_knows_it():
    files = [p for p in (ROOT / "src").rglob("*") if p.suffix in (".py", ".jinja")]
    assert [str(p) for p in files if re.search(r"\bdice\b", p.read_text(encoding="utf-8"), re.I)] == []
