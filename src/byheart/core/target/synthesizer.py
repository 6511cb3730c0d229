"""What may a method ask of a generator of table rows?"""

from __future__ import annotations

from typing import Protocol

import pandas as pd

from byheart.core.schema import Schema


class Synthesizer(Protocol):
    """A generator of table rows."""

    name: str

    def fit(self, frame: pd.DataFrame, schema: Schema, *, seed: int) -> Synthesizer:
        """Learn from rows (n, columns); returns itself."""

    def sample(self, n: int, *, seed: int) -> pd.DataFrame:
        """So many new rows, with the columns of the schema."""
