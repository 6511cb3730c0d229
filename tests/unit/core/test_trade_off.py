import json

import pytest

from byheart.core.errors import DataError, RunError
from byheart.core.trade_off import Point, load_trade_off, save_trade_off
from byheart.core.verdict import Estimate


def point(name):
    return Point(name, Estimate(0.1, 0.0, 0.2, 50, "share", "counted"), Estimate(0.9, None, None, 7, "AUC", "none"))


def test_points_come_back(tmp_path):
    path = tmp_path / "findings" / "trade_off.json"
    save_trade_off([point("b"), point("a")], path, privacy="excess copies", quality="trend")
    assert load_trade_off(path) == [point("b"), point("a")]
    fields = json.loads(path.read_text())
    assert (fields["schema"], fields["privacy"], fields["quality"]) == ("byheart.trade_off/1", "excess copies", "trend")


def test_refusals(tmp_path):
    with pytest.raises(DataError, match="got a, a"):
        save_trade_off([point("a"), point("a")], tmp_path / "x.json", privacy="", quality="")
    with pytest.raises(DataError, match="got none"):
        save_trade_off([], tmp_path / "x.json", privacy="", quality="")
    (tmp_path / "y.json").write_text("{}")
    with pytest.raises(RunError, match="schema None"):
        load_trade_off(tmp_path / "y.json")
