"""Options from a function that is read and not run."""

import sys
from inspect import Parameter
from pathlib import Path
from typing import get_args

import pytest

from byheart.cli.signature import read_function, source_of

TEXT = '''"""What is asked?

More.
"""
raise RuntimeError("it was run")


def listen(song: Any, loud: bool = False, *, notes: Sequence[int] = (1,), verses: list[str], pace: float = SLOW,
           file: Path | str | None = None, room: Room | None = None) -> None:
    """Listen.

    Args:
        song: a title. Or what else
            there is.
        notes: `A=B` each, of a piece
            in `.abc`. May be many.
        file: `quiet`, or loud.

    Returns:
        Nothing: at all.
    """
'''


@pytest.fixture
def listen(tmp_path, monkeypatch):
    (tmp_path / "songbook").mkdir()
    (tmp_path / "songbook" / "__init__.py").write_text("raise RuntimeError('it was run')")
    (tmp_path / "songbook" / "listen.py").write_text(TEXT)
    monkeypatch.syspath_prepend(tmp_path)
    yield read_function("songbook.listen:listen", {"loud": "From elsewhere.", "song": "Not this."})
    assert not {"songbook", "songbook.listen"} & set(sys.modules)


def test_types_defaults_and_spelling(listen):
    def told(option):
        kind, given = get_args(option.annotation)[0], option.annotation.__metadata__[0]
        return option.name, kind, option.default, given.default, given.help

    assert listen.question == "What is asked?"
    assert {name: option and told(option) for name, option in listen.options.items()} == {
        "song": ("song", str, Parameter.empty, "--song", "A title."),
        "loud": ("loud", bool, False, "--loud", "From elsewhere."),
        "notes": ("note", list[int] | None, None, "--note", "A=B each, of a piece in .abc."),
        "verses": ("verse", list[str], Parameter.empty, "--verse", None),
        "pace": ("pace", float | None, None, "--pace", None),  # SLOW is known to the function alone
        "file": ("file", Path | None, None, "--file", "quiet, or loud."),  # code keeps its small letter
        "room": None,  # nothing that can be typed
    }


def test_what_was_not_typed_is_left_to_the_function(listen):
    typed = {"song": "x", "loud": False, "note": [], "pace": None, "verse": ["a"], "out": "y"}
    assert listen.given(typed) == {"song": "x", "loud": False, "verses": ["a"]}


def test_a_module_that_is_not_there():
    with pytest.raises(ModuleNotFoundError, match=r"no module byheart\.nowhere\.at_all"):
        source_of("byheart.nowhere.at_all")
