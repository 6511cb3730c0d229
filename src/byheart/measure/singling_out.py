"""Can someone who holds only the generated table describe this one person so that nobody else fits?

The attacker reads the generated table for what is unusual in it: an extreme, a value that occurs once, a combination of
a few columns that one row alone has. Each is a description; it singles out whom it alone fits among the real rows. An
outlier may be hit by luck, but a row that was held out is hit by luck as easily as one that was trained on.

Source: Cohen & Nissim 2020, arXiv 1904.06009 (predicate singling out); Giomi et al. 2022, arXiv 2211.10459 (predicates
from generated data, univariate and multivariate). Departs from them: descriptions are tried on training and control
rows in one pool, so that the labels can be dealt anew, and persons, not rows, are singled out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from byheart.compare.rows.per_real_row import REAL
from byheart.core.card import method
from byheart.core.corpus import Corpus
from byheart.core.errors import UsageError
from byheart.core.items.rows import Rows
from byheart.core.randomness import generator
from byheart.core.scores import Scores

TRIES = 4  # combinations tried for each that is wanted; most fit more than one generated row


@method(
    paper="2211.10459",
    family="table",
    needs=("corpus",),
    unit="descriptions",
    claim="share",
    threat="singling out",
    sentence="Statements drawn from the synthetic table single out training rows more often than rows the generator "
    "never saw.",
    precedence=1,
    cost="a second for 2,000 rows of 15 columns",
    limits="one simple attacker; that these descriptions fail does not show that no others succeed",
)
def singling_out(corpus: Corpus, *, n_descriptions: int = 1000, n_columns: int = 3, seed: int = 0) -> Scores:
    """Number of descriptions, read off the generated table, that fit this person and nobody else.

    Args:
        corpus: rows of a table of role member, nonmember and synthetic; `groups` say which rows are one person.
        n_descriptions: how many combinations of columns to look for; those of one column are all taken.
        n_columns: columns in a combination; fewer where the table has fewer.
        seed: chooses rows and columns.

    Returns:
        Scores (n,) of rows of role member and nonmember, at least 0; where several rows of the person fit, they share
        the description. NaN for other roles, and for all when nothing was generated.

    Raises:
        UsageError: if a combination has no column.
    """
    if n_columns < 1 or n_descriptions < 0:
        raise UsageError(f"a description needs a column; got {n_columns} columns, {n_descriptions} descriptions")
    made, real = _in_order_of_ids(corpus, "synthetic"), _in_order_of_ids(corpus, *REAL)
    values = np.full(len(corpus), np.nan)
    n_tried = 0
    if made.size and real.size:
        values[real], person = 0.0, np.unique(corpus.groups[real].astype(str), return_inverse=True)[1]
        table = _Table(corpus.rows, made, real)
        for fits in table.descriptions(n_descriptions, n_columns, seed):
            n_tried += 1
            if fits.size and (person[fits] == person[fits[0]]).all():
                values[real[fits]] += 1 / fits.size
    params = {"n_descriptions": n_descriptions, "n_columns": n_columns, "seed": seed, "tried": n_tried}
    return Scores(values, corpus.ids, corpus.roles, corpus.groups, singling_out.card, params)  # type: ignore[attr-defined]


def _in_order_of_ids(corpus: Corpus, *roles: str) -> np.ndarray:
    places = np.flatnonzero(np.isin(corpus.roles, roles))
    return places[np.argsort(corpus.ids[places].astype(str), kind="stable")]


class _Table:
    """Generated and real cells, column by column: numbers first, then codes of categories."""

    def __init__(self, rows: Rows, made: np.ndarray, real: np.ndarray) -> None:
        cells = [*rows.numbers.T, *rows.codes.T.astype(np.float64)]
        self.n_numbers = rows.numbers.shape[1]
        self.made = [c[made] for c in cells]
        self.real = [c[real] for c in cells]
        self.middle = [_median(c) for c in self.made[: self.n_numbers]]

    def descriptions(self, n: int, n_columns: int, seed: int) -> Iterator[np.ndarray]:
        """For each description the places of the real rows that it fits, int64 (rows,)."""
        for column in range(len(self.made)):
            yield from self._of_one(column)
        yield from self._of_many(n, min(n_columns, len(self.made)), generator(seed, "singling_out"))

    def _of_one(self, column: int) -> Iterator[np.ndarray]:
        """Beyond the generated extremes, missing once, and equal to a value that was generated once."""
        made, real = self.made[column], self.real[column]
        there = made[~np.isnan(made)]
        if there.size == made.size - 1:
            yield np.flatnonzero(np.isnan(real))
        if not there.size:
            return
        if column < self.n_numbers:
            yield np.flatnonzero(real <= there.min())
            yield np.flatnonzero(real >= there.max())
        once, times = np.unique(there, return_counts=True)
        order = np.argsort(real, kind="stable")
        left, right = (np.searchsorted(real[order], once[times == 1], side) for side in ("left", "right"))
        for a, b in zip(left, right, strict=True):
            yield order[a:b]

    def _of_many(self, n: int, n_columns: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Combinations that one generated row alone has: its categories, and its numbers as bounds of a tail."""
        seen: set[tuple[int, ...]] = set()
        for _ in range(TRIES * n):
            row = int(rng.integers(self.made[0].size))
            columns = np.sort(rng.permutation(len(self.made))[:n_columns]).tolist()
            if len(seen) >= n:
                return
            if (row, *columns) in seen or np.count_nonzero(self._fit(self.made, row, columns)) != 1:
                continue
            seen.add((row, *columns))
            yield np.flatnonzero(self._fit(self.real, row, columns))

    def _fit(self, cells: list[np.ndarray], row: int, columns: list[int]) -> np.ndarray:
        fits = np.ones(cells[0].size, bool)
        for c in columns:
            value = self.made[c][row]
            if np.isnan(value):
                fits &= np.isnan(cells[c])
            elif c >= self.n_numbers:
                fits &= cells[c] == value
            else:
                fits &= cells[c] >= value if value >= self.middle[c] else cells[c] <= value
        return fits


def _median(values: np.ndarray) -> float:
    there = values[~np.isnan(values)]
    return float(np.median(there)) if there.size else 0.0
