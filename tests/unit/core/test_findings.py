"""Findings keep their columns through the file."""

import numpy as np
import pandas as pd
import pytest

from byheart.core.findings import Findings
from byheart.explain.standing_out import standing_out

CARD = standing_out.card


def test_columns_are_saved_heaviest_first(tmp_path):
    found = Findings("record", np.array(["a", "b"]), np.array([1.0, 2.0]), CARD, columns={"q": np.array([0.5, 0.1])})
    found.save(tmp_path)
    table = pd.read_parquet(tmp_path / "standing_out.parquet")
    assert table.to_dict("list") == {"address": ["b", "a"], "weight": [2.0, 1.0], "q": [0.1, 0.5]}


def test_an_address_without_a_weight_is_refused():
    with pytest.raises(ValueError, match="2 addresses but 1 weights"):
        Findings("record", np.array(["a", "b"]), np.array([1.0]), CARD)
