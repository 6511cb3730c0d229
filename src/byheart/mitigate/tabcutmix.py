"""Can a table be stretched, before a generator learns it, so that the generator copies less of it?

Source: Fang et al. 2024, arXiv 2412.11044 (TabCutMix: Alg. 1; TabCutMixPlus: Alg. 2); its code for `mask="count"` and
for the clusters of columns.
Departs from it: the paper's Alg. 2 calls clusters of columns atomic and then draws a mask inside each; here they are
atomic, one draw per cluster and one lambda per row (`atomic=False` for the other reading). A cluster that holds only
the target is not drawn, as swapping it does nothing. A target of numbers is cut into quantile bins and then mixed like
any other column. A missing target is a class of its own. `forbid_clones` is ours: 2/(F+1) of the paper's new rows are
copies of a training row, the very thing to be cured. Rows are drawn all at once, not one by one.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from byheart.compare.rows.association import association, feature_clusters
from byheart.core.card import method
from byheart.core.edit import Edit
from byheart.core.errors import UsageError
from byheart.core.randomness import generator
from byheart.core.schema import Schema
from byheart.mitigate._row_mixing.baselines import ijf_tabular, mixup_tabular, smote_tabular
from byheart.mitigate._row_mixing.masks import MASKS, clone_probability, drawn_masks
from byheart.mitigate._row_mixing.partners import Partners
from byheart.mitigate._row_mixing.table import Table, grown, n_new_rows, opened

__all__ = ["Provenance", "TabCutMix", "ijf_tabular", "mixup_tabular", "smote_tabular", "tabcutmix"]

log = logging.getLogger(__name__)

ROUNDS = 64
"""Draws of a partner and a mask after which a row that only ever gives copies is left out."""


@method(
    paper="2412.11044",
    family="table",
    unit="new rows per training row",
    cost="one pass over the table; the generator then trains on more rows",
    limits="rows that never were: rare combinations of columns become common, so weigh the generator's quality against "
    "what it copies; nothing is promised to a single person",
)
def tabcutmix(
    *,
    target: str | None = None,
    ratio: float = 0.3,
    plus: bool = False,
    mask: str = "bernoulli",
    atomic: bool = True,
    forbid_clones: bool = False,
    n_bins: int | None = None,
    unconditional: bool = False,
    mixed: str = "eta",
    seed: int,
) -> Edit:
    """Stretch a training table with rows cut and mixed from two rows of one class.

    Args:
        target: column whose classes rows are mixed within.
        ratio: new rows per old one, 0 or more.
        plus: columns that tell the same story move together.
        mask: `bernoulli` (the paper's text) or `count` (its code).
        atomic: with `plus`, all columns of a cluster come from one parent.
        forbid_clones: draw again what equals a parent.
        n_bins: quantile bins of a target of numbers.
        unconditional: mix any two rows when there is no target.
        mixed: with `plus`, association of a number with a category: `eta`, `eta2` or `epsilon`.
        seed: everything random follows from it.

    Returns:
        An edit of data: from a frame (n, columns) to the same rows with the new ones under them. Its `control` adds as
        many rows, each of which departs from one training row in just as many cells, but each such cell comes from a
        row of its own, of any class: as much is added and as much is changed, without a partner.

    Raises:
        UsageError: when applied, on an option or a target that has no meaning.
    """
    augment = TabCutMix(
        ratio, plus=plus, mask=mask, atomic=atomic, forbid_clones=forbid_clones, n_bins=n_bins,
        unconditional=unconditional, mixed=mixed, seed=seed,
    )  # fmt: skip
    card = tabcutmix.card  # type: ignore[attr-defined]
    return Edit(
        "data",
        lambda frame: augment.fit_resample(frame, target),
        card,
        control=lambda k: Edit("data", lambda frame: augment.scattered(frame, target, draw=k), card),
    )


@dataclass(frozen=True, eq=False)
class Provenance:
    """Where each new row comes from.

    Args:
        row_a, row_b: place of its parents in the old table, int64 (new,).
        mask: bool (new, columns), true where the cell is that of `row_a`; the target's is, when it has classes.
    """

    row_a: np.ndarray
    row_b: np.ndarray
    mask: np.ndarray


class TabCutMix:
    """Adds rows, each cut from two rows of one class; needs no generator and changes no type.

    Args:
        ratio: new rows per old one; the paper takes 0.3 (and 2.0 for its table Magic).
        plus: columns that tell the same story form clusters, and a cluster comes whole from one parent.
        mask: `bernoulli` (the paper's text) or `count` (its code).
        atomic: false draws a mask inside each cluster instead, with a lambda of its own.
        forbid_clones: draw again what equals a parent; what can give nothing else is left out, and said.
        n_bins: quantile bins of a target of numbers.
        unconditional: mix any two rows when there is no target.
        threshold: distance 1 - association up to which columns form a cluster.
        mixed: association of a number with a category: `eta`, `eta2` or `epsilon`.
        schema: kinds of the columns, when they are not to be inferred.
        seed: everything random follows from it.

    After `fit_resample`: `provenance_`; `clusters_`, names of the columns that move together; `n_units_`, how many
    parts of a row are drawn; `clones_`, bool (new,), true where a new row equals a parent; `expected_clones_`, their
    share if parents differed in every column.

    >>> old = pd.DataFrame({"age": [31, 45, 52], "job": ["a", "b", "c"], "ill": ["no", "no", "yes"]})
    >>> new = TabCutMix(2.0, seed=0).fit_resample(old, "ill")
    >>> len(new), new["age"].dtype, sorted(set(new["job"]))
    (9, dtype('int64'), ['a', 'b', 'c'])
    """

    provenance_: Provenance
    clusters_: list[list[str]]

    def __init__(
        self,
        ratio: float = 0.3,
        *,
        plus: bool = False,
        mask: str = "bernoulli",
        atomic: bool = True,
        forbid_clones: bool = False,
        n_bins: int | None = None,
        unconditional: bool = False,
        threshold: float = 0.3,
        mixed: str = "eta",
        schema: Schema | None = None,
        seed: int,
    ) -> None:
        if mask not in MASKS:
            raise UsageError(f"mask is one of {', '.join(MASKS)}; got {mask!r}")
        if mask == "count" and not atomic:
            raise UsageError("mask='count' swaps whole clusters of columns; atomic=False needs mask='bernoulli'")
        self.ratio, self.plus, self.mask, self.atomic = ratio, plus, mask, atomic
        self.forbid_clones, self.n_bins, self.unconditional = forbid_clones, n_bins, unconditional
        self.threshold, self.mixed, self.schema, self.seed = threshold, mixed, schema, seed

    def fit_resample(self, frame: pd.DataFrame, target: Any = None) -> pd.DataFrame:
        """The frame's rows, and under them the new ones, in the same columns and types.

        Args:
            frame: (n, columns) of any types; it is not changed.
            target: column whose classes rows are mixed within.

        Returns:
            (n + new, columns) with a fresh index; new = round(ratio n), fewer only where clones are forbidden.

        Raises:
            DataError: if the target is not there, a column is empty, or there are fewer than two rows.
            UsageError: without a target unless `unconditional`, or on a target of numbers without `n_bins`.
        """
        if target is None:
            self._without_target()
        table = opened(frame, target, n_bins=self.n_bins, schema=self.schema)
        n_new = n_new_rows(table, self.ratio)
        self.clusters_ = self._clusters(table)
        self._table, self._units = table, _units_of(table, self.clusters_)
        self.__dict__.pop("clones_", None)
        rng = generator(self.seed, "tabcutmix")
        self.provenance_ = self._mixed(n_new, rng)
        a, b, mask = self.provenance_.row_a, self.provenance_.row_b, self.provenance_.mask
        return grown(table, lambda j: np.where(mask[:, j], a, b))

    def scattered(self, frame: pd.DataFrame, target: Any = None, *, draw: int) -> pd.DataFrame:
        """The control: as many new rows, which keep the same cells of their first parent, the others from any rows.

        A copy of rows would not do, as it repeats what is to be copied less; independent columns would not, as they
        keep nothing of a row.

        Args:
            frame: as in `fit_resample`.
            target: as there, with the same errors.
            draw: its number; the rows that each foreign cell comes from follow from it and the seed.
        """
        self.fit_resample(frame, target)
        kept, rng = self.provenance_, generator(self.seed, "tabcutmix", "scattered", str(draw))
        anywhere = rng.integers(0, len(self._table), size=kept.mask.shape)
        return grown(self._table, lambda j: np.where(kept.mask[:, j], kept.row_a, anywhere[:, j]))

    @cached_property
    def clones_(self) -> np.ndarray:
        """True where a new row equals one of its parents in every cell, bool (new,)."""
        p = self.provenance_
        return _equals_parent(self._table.cells, p.row_a, p.row_b, p.mask)

    @property
    def n_units_(self) -> int:
        """How many parts of a row are drawn: columns, or clusters of them, but for a target of classes."""
        return len(set(self._units[self._table.mixed]))

    @property
    def expected_clones_(self) -> float:
        """Share of clones if parents differed in every column: 2/(U+1) for U units, or 1/U by count."""
        return clone_probability(self._units[self._table.mixed], mask=self.mask, atomic=self.atomic)

    def _without_target(self) -> None:
        if not self.unconditional:
            raise UsageError(
                "rows are mixed within the classes of a target; name its column, or ask for unconditional=True "
                "to mix any two rows"
            )
        log.warning(
            "Any two rows are mixed, whatever their class: what one column says of another is weakened in the new rows."
        )

    def _clusters(self, table: Table) -> list[list[str]]:
        if not self.plus:
            return [[table.names[j]] for j in table.mixed]
        found = feature_clusters(association(table.rows, mixed=self.mixed), threshold=self.threshold)
        known = {name for cluster in found for name in cluster}
        return [*found, *([name] for name in table.names if name not in known)]

    def _mixed(self, n_new: int, rng: np.random.Generator) -> Provenance:
        """Draw parents and masks; where clones are forbidden, draw partner and mask of a clone again."""
        table, partners, columns = self._table, Partners(self._table.classes), np.array(self._table.mixed)
        a = rng.integers(0, len(table), size=n_new)
        b, mask = np.empty_like(a), np.ones((n_new, len(table.names)), dtype=bool)
        left = np.arange(n_new)
        for _ in range(ROUNDS if self.forbid_clones else 1):
            b[left] = partners.of(a[left], rng)
            mask[np.ix_(left, columns)] = drawn_masks(
                left.size, self._units[columns], mask=self.mask, atomic=self.atomic, rng=rng
            )
            if self.forbid_clones:
                left = left[_equals_parent(table.cells, a[left], b[left], mask[left])]
        if not self.forbid_clones or not left.size:
            return Provenance(a, b, mask)
        log.warning(
            "%d of %d new rows are left out: %d draws gave only copies of a parent, as their class has (almost) no two "
            "different rows.", left.size, n_new, ROUNDS,
        )  # fmt: skip
        kept = np.delete(np.arange(n_new), left)
        return Provenance(a[kept], b[kept], mask[kept])


def _units_of(table: Table, clusters: list[list[str]]) -> np.ndarray:
    """Unit of each column, int64 (columns,), from 0; -1 for a target that is not mixed."""
    units = np.full(len(table.names), -1)
    place = {name: j for j, name in enumerate(table.names)}
    for unit, cluster in enumerate(clusters):
        units[[place[name] for name in cluster]] = unit
    units[table.mixed] = np.unique(units[table.mixed], return_inverse=True)[1]
    if table.target not in table.mixed and table.target is not None:
        units[table.target] = -1
    return units


def _equals_parent(cells: np.ndarray, a: np.ndarray, b: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """True where a new row has every cell of one parent, bool (new,)."""
    if not a.size:
        return np.zeros(0, dtype=bool)
    same = cells[a] == cells[b]
    return np.asarray((same | mask).all(axis=1) | (same | ~mask).all(axis=1))
