"""Where memorization sits or where it comes from: addresses with weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from byheart.core.atomic import write_json, write_parquet
from byheart.core.card import Card
from byheart.core.verdict import Estimate

Kind = Literal["layer", "unit", "token", "pixel", "record", "factor"]


@dataclass(frozen=True, eq=False)
class Findings:
    """Weighted addresses.

    Args:
        kind: what an address names.
        address: str (m,), for instance `layers.7.mlp:312`.
        weight: float (m,), higher is more responsible.
        card: the method that made them.
        per_record: (n, m) or None.
        estimates: named numbers with intervals.
        state: fitted arrays by name, if the method has any.
        columns: further facts per address, each (m,).
    """

    kind: Kind
    address: np.ndarray
    weight: np.ndarray
    card: Card
    per_record: np.ndarray | None = None
    estimates: Mapping[str, Estimate] = field(default_factory=dict)
    state: Mapping[str, np.ndarray] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.address) != len(self.weight):
            raise ValueError(f"{len(self.address)} addresses but {len(self.weight)} weights")

    def table(self) -> pd.DataFrame:
        """Address, weight and the further columns, heaviest first."""
        frame = pd.DataFrame({"address": self.address, "weight": self.weight, **self.columns})
        return frame.sort_values("weight", ascending=False, kind="stable", ignore_index=True)

    def save(self, folder: Path) -> None:
        """Write `findings/METHOD.parquet` and `METHOD.json`."""
        write_parquet(self.table(), folder / f"{self.card.name}.parquet")
        facts = {
            "card": self.card.__dict__,
            "kind": self.kind,
            "params": dict(self.params),
            "estimates": {k: e.__dict__ for k, e in self.estimates.items()},
        }
        write_json(facts, folder / f"{self.card.name}.json")
