"""Which two rows of another table are nearest to each row, and how often does each stand there?"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from byheart.compare.rows.all_pairs import AllPairs
from byheart.compare.rows.distinct_rows import NOBODY, DistinctRows
from byheart.compare.rows.nearest_rows import refuse_too_few, warn_if_degenerate
from byheart.compare.rows.row_distance import Cells, comparable
from byheart.compare.rows.row_screen import Screen
from byheart.compare.rows.two_nearest import searcher, two_nearest
from byheart.core.corpus import Corpus
from byheart.core.digest import digest_json
from byheart.core.errors import DataError, UsageError
from byheart.core.randomness import generator
from byheart.core.signals import Array, SignalKey, Signals
from byheart.core.threads import n_threads

REAL = ("member", "nonmember")


class Recipe(NamedTuple):
    """Rows of which roles are asked for, and rows of which roles they are compared with."""

    asked: tuple[str, ...]
    pool: tuple[str, ...]


RECIPES = {
    "nearest_member": Recipe(("synthetic", "nonmember"), ("member",)),
    "nearest_real": Recipe(("synthetic", *REAL), REAL),
    "nearest_synthetic": Recipe(REAL, ("synthetic",)),
}


class State(NamedTuple):
    """The pool, made ready once per worker.

    `search` knows its distinct rows, `order` is the position in the corpus of each of its rows, `cells` are those of
    the whole corpus, and `owners` says whose each record is.
    """

    search: Screen | AllPairs
    order: np.ndarray
    cells: Cells
    owners: np.ndarray


@dataclass(frozen=True, eq=False)
class NearestRows:
    """One signal of a table, as a job that any engine can do.

    Args:
        corpus: rows of all tables.
        against: one of `RECIPES`.
        seed: draws the order that breaks ties, which knows no roles.
        metric, scale: as in `compare.row_distance.comparable`; the real rows set the widths.
        threads: of this computation.

    Raises:
        UsageError: if there is no such signal.
        DataError: if the records are no rows, or there is none to compare with.
    """

    corpus: Corpus
    against: str
    seed: int
    metric: str = "gower"
    scale: str = "range"
    threads: int = field(default_factory=n_threads)

    def __post_init__(self) -> None:
        if self.against not in RECIPES:
            raise UsageError(f"a signal of nearest rows is one of {', '.join(RECIPES)}; got {self.against!r}")
        for roles in (REAL, self.recipe.pool):
            if not np.isin(self.corpus.roles, roles).any():
                raise DataError(f"{self.against} needs rows of role {' or '.join(roles)}; there is none")
        warn_if_degenerate(self.metric, self.corpus.rows.schema)

    @property
    def recipe(self) -> Recipe:
        """Whom it asks for, and whom they are compared with."""
        return RECIPES[self.against]

    @cached_property
    def key(self) -> SignalKey:
        """What the signal is made from."""
        return SignalKey("", self.corpus.digest, digest_json([f"{self.against}/1", self.metric, self.scale]), self.seed)

    def open(self) -> State:
        """The pool, ready to be searched."""
        corpus, roles = self.corpus, self.corpus.roles
        cells = comparable(corpus.rows, np.isin(roles, REAL), self.metric, self.scale)
        order = generator(self.seed, "order of rows").permutation(len(corpus))
        order = order[np.isin(roles[order], self.recipe.pool)]
        persons = pd.factorize(corpus.groups)[0].astype(np.int64)
        pool = DistinctRows.of(cells[order], persons[order])
        if self.against == "nearest_member":
            refuse_too_few(len(pool))
        own_rows = (self.against == "nearest_real") & np.isin(roles, REAL)
        owners = np.where(own_rows, persons, NOBODY)
        asked = np.isin(roles, self.recipe.asked)
        return State(
            searcher(pool, self.metric, cells[asked], owners[asked], threads=self.threads), order, cells, owners
        )

    def work(self, state: State, rows: np.ndarray) -> Signals:
        """The signal of these rows."""
        rows = np.asarray(rows, np.int64)
        corpus, pool = self.corpus, state.search.pool
        distance, neighbour = np.full((rows.size, 2), np.nan), np.full((rows.size, 2), -1, np.int64)
        copies = neighbour.copy()
        asked = np.flatnonzero(np.isin(corpus.roles[rows], self.recipe.asked))
        at = rows[asked]
        found, place = two_nearest(state.search, state.cells[at], state.owners[at], threads=self.threads)
        owners = state.owners[at][:, None]
        distance[asked] = np.where(place < 0, np.nan, found)
        neighbour[asked] = np.where(place < 0, -1, state.order[pool.representative(place, owners)])
        copies[asked] = pool.copies(place, owners)
        same_as = np.full(len(corpus), -1, np.int64)
        same_as[state.order] = state.order[pool.first[pool.class_of]]
        arrays: dict[str, Array] = {
            "distance": distance, "neighbour": neighbour, "copies": copies, "same_as": same_as[rows],
        }  # fmt: skip
        return Signals(corpus.ids[rows], corpus.roles[rows], corpus.groups[rows], arrays, self.key)


def nearest_rows(
    corpus: Corpus,
    against: str,
    *,
    seed: int,
    metric: str = "gower",
    scale: str = "range",
    places: np.ndarray | None = None,
) -> Signals:
    """The two nearest distinct rows of every row.

    Args:
        corpus: rows of all tables: roles member, synthetic and, if there is a control, nonmember; groups are persons.
        against: `nearest_member` (asked for synthetic and nonmember rows: their nearest training rows), `nearest_real`
            (for all: nearest rows of member and nonmember together, where a real row counts no row of its own group)
            or `nearest_synthetic` (for member and nonmember rows).
        seed: draws the order that breaks ties, which knows no roles.
        metric: as in `compare.row_distance.comparable`.
        scale: as there; the real rows set the widths.
        places: rows of the corpus to answer for, int (rows,); None for all.

    Returns:
        Signals, dense: `distance` float64 (n, 2), ascending, NaN where the role is not asked for or there is no such
        row; `neighbour` int64 (n, 2), the first row of the corpus in the drawn order that equals that neighbour and is
        not of the asking group, -1 for none; `copies` int64 (n, 2), how many such rows there are, -1 for none;
        `same_as` int64 (n,), for rows that are compared with: the first row equal to it, else -1.

    Raises:
        UsageError, DataError: as `NearestRows` and `comparable`; TooFewRecords below two distinct training rows.
    """
    job = NearestRows(corpus, against, seed=seed, metric=metric, scale=scale)
    return job.work(job.open(), np.arange(len(corpus)) if places is None else places)
