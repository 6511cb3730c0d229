"""What can be made of a table without knowing how its columns go together?

Each column is drawn by itself from its own values. Nothing but chance can bring back a whole row, so that what looks
copied here is the coincidence rate of the table: the baseline of every generator.

Source: the independent baseline of Fang et al. 2024, arXiv 2412.11044 (there Gaussian; here the values themselves).
"""

from __future__ import annotations

import pandas as pd

from byheart.core.digest import digest_json
from byheart.core.errors import TargetError, TooFewRecords
from byheart.core.items.rows import Rows
from byheart.core.randomness import generator
from byheart.core.schema import Schema


class IndependentColumns:
    """Every column drawn anew from its own values; free texts and identifiers stay empty."""

    name = "independent_columns"

    def __init__(self) -> None:
        self.rows: Rows | None = None

    def fit(self, frame: pd.DataFrame, schema: Schema, *, seed: int) -> IndependentColumns:
        """Keep the columns; nothing is drawn, the seed does not matter.

        Raises:
            TooFewRecords: if there is no row.
        """
        self.rows = Rows.of(frame, schema)
        if not len(self.rows):
            raise TooFewRecords("a generator needs at least one row to learn from; the table has none")
        return self

    @property
    def digest(self) -> str:
        """Fingerprint of what it was shown (hex)."""
        return digest_json([self.name, None if self.rows is None else self.rows.digest])

    def sample(self, n: int, *, seed: int) -> pd.DataFrame:
        """So many rows, (n, columns).

        Raises:
            TargetError: before `fit`.
        """
        if self.rows is None:
            raise TargetError("the generator has learned nothing yet; call fit first")
        frame, schema = self.rows.frame, self.rows.schema
        made = {}
        for name in schema.names:
            places = generator(seed, "column", name).integers(0, len(frame), n)
            drawn = frame[name].iloc[places].reset_index(drop=True)
            made[name] = pd.Series([None] * n, dtype=object) if name in schema.aside else drawn
        return schema.conform(pd.DataFrame(made))
