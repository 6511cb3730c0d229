"""The commands of audits: what can be typed is a contract, whatever the functions behind them look like."""

import re

import pytest
import typer

from byheart.cli.audit import app
from byheart.cli.families import audits, families_with, listed

COMMON = "--out --seed=0 --device=auto --dtype=auto --engine=local --workers --ray-address --profile=routine --limit"
ENDING = "--show-text --trust-remote-code --quiet --json --config"
TYPED = {
    "text": f"--model! --members! --control --canaries --reference --text-column --group-column --date-column --shadow*"
    f" --index --explain {COMMON} --batch-size=auto --fail-on --junit {ENDING}",
    "table": "--train! --synthetic! --control --target --entity --kind* --metric=gower --scale=range --anonymeter --out"
    " --seed=0 --engine=local --workers --ray-address --profile=routine --limit --fail-on --junit --show-text --quiet"
    " --json --config",
    "chat": "--model! --members! --control --endpoint --key-env --prefix* --offset* --attack* --samples=1"
    " --max-tokens=256 --boilerplate --max-requests --token-budget --requests-per-minute --at-once=1 --timeout=120.0"
    " --attempts=6 --stream --cache --text-column --group-column --date-column --out --seed=0 --device=auto"
    f" --dtype=auto --profile=routine --limit --fail-on --junit {ENDING}",
    "benchmark": "--model! --items! --twins --twin-column --make=numbers,names,options --per-item=5 --reference"
    f" --text-column --group-column {COMMON} --fail-on --junit {ENDING}",
}


def option(p):
    default = "" if p.default is None or p.is_flag or p.required else f"={p.default}"
    return f"{p.opts[0]}{'!' * p.required}{'*' * p.multiple}{default}"


def command(family):
    return typer.main.get_command(app).get_command(None, family)


@pytest.mark.parametrize("family", TYPED)
def test_what_can_be_typed_stays(family):
    assert " ".join(option(p) for p in command(family).params) == TYPED[family]


@pytest.mark.parametrize("family", TYPED)
def test_every_option_has_help_that_is_one_sentence(family):
    for p in command(family).params:
        assert re.fullmatch(r"[^`]+\.", p.help), p.name


@pytest.mark.parametrize(("family", "name", "help"), [
    ("text", "shadow", "MODEL=IDS: a shadow model and the ids it was trained on."),
    ("table", "metric", "gower, paper, paper-global or hamming."),
    ("table", "kind", "COLUMN=number|date|category|text|identifier, where the inferred kind is wrong."),
    ("chat", "model", "Name the server knows; without --endpoint as in audit text."),
    ("benchmark", "twins", "Twins of your own, with a column twin_of."),
    ("benchmark", "seed", "Everything random follows from it."),
])  # fmt: skip
def test_help_is_what_the_docstring_says(family, name, help):
    assert {p.name: p.help for p in command(family).params}[name] == help


def test_a_typo_is_answered_with_the_nearest_name(byheart):
    said = byheart("audit", "tabel")
    assert said.code == 2
    assert "No such command 'tabel'. Did you mean 'table'?" in said.err


SONG = '''"""Does a singer know a song by heart?"""
from byheart.audit.folder import begin, conclude, finish
from byheart.core.corpus import Corpus


def audit_song(singer: str, songs: Sequence[str], *, loud: bool = False, tempo: int = 4, out: Path | None = None,
               seed: int = 0, show_text: bool = False, command_line: str | None = None):
    """Audit a singer.

    Args:
        singer: who sings.
        songs: title of a song; may stand several times.
        tempo: beats. A minute.
    """
    corpus = Corpus.of(list(songs), "member")
    run = begin({"verb": "audit song", "tempo": tempo, "loud": loud, "seed": seed}, corpus, singer, "songs", out=out,
                command_line=command_line)
    conclude(run, [], [])
    return finish(run, show_text=show_text)
'''


@pytest.fixture
def song(tmp_path, monkeypatch):
    """A package of somebody else, with an audit of its own family."""
    info = tmp_path / "songs-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: songs\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[byheart.audits]\nsong = audit_song:audit_song\n")
    (tmp_path / "audit_song.py").write_text("from __future__ import annotations\n" + SONG)
    monkeypatch.syspath_prepend(tmp_path)
    audits.cache_clear()
    yield
    audits.cache_clear()


def test_an_audit_of_another_package_is_a_command_too(song, byheart, tmp_path):
    words = ["--singer", "Ann", "--song", "A", "--song", "B", "--tempo", "3", "--seed", "7", "--out", tmp_path / "run"]
    said = byheart("audit", "song", *words, "--quiet", "--fail-on", "inconclusive")
    assert said.code == 4, said.err  # no verdict at all
    facts = (tmp_path / "run" / "run.json").read_text()
    assert all(f'"{k}": {v}' in facts for k, v in (("tempo", 3), ("loud", "false"), ("seed", 7), ("model", '"Ann"')))
    assert " ".join(option(p) for p in command("song").params) == (
        "--singer! --song!* --loud --tempo=4 --out --seed=0 --fail-on --junit --show-text --quiet --json --config"
    )
    assert "song" in byheart("audit", "--help").out


def test_families_are_found_by_name():
    assert families_with("audit_{}.py") == ["text", "benchmark", "chat", "table"]
    assert families_with("selftest.py") == ["text", "table"]
    assert families_with("nothing.py") == []


@pytest.mark.parametrize(("names", "words"), [(["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "c"], "a, b or c")])
def test_names_in_words(names, words):
    assert listed(names, "or") == words
