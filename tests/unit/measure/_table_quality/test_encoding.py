import numpy as np
import pandas as pd

from byheart.core.corpus import Corpus
from byheart.core.items.rows import Rows
from byheart.core.schema import Column, Schema
from byheart.measure._table_quality.encoding import tables_of


def test_tables_by_hand():
    """Codes are numbered from the most frequent value of all tables; whole numbers are rounded; ids give the order."""
    schema = Schema((Column("n", "number", whole=True), Column("k", "category")))
    frame = pd.DataFrame({"n": [1.2, 2.6, np.nan, 4.0, 5.0, 6.0], "k": ["a", "c", "c", "b", "b", "c"]})
    roles = ["member", "member", "synthetic", "synthetic", "member", "member"]
    found = tables_of(Corpus.of(Rows.of(frame, schema), roles, ids=list("fedcba")))
    assert set(found) == {"member", "synthetic"}
    assert found["member"].numbers[:, 0].tolist() == [6, 5, 3, 1]
    assert found["member"].codes[:, 0].tolist() == [0, 1, 0, 2]  # c 3 times, b twice, a once
    np.testing.assert_array_equal(found["synthetic"].numbers[:, 0], [4, np.nan])
    assert found["synthetic"].codes[:, 0].tolist() == [1, 0]
