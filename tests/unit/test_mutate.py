"""Which changes scripts/mutate makes, and that it lists the ones that no test notices."""

import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/mutate"

MODULE = '''"""Adds 1 or 2."""


def held(x):
    """Adds 1."""
    return x + 1


def loose(x):
    return x + 2
'''
TESTS = """from byheart.room.small import held, loose

def test_held():
    assert held(1) == 2

def test_loose():
    assert loose(1) > -9
"""


@pytest.fixture(scope="module")
def mutate():
    loader = SourceFileLoader("mutate", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutate", loader))
    sys.modules["mutate"] = module
    loader.exec_module(module)
    yield module
    del sys.modules["mutate"]


@pytest.fixture
def tree(tmp_path):
    """A room of one file with a test for one of its two functions, and one that cannot fail for the other."""
    for name, text in (("src/byheart/room/small.py", MODULE), ("tests/unit/room/test_small.py", TESTS)):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "src/byheart/__init__.py").touch()
    (tmp_path / "src/byheart/room/__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\naddopts = "--doctest-modules"\n')
    return tmp_path


def changed(mutate, folder, code):
    (folder / "it.py").write_text(code, encoding="utf-8")
    return {(c.before, c.after) for c in mutate.changes(folder / "it.py", folder)}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a < b == c", {("a < b == c", "(a <= b == c)"), ("a < b == c", "(a < b != c)")}),
        ("a / -b", {("a / -b", "(a * -b)"), ("-b", "b")}),
        ("a and not b", {("a and not b", "(a or not b)"), ("not b", "b")}),
        ("max(x.min(), 0)", {("max", "min"), ("x.min", "x.max"), ("0", "1")}),
        ("a[i:, :3]", {("i", "(i + 1)"), ("3", "4"), ("3", "2")}),
        ("f(x, axis=1, side='left')", {("1", "2"), ("1", "0"), ("'left'", "'right'")}),
        ("def f(x: int = 2, y: str = 'no', z: bool = True): pass", {("2", "3"), ("2", "1"), ("True", "False")}),
        ("def f(x):\n    if x:\n        return x", {("x", "(not x)"), ("x", "None")}),
        ("a * 0.5", {("a * 0.5", "(a / 0.5)"), ("0.5", "0.25")}),
        ("'é' + str(1 - x)", {("1", "2"), ("1", "0"), ("1 - x", "(1 + x)")}),
    ],
)
def test_what_is_changed(mutate, tmp_path, code, expected):
    assert changed(mutate, tmp_path, code) == expected


@pytest.mark.parametrize(
    "code",
    [
        '"""At most 1 < 2."""',
        'def f():\n    """Not -1."""',
        "f'{1 - x:.2f} of {2}'",
        "@card(limit=1)\ndef f(x: 'int | None'): pass",
        "raise ValueError(1 - x)",
        "'one' + other + 'two'",
        "zip(a, b, strict=True)",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    x = 1",
    ],
)
def test_messages_types_and_decorators_stay(mutate, tmp_path, code):
    assert changed(mutate, tmp_path, code) == set()


def test_the_rest_of_the_file_stays_to_the_letter(mutate, tmp_path):
    (tmp_path / "it.py").write_bytes("é = 'é'  # é\nx = (é,  1)  # two\n".encode())
    texts = [c.text.decode() for c in mutate.changes(tmp_path / "it.py", tmp_path)]
    assert texts == ["é = 'é'  # é\nx = (é,  2)  # two\n", "é = 'é'  # é\nx = (é,  0)  # two\n"]


def test_the_survivor_is_listed_and_the_killed_is_not(mutate, tree, capsys):
    assert mutate.main(["room", "--n", "9", "--seed", "1", "--root", str(tree)]) == 0
    *every, summary, survivor = capsys.readouterr().out.splitlines()
    assert summary == "2 changes, 1 killed, 1 survive"
    assert survivor.startswith("  room/small.py:10  ")
    assert [line.split()[1] for line in every] == ["killed", "survives"]
    assert every[0].split()[2] == "room/small.py:6"
    assert (tree / "src/byheart/room/small.py").read_text() == MODULE


def test_the_seed_draws_lines_and_changes(mutate):
    source = SCRIPT.parents[1] / "src/byheart"
    first, again, other = ([str(c) for c in mutate.drawn(source, "stats/roc.py", 9, seed)] for seed in (1, 1, 2))
    assert first == again != other
    assert len({line.split()[0] for line in first}) == len(first) == 9
    assert {line.partition(":")[0] for line in first} == {"stats/roc.py"}


@pytest.mark.parametrize(("endless", "limit"), [("while True: pass", 1.0), ("__import__('time').sleep(99)", 0.05)])
def test_a_run_without_end_is_stopped_and_counts_as_failed(mutate, tree, endless, limit):
    path = tree / "tests/unit/room/test_endless.py"
    path.write_text(f"def test_it():\n    {endless}\n")
    assert not mutate.passes(tree, [str(path)], limit)


def test_tests_that_fail_unchanged_say_nothing(mutate, tree, capsys):
    path = tree / "src/byheart/room/small.py"
    path.write_text(MODULE.replace("x + 1", "x + 7"))
    assert mutate.main(["room", "--root", str(tree)]) == 2
    assert "fail before anything is changed" in capsys.readouterr().err
