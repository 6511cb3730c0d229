"""A card read from the file is the card that the import makes."""

import sys

import pytest

import byheart.measure
from byheart.core.card import card_at, card_named, cards, load
from byheart.core.errors import MissingExtra, UsageError

METHOD = '''"""How blue is it?

Source: Nobody 1999, arXiv 9901.00001
(equation 2).
Departs from it: never.
"""
import {library}
from byheart.core.card import method
LIMITS = "on Mondays"

@method(paper="9901.00001", family="text", needs=("a", "b"), claim="membership", limits={limits})
def blueness(a, b):
    """Blue."""
'''


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes a method `measure/blueness`."""
    monkeypatch.setattr(byheart.measure, "__path__", [*byheart.measure.__path__, str(tmp_path)])

    def write(library="math", limits='"never"', text=METHOD):
        (tmp_path / "blueness.py").write_text(text.format(library=library, limits=limits))

    yield write
    sys.modules.pop("byheart.measure.blueness", None)


def test_the_file_says_what_the_import_says(written):
    written()
    card = card_at("measure/blueness")
    assert "byheart.measure.blueness" not in sys.modules
    assert card == load("measure/blueness").card == card_named("blueness")
    assert (card.summary, card.needs, card.limits) == ("How blue is it?", ("a", "b"), "never")
    assert card.source == "Nobody 1999, arXiv 9901.00001 (equation 2)."
    assert card in list(cards())


def test_what_is_not_written_out_takes_an_import(written):
    written(limits="LIMITS")
    assert card_at("measure/blueness").limits == "on Mondays"
    assert "byheart.measure.blueness" in sys.modules


def test_a_method_without_its_library_has_a_card_and_says_what_to_install(written, monkeypatch):
    written(library="plotly")
    monkeypatch.setitem(sys.modules, "plotly", None)
    assert card_at("measure/blueness").name == "blueness"
    with pytest.raises(MissingExtra, match=r"plotly is not installed; run: pip install -e '.*\[report\]'"):
        load("measure/blueness")


def test_a_library_of_no_extra_is_a_plain_import_error(written):
    written(library="no_such_library_at_all")
    with pytest.raises(ModuleNotFoundError, match="no_such_library_at_all"):
        load("measure/blueness")


def test_a_file_without_its_method_is_refused(written):
    written(text='"""Nothing."""\n')
    with pytest.raises(UsageError, match="no method 'measure/blueness'"):
        card_at("measure/blueness")
    assert card_named("no_such_method") is None
