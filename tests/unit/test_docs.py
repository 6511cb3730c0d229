"""Are the documents true of the code: generated pages, links, commands, options, numbers, the example of the README?"""

import ast
import importlib.util
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
import typer

from byheart.cli.main import app
from byheart.stats.power import detectable_auc, detectable_share
from byheart.stats.privacy import one_run_epsilon
from byheart.stats.roc import certifiable_fpr

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def load_generator():
    spec = importlib.util.spec_from_file_location("make_docs", ROOT / "scripts/make_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make_docs = load_generator()


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(ROOT / "docs/methods", tmp_path / "docs/methods")
    shutil.copy(ROOT / "README.md", tmp_path)
    return tmp_path


def test_generated_pages_are_up_to_date():
    """When this fails: python scripts/make_docs.py."""
    assert [str(p.relative_to(ROOT)) for p in make_docs.changes(ROOT)] == []


def test_what_differs_is_named_and_repaired(copy):
    page, extra, readme = (copy / p for p in ("docs/methods/measure-loss.md", "docs/methods/measure-x.md", "README.md"))
    page.write_text("old")
    extra.write_text("of a method that is gone")
    readme.write_text(readme.read_text().replace("measure/min_k", "measure/max_k"))
    stale = make_docs.changes(copy)
    assert set(stale) == {page, extra, readme}
    assert stale[extra] is None
    for path, text in stale.items():
        make_docs.write(path, text)
    assert not extra.exists()
    assert make_docs.changes(copy) == {}


def test_check_writes_nothing_and_exits_1(copy, monkeypatch, capsys):
    monkeypatch.setattr(make_docs, "ROOT", copy)
    (copy / "docs/methods/measure-loss.md").write_text("old")
    assert make_docs.main(["--check"]) == 1
    assert "not up to date: docs/methods/measure-loss.md" in capsys.readouterr().out
    assert (copy / "docs/methods/measure-loss.md").read_text() == "old"
    assert make_docs.main([]) == 0
    assert make_docs.main(["--check"]) == 0


def test_only_the_part_between_the_markers_changes():
    text = f"before\n{make_docs.BEGIN}\nold\n{make_docs.END}\nafter"
    assert make_docs.between(text, "new") == f"before\n{make_docs.BEGIN}\nnew\n{make_docs.END}\nafter"


@pytest.mark.parametrize("text", ["none", "<!-- methods -->", "<!-- /methods --> <!-- methods -->"])
def test_missing_markers_are_refused(text):
    with pytest.raises(ValueError, match="once each"):
        make_docs.between(text, "new")


def test_docstrings_are_taken_apart():
    doc = "What it is.\n\nArgs:\n    a: one\n        more.\n    b, c: two.\n\nReturns:\n    A number.\n\n>>> 1\n1"
    parts = make_docs.parts_of(doc)
    assert parts == {"": "What it is.", "Args": "a: one\n    more.\nb, c: two.", "Returns": "A number."}
    entries = {name: make_docs.one_line(text) for name, text in make_docs.entries(parts["Args"])}
    assert entries == {"a": "one more.", "b": "two.", "c": "two."}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = re.sub(r"<!--.*?-->", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    local = [link for link in links if not link.startswith("http")]
    assert [link for link in local if not (page.parent / (link.partition("#")[0] or page.name)).exists()] == []
    for link in local:
        path, _, anchor = link.partition("#")
        if anchor:
            assert anchor in anchors(page.parent / path if path else page), link


def anchors(page):
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def commands(page):
    """Lines of fenced blocks that call byheart, continued lines joined."""
    blocks = re.findall(r"^```(?:sh)?\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.startswith("byheart ")]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_and_options_exist(page):
    for words in commands(page):
        command, rest = typer.main.get_command(app), words[1:]
        while rest and hasattr(command, "get_command"):
            name, *rest = rest
            command = command.get_command(None, name)
            assert command is not None, words
        known = {option for p in command.params for option in p.opts}
        assert [w for w in rest if w.startswith("--") and w not in known] == [], words


def test_power_table_of_the_playbook_is_what_the_code_says():
    text = (ROOT / "docs/playbook.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\d,]+) \| ([\d.]+) \| ([\d.]+) % \| ([\d.]+) % \|$", text, re.MULTILINE)
    assert len(rows) >= 5
    for n, area, share, floor in rows:
        n = int(n.replace(",", ""))
        assert f"{detectable_auc(n, n):.2f}" == area
        assert f"{100 * detectable_share(n, n, 0.0):.2g}" == share
        assert f"{100 * certifiable_fpr(n):.2g}" == floor


def test_epsilon_table_of_the_playbook_is_what_the_code_says():
    """The most that n canaries can show: all guesses right, the error shared between four numbers of guesses."""
    text = (ROOT / "docs/playbook.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\d,]+) \| ([\d.]+) \|$", text, re.MULTILINE)
    assert len(rows) == 4
    for n, said in rows:
        inserted, left_out = np.ones(int(n.replace(",", "")) // 2), np.zeros(int(n.replace(",", "")) // 2)
        assert f"{one_run_epsilon(inserted, left_out).value:.1f}" == said


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.stem)
def test_examples_import_public_names_alone(example):
    """What an example shows, a user may do; a name that begins with an underscore is nobody's to import."""
    tree = ast.parse(example.read_text(encoding="utf-8"))
    imported = [(n.module or "", a.name) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for a in n.names]
    private = [(module, name) for module, name in imported if "._" in f".{module}.{name}" and module != "__future__"]
    assert private == []


def test_the_python_of_the_readme_runs(tmp_path, monkeypatch):
    from byheart.models.toy.tiny import byte_tokenizer, tiny_gpt

    monkeypatch.chdir(tmp_path)
    tokenizer = byte_tokenizer(bos=True)
    for part in (tiny_gpt(len(tokenizer), seed=0), tokenizer):
        part.save_pretrained("my-model")
    rng = np.random.default_rng(0)
    for name in ("members", "control"):
        lines = ['{"text": "' + " ".join(map(str, rng.integers(0, 99, 12))) + '"}' for _ in range(30)]
        Path(f"{name}.jsonl").write_text("\n".join(lines))
    block = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[0]
    space = {}
    exec(block, space)
    assert space["verdict"].decision in ("shown", "not shown", "inconclusive")
    assert space["verdict"].control is not None
