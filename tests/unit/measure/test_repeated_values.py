import numpy as np
import pandas as pd

from byheart.core.corpus import Corpus
from byheart.core.items.rows import Rows
from byheart.core.schema import Column, Schema
from byheart.measure.repeated_values import repeated_values

ROLES = ["member"] * 3 + ["nonmember"] * 2 + ["synthetic"] * 3


def test_repeated_values_by_hand():
    """Name 'Ann Lee' comes back and one real row has it; 'Bo' comes back and two have it; 'Cy' does not."""
    schema = Schema((Column("name", "text"), Column("code", "identifier"), Column("age", "number")))
    frame = pd.DataFrame(
        {
            "name": ["Ann Lee", "Bo", "Cy", "Bo", None, "Ann  Lee ", "Bo", None],
            "code": ["1", "2", "3", "4", "5", "5", "6", "3"],
            "age": range(8),
        }
    )
    scores = repeated_values(Corpus.of(Rows.of(frame, schema), ROLES))
    np.testing.assert_array_equal(scores.values, [1, 0.5, 1, 0.5, 1, np.nan, np.nan, np.nan])
    assert scores.params["columns"] == ["name", "code"]
    no_such_column = Corpus.of(Rows.of(frame[["age"]], Schema.of(["age"], [])), ROLES)
    assert np.isnan(repeated_values(no_such_column).values).all()
    assert np.isnan(repeated_values(Corpus.of(Rows.of(frame, schema), ROLES).where("member")).values).all()
