"""What do the rows of one table look like in numbers, coded alike in all tables?"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from byheart.core.corpus import Corpus
from byheart.stats.sides import number_groups

CATEGORIES = 254  # of a column that are told apart by a classifier; rarer ones count as one


@dataclass(frozen=True, eq=False)
class Table:
    """The rows of one role.

    Args:
        numbers: float64 (rows, numerical), dates in days, columns declared whole rounded; NaN where missing.
        codes: int64 (rows, categorical), 0 for the most frequent category of all tables together; missing has a code.
        absent: bool (rows, categorical), where a category is missing.
        groups: int64 (rows,), whose row it is; one number means one person in all tables.
        names: the columns, numerical ones first.
    """

    numbers: np.ndarray
    codes: np.ndarray
    absent: np.ndarray
    groups: np.ndarray
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def n_numbers(self) -> int:
        """How many of the columns are numerical."""
        return int(self.numbers.shape[1])

    @property
    def missing(self) -> np.ndarray:
        """Bool (rows, columns), in the order of `names`."""
        return np.concatenate([np.isnan(self.numbers), self.absent], axis=1)

    def matrix(self) -> np.ndarray:
        """Numbers, then codes (the rarest as one), float64 (rows, columns), for a classifier."""
        return np.concatenate([self.numbers, np.minimum(self.codes, CATEGORIES)], axis=1)

    def take(self, rows: np.ndarray) -> Table:
        """These rows, int or bool."""
        return replace(
            self, numbers=self.numbers[rows], codes=self.codes[rows], absent=self.absent[rows], groups=self.groups[rows]
        )

    def without(self, name: str) -> Table:
        """All columns but one."""
        at, p = self.names.index(name), self.n_numbers
        names = tuple(n for n in self.names if n != name)
        if at < p:
            return replace(self, numbers=np.delete(self.numbers, at, axis=1), names=names)
        codes, absent = np.delete(self.codes, at - p, axis=1), np.delete(self.absent, at - p, axis=1)
        return replace(self, codes=codes, absent=absent, names=names)

    def shuffled(self, rng: np.random.Generator) -> Table:
        """Each column in an order of its own: every column perfect, nothing between columns; no row is anyone's."""
        order = np.argsort(rng.random((len(self.names), len(self))), axis=1).T
        p = self.n_numbers
        return replace(
            self,
            numbers=np.take_along_axis(self.numbers, order[:, :p], axis=0),
            codes=np.take_along_axis(self.codes, order[:, p:], axis=0),
            absent=np.take_along_axis(self.absent, order[:, p:], axis=0),
            groups=-1 - np.arange(len(self)),
        )

    def sample(self, n: int, rng: np.random.Generator) -> Table:
        """At most n random rows, in their order."""
        if n >= len(self):
            return self
        return self.take(np.sort(rng.choice(len(self), n, replace=False)))


def filled(x: np.ndarray) -> np.ndarray:
    """Columns without any value as zeros, for trees, which need a value to learn from; (rows, columns)."""
    return np.where(np.isnan(x).all(axis=0), 0.0, x)


def tables_of(corpus: Corpus) -> dict[str, Table]:
    """Each role's rows, by role, coded jointly; the order of the records does not count.

    Raises:
        DataError: if the corpus holds texts.
    """
    order = np.argsort(corpus.ids.astype(str), kind="stable")
    rows = corpus.rows.take(order)
    schema = rows.schema
    whole = np.array([schema[n].whole for n in schema.numerical], dtype=bool)
    numbers = np.where(np.isfinite(rows.numbers), rows.numbers, np.nan)
    absent = [rows.frame[n].isna().to_numpy() for n in schema.categorical]
    everything = Table(
        np.where(whole, np.round(numbers), numbers),
        _by_frequency(rows.codes),
        np.stack(absent, axis=1) if absent else np.empty((len(rows), 0), bool),
        number_groups(corpus.groups[order])[0],
        schema.compared,
    )
    roles = corpus.roles[order]
    return {str(role): everything.take(roles == role) for role in np.unique(roles.astype(str))}


def _by_frequency(codes: np.ndarray) -> np.ndarray:
    """The codes of each column, numbered anew from the most frequent one."""
    renumbered = np.empty(codes.shape, dtype=np.int64)
    for j, column in enumerate(codes.T):
        rank = np.argsort(np.argsort(-np.bincount(column), kind="stable"), kind="stable")
        renumbered[:, j] = rank[column]
    return renumbered
