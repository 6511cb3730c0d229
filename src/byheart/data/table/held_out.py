"""Which rows does a generator never see? A split that keeps every person whole."""

from __future__ import annotations

import numpy as np
import pandas as pd

from byheart.core.errors import DataError, TooFewRecords, UsageError
from byheart.core.randomness import generator


def held_out_split(
    frame: pd.DataFrame, *, share: float = 0.2, entity: str | None = None, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training rows and control rows, drawn at random before a generator is trained.

    Args:
        frame: all rows, (n, columns).
        share: of the rows to hold out, in (0, 1); with an entity about that share, never more unless one person has
            more.
        entity: the column that says whose row it is; all rows of a person stand on one side. A row without a value
            is a person of its own.
        seed: everything random follows from it.

    Returns:
        Training rows and control rows, in the order and with the index of the frame.

    Raises:
        UsageError: if share is not in (0, 1).
        DataError: if there is no such column.
        TooFewRecords: if there are fewer than two rows or persons.
    """
    if not 0 < share < 1:
        raise UsageError(f"share is a part of the rows, in (0, 1); got {share}")
    if entity is not None and entity not in frame.columns:
        raise DataError(f"there is no column {entity!r} to say whose row it is; there are {_names(frame)}")
    units = np.arange(len(frame)) if entity is None else entity_codes(frame[entity])
    n_units = len(np.unique(units))
    if n_units < 2:
        raise TooFewRecords(f"a split needs two {'rows' if entity is None else 'persons'} or more; there is {n_units}")
    held = drawn_whole(units, min(round(share * len(frame)), len(frame) - 1), generator(seed, "held-out split"))
    return frame[~held], frame[held]


def entity_codes(values: pd.Series) -> np.ndarray:
    """A number from 0 for each person, int64 (n,); a row without a value has one of its own."""
    codes, known = pd.factorize(values)
    lost = codes < 0
    codes[lost] = len(known) + np.arange(lost.sum())
    return codes.astype(np.int64)


def drawn_whole(units: np.ndarray, n_rows: int, random: np.random.Generator) -> np.ndarray:
    """Rows of persons drawn at random until `n_rows` are reached, and not passed unless by the first.

    Args:
        units: whose row it is, from 0, int (n,).
        n_rows: rows wanted.
        random: draws the order of the persons.

    Returns:
        bool (n,): which rows are drawn; at least one person, and all only if they fit.
    """
    sizes = np.bincount(units)
    order = random.permutation(np.flatnonzero(sizes))
    reached = np.cumsum(sizes[order])
    drawn = order[reached <= max(n_rows, reached[0])]
    return np.isin(units, drawn)


def _names(frame: pd.DataFrame) -> str:
    return ", ".join(map(str, frame.columns))
