"""Tables, chat servers, the corpus index and reports need no torch; what does need it says how to get it."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from byheart.audit.table.selftest import made_up_patients, with_copies
from byheart.core.card import Card, discover

from ..chat_server import ChatServer, Oracle, made_up_article

HERE = Path(__file__).parents[1]
CLONE = HERE.parent

TO_GET_TORCH = f"byheart: torch is not installed; run: pip install -e '{CLONE}[text]'\n"


TABLES = "--train train.csv --control control.csv --quiet"
CHAT = "--members known.jsonl --control new.jsonl --prefix 38 --attack direct --quiet"
RUNS = {
    "audit table": f"audit table {TABLES} --synthetic copied.csv --out table",
    "audit of a fresh table": f"audit table {TABLES} --synthetic fresh.csv --out fresh",
    "audit chat": f"audit chat --endpoint URL --model m {CHAT} --out chat",
    "index build": "index build known.jsonl --out index --quiet",
    "index count": "index count index 'the '",
    "index trace": "index trace index --file known.txt",
    "index dedup": "index dedup index",
    "index neardup": "index neardup known.jsonl --quiet",
    "report of a table": "report table",
    "report of a chat": "report chat",
    "compare": "compare table fresh",
    "verify a table": "verify table",
    "verify a chat": "verify chat",
    "measure": "measure nearest_row table",
    "list": "list --json",
    "doctor": "doctor",
    "selftest": "selftest --family table --quiet",
    "canaries": "canaries make --out canaries.json",
}
REFUSED = {
    "audit text": "audit text --model m --members known.jsonl",
    "audit of a chat model here": "audit chat --model . --members known.jsonl --out refused",
    "index with a tokenizer": "index build known.jsonl --tokenizer . --out refused",
    "localize": "localize activation_probe table",
}
GENERATOR = "mitigate tabcutmix table --generator tabsyn --unconditional --then measure"


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What each command said; one process does them all, as starting one takes longer than most commands."""
    there = tmp_path_factory.mktemp("without-torch")
    train, control, fresh, other = (made_up_patients(120, seed=5, name=name) for name in "abcd")
    tables = {"train": train, "control": control, "copied": with_copies(fresh, train, 0.3, seed=5), "fresh": other}
    for name, table in tables.items():
        table.to_csv(there / f"{name}.csv", index=False)
    texts = [made_up_article(i, 90) for i in range(40)]
    for name, part in (("known", texts[:20]), ("new", texts[20:])):
        (there / f"{name}.jsonl").write_text("\n".join(json.dumps({"text": t}) for t in part) + "\n")
    (there / "known.txt").write_text(texts[0])
    commands = {**RUNS, **REFUSED, "generator": GENERATOR}
    with ChatServer(Oracle(dict.fromkeys(texts[:20], 40))) as server:
        words = [shlex.split(command.replace("URL", server.url)) for command in commands.values()]
        done = subprocess.run(
            [sys.executable, HERE / "without_torch.py"], input=json.dumps(words), cwd=there,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["loaded"] == []
    return dict(zip(commands, told["results"], strict=True))


@pytest.mark.parametrize("command", RUNS)
def test_it_runs_to_its_end(said, command):
    assert said[command]["code"] == 0, said[command]["err"]
    assert said[command]["out"].strip()


def test_what_is_said_is_what_is_so(said):
    assert said["audit table"]["out"].startswith("SHOWN  Synthetic rows copy training rows.")
    assert "\nSHOWN" not in f"\n{said['audit of a fresh table']['out']}"
    assert said["audit chat"]["out"].startswith("SHOWN  The model gives back 20 words in a row")
    assert "tokens 0-" in said["index trace"]["out"]


def test_every_method_is_listed_with_the_card_it_has(said):
    listed = [Card.from_dict(card) for card in json.loads(said["list"]["out"])]
    assert listed == [m.card for m in discover()]


@pytest.mark.parametrize("command", REFUSED)
def test_what_needs_torch_says_so_in_a_line_that_works_from_this_clone(said, command):
    assert said[command]["code"] == 2
    assert said[command]["err"].endswith(TO_GET_TORCH)


def test_a_generator_names_its_own_extra(said):
    assert said["generator"]["code"] == 2
    assert f"run: pip install -e '{CLONE}[table-generators]'" in said["generator"]["err"]


def test_the_doctor_tells_what_is_absent(said):
    assert "not looked for, as torch is not installed" in said["doctor"]["out"]
    assert f"smollm2: torch is not installed; run: pip install -e '{CLONE}[text]'" in said["doctor"]["out"]
