"""The pip line of a missing extra fits the way byheart was installed."""

import json
import pickle
import re
from pathlib import Path

import pytest

import byheart
from byheart.core import extras
from byheart.core.errors import MissingExtra
from byheart.core.extras import EXTRAS, extra_of, pip_line, requirement
from byheart.core.fetching import fetched

CLONE = Path(__file__).parents[3]


def test_in_a_clone_it_is_the_clone():
    assert pip_line("text") == f"pip install -e '{CLONE}[text]'"
    assert str(MissingExtra("torch", "text")) == f"torch is not installed; run: pip install -e '{CLONE}[text]'"
    assert pickle.loads(pickle.dumps(MissingExtra("torch", "text"))).extra == "text"


@pytest.mark.parametrize(
    ("direct_url", "wanted"),
    [
        ({}, "byheart[ray]"),
        ({"url": "file:///home/me/a%20clone", "dir_info": {}}, "/home/me/a clone[ray]"),
        ({"url": "file:///tmp/byheart-0.1.0-py3-none-any.whl", "archive_info": {}},
         "byheart[ray] @ file:///tmp/byheart-0.1.0-py3-none-any.whl"),
        ({"url": "https://host/b.git", "vcs_info": {"vcs": "git", "commit_id": "abc", "requested_revision": "main"}},
         "byheart[ray] @ git+https://host/b.git@abc"),
    ],
)  # fmt: skip
def test_elsewhere_it_is_where_pip_found_it(direct_url, wanted):
    assert requirement("ray", direct_url) == wanted


def test_an_installed_copy_reads_what_pip_noted(tmp_path, monkeypatch):
    facts = tmp_path / "byheart-0.1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: byheart\nVersion: 0.1.0\n")
    monkeypatch.setattr(extras, "__file__", str(tmp_path / "byheart" / "core" / "extras.py"))
    monkeypatch.syspath_prepend(tmp_path)
    assert pip_line("index") == "pip install 'byheart[index]'"  # from a package index: pip notes no address
    (facts / "direct_url.json").write_text(json.dumps({"url": "file:///src/byheart", "dir_info": {"editable": False}}))
    assert pip_line("index") == "pip install '/src/byheart[index]'"


def test_the_libraries_are_those_of_pyproject():
    text = (CLONE / "pyproject.toml").read_text()
    for extra, libraries in EXTRAS.items():
        listed = re.search(rf"^{extra} = \[(.*)\]$", text, re.MULTILINE).group(1)
        named = {re.match(r"[\w-]+", part)[0].replace("-", "_") for part in re.findall(r'"([^"]+)"', listed)}
        assert named <= set(libraries) <= named | {"huggingface_hub"}, extra  # transformers brings that one
    base = re.search(r"^dependencies = \[(.*?)^\]", text, re.MULTILINE | re.DOTALL).group(1)
    assert not {library for library in EXTRAS["text"] if f'"{library}' in base}
    assert extra_of("torch") == "text"
    assert extra_of("numpy") is None


def test_what_no_extra_brings_is_a_plain_import_error():
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        fetched("no_such_library", "x")
    with pytest.raises(AttributeError, match="byheart has no 'nothing'"):
        _ = byheart.nothing
