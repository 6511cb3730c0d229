"""A corpus keeps records of any kind, also of one that it has never heard of."""

import json
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from byheart.core import items
from byheart.core.corpus import Corpus
from byheart.core.errors import DataError
from byheart.core.items.rows import Rows
from byheart.core.schema import Schema

SHAPES = '''
"""A family of tomorrow: polygons."""
import numpy as np
class Shapes:
    KEY = b"byheart.shapes"
    def __init__(self, corners, colour): self.corners, self.colour = list(corners), colour
    def __len__(self): return len(self.corners)
    def __iter__(self): return iter(self.corners)
    def __getitem__(self, place): return self.corners[place]
    def take(self, places): return Shapes([self.corners[i] for i in places], self.colour)
    def join(self, other): return Shapes(self.corners + other.corners, self.colour)
    texts = property(lambda self: [f"{n} corners" for n in self.corners])
    fingerprints = property(lambda self: [self.colour, *self.texts])
    facts = property(lambda self: {"colour": self.colour})
    column_names = ("corners",)
    def columns(self): return {"corners": np.array(self.corners)}
    @classmethod
    def from_columns(cls, frame, facts): return cls(frame["corners"].tolist(), facts["colour"])
'''


@pytest.fixture
def shapes(tmp_path, monkeypatch):
    """The class of a kind whose one file was added to the folder."""
    (tmp_path / "shapes.py").write_text(SHAPES)
    monkeypatch.setattr(items, "__path__", [*items.__path__, str(tmp_path)])
    yield next(kind for kind in items.kinds() if kind.__name__ == "Shapes")
    del sys.modules["byheart.core.items.shapes"]


def test_a_new_kind_is_one_file(shapes, tmp_path):
    corpus = Corpus.of(shapes([3, 4, 5], "red"), "member", columns={"seen": [1, 2, 3]})
    both = corpus.take([2, 0]) + corpus.take([1]).at(["member-000001"])
    both.save(tmp_path / "corpus.parquet")
    again = Corpus.load(tmp_path / "corpus.parquet")
    assert list(again.items) == [5, 3, 4]
    assert again.items.colour == "red"
    assert again.texts == ["5 corners", "3 corners", "4 corners"]
    assert list(again.columns) == ["seen"]
    assert again.digest == both.digest != Corpus.of(both.texts, "member", ids=both.ids, columns=both.columns).digest
    with pytest.raises(DataError, match="this asks for rows of a table"):
        _ = again.rows


def test_a_kind_that_has_no_file_here_is_refused(shapes, tmp_path, monkeypatch):
    Corpus.of(shapes([3], "red"), "member").save(tmp_path / "corpus.parquet")
    monkeypatch.undo()
    with pytest.raises(DataError, match=r"noted as byheart\.shapes, which this version of byheart does not know"):
        Corpus.load(tmp_path / "corpus.parquet")


def test_two_kinds_together_are_a_plain_list():
    rows = Corpus.of(Rows.of(pd.DataFrame({"x": [1, 2]}), Schema.of(["x"], [])), "member")
    mixed = rows + Corpus.of(["a text"], "nonmember")
    assert mixed.items == [{"x": 1}, {"x": 2}, "a text"]
    assert mixed.texts == ['{"x": 1}', '{"x": 2}', "a text"]


def test_the_columns_of_a_file_stay_what_they_were(tmp_path):
    texts = Corpus.of(["a", {"prompt": "p", "completion": "c"}], "member", columns={"date": ["2020", None]})
    rows = Corpus.of(Rows.of(pd.DataFrame({"x": [1.0]}), Schema.of(["x"], [])), "synthetic")
    for corpus, names in (
        (texts, ["id", "role", "group", "text", "is_text", "date"]),
        (rows, ["id", "role", "group", "row.x"]),
    ):
        corpus.save(tmp_path / "corpus.parquet")
        assert pq.read_schema(tmp_path / "corpus.parquet").names == names
    schema = json.loads(pq.read_schema(tmp_path / "corpus.parquet").metadata[b"byheart.table"])
    assert Schema.from_dict(schema) == rows.rows.schema
    assert np.array_equal(pd.read_parquet(tmp_path / "corpus.parquet")["row.x"], [1.0])


def test_digests_stay_what_they_were():
    # noted in the run folders of earlier versions, which are refused if the digest of their records has changed
    chat = [{"role": "user", "content": "é"}]
    texts = Corpus.of(["a", chat], "member", columns={"n": [1, 2]})
    assert texts.digest == "0eef980037bc06f39da6acafaba4b86891c1d177c8a864a966e2175ee573b01d"
    table = Rows.of(pd.DataFrame({"x": [1.5, 2.0], "c": ["u", "v"]}), Schema.of(["x"], ["c"]))
    rows = Corpus.of(table, ["member", "synthetic"])
    assert rows.digest == "48d19a2df4a8ad31f787782b07822695d5814ffcb6d25be1a7c65bb7a10b9dd4"
