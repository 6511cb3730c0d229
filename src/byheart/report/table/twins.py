"""Which training row stands behind a synthetic row, cell by cell, and how rare is such likeness among held-out rows?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from byheart.core.corpus import Corpus
from byheart.report.evidence import Evidence
from byheart.report.table.cells import Cell, Scale, agreeing, marked, short, shown
from byheart.report.table.neighbours import COPIED, Neighbours
from byheart.report.words import sentence

TOP = 12  # pairs on the page
MOST_COLUMNS = 60  # of one pair
MOST_HELD_OUT = 20_000  # rows that the likeness of a pair is compared with


@dataclass(frozen=True)
class Line:
    """One column of a pair: its name, the training cell, the synthetic cell, the cell of the next nearest row."""

    column: str
    kind: str
    aside: bool
    real: Cell
    twin: Cell
    second: Cell | None


@dataclass(frozen=True)
class Pair:
    """A training row beside its synthetic twin.

    Args:
        twin, real, second: record ids; second is empty where all training rows are one.
        ratio: distance to the training row over that to the next nearest.
        distance: to both, mean over the compared columns.
        agree, compared: columns that agree, and all that are compared.
        copies: training rows that are identical to this one.
        twins: synthetic rows that this training row is the copy behind.
        as_close: of the held-out rows, how many have a ratio as low.
        as_alike: of the held-out rows, how many agree with their nearest training row in as many columns.
        held_out: held-out rows compared with.
        p, q: of the synthetic row; None where the data license none.
        lines: one per column.
        hidden: columns not shown.
    """

    twin: str
    real: str
    second: str
    ratio: float
    distance: tuple[float, float]
    agree: int
    compared: int
    copies: int
    twins: int
    as_close: int
    as_alike: int
    held_out: int
    p: float | None
    q: float | None
    lines: list[Line]
    hidden: int


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What likeness to the training rows is without training: ratios and agreeing columns of held-out rows, sorted."""

    ratio: np.ndarray
    agree: np.ndarray

    @classmethod
    def of(cls, corpus: Corpus, nearest: Neighbours, scale: Scale) -> HeldOut:
        """From all held-out rows that have a neighbour, or an even choice of them where there are very many."""
        rows = np.flatnonzero((corpus.roles == "nonmember") & (nearest.place[:, 0] >= 0))
        ratio = np.sort(nearest.ratio[rows])
        rows = rows[:: -(-rows.size // MOST_HELD_OUT) or 1]
        return cls(ratio, np.sort(agreeing(scale.apart(rows, nearest.place[rows, 0]), corpus.rows.schema)))

    def as_close(self, ratio: float) -> int:
        """Held-out rows with a ratio at most this."""
        return int(np.searchsorted(self.ratio, ratio, side="right"))

    def as_alike(self, agree: int) -> int:
        """Held-out rows that agree in at least so many columns, out of all."""
        share = (self.agree.size - np.searchsorted(self.agree, agree, side="left")) / max(self.agree.size, 1)
        return round(share * self.ratio.size)


def twins(evidence: Evidence, nearest: Neighbours | None, *, show_text: bool, top: int = TOP) -> list[Pair]:
    """The clearest copies: named rows first, then the lowest ratios, then the training rows that stand most alone.

    A training row is shown once, with the first of its twins.
    """
    corpus = evidence.corpus
    if corpus is None or nearest is None:
        return []
    named, ratio = _named(evidence), nearest.ratio
    found = np.flatnonzero((corpus.roles == "synthetic") & (nearest.place[:, 0] >= 0) & (ratio < COPIED))
    q = np.array([named.get(corpus.ids[i], (1.0, 1.0))[1] for i in found])
    found = found[np.lexsort((-np.nan_to_num(nearest.distance[found, 1]), ratio[found], q))]
    behind, first, times = np.unique(nearest.place[found, 0], return_index=True, return_counts=True)
    of = dict(zip(behind.tolist(), times.tolist(), strict=True))
    real = np.isin(corpus.roles, ("member", "nonmember"))
    scale = Scale.of(corpus.rows, real)
    held_out = HeldOut.of(corpus, nearest, scale)
    return [
        _pair(corpus, nearest, scale, held_out, int(i), of[int(nearest.place[i, 0])], named, show_text)
        for i in found[np.sort(first)[:top]]
    ]


def _named(evidence: Evidence) -> dict[str, tuple[float, float]]:
    path = evidence.run.findings_folder / "named_rows.parquet"
    if not path.exists():
        return {}
    table = pd.read_parquet(path)
    known = table[table["p"].notna()]  # without held-out rows nothing tells which copies are coincidences
    return dict(zip(known["address"].astype(str), zip(known["p"], known["q"], strict=True), strict=True))


def _pair(
    corpus: Corpus, nearest: Neighbours, scale: Scale, held_out: HeldOut, i: int, times: int,
    named: dict[str, tuple[float, float]], show_text: bool,
) -> Pair:  # fmt: skip
    j, k = (int(at) for at in nearest.place[i])
    ratio, (d1, d2) = float(nearest.ratio[i]), nearest.distance[i]
    apart = scale.apart(np.array([i, i]), np.array([j, max(k, 0)]))
    agree = int(agreeing(apart, corpus.rows.schema)[0])
    p, q = named.get(str(corpus.ids[i]), (None, None))
    lines = _lines(corpus, (i, j, k), apart, show_text)

    def name(at: int) -> str:
        return sentence(corpus.ids[at], show_text) if at >= 0 else ""

    return Pair(
        name(i), name(j), name(k), ratio, (float(d1), float(d2)), agree, len(corpus.rows.schema.compared),
        int(nearest.copies[i, 0]), times, held_out.as_close(ratio), held_out.as_alike(agree), held_out.ratio.size,
        p, q, lines[:MOST_COLUMNS], len(lines[MOST_COLUMNS:]),
    )  # fmt: skip


def _lines(corpus: Corpus, places: tuple[int, int, int], apart: np.ndarray, show_text: bool) -> list[Line]:
    schema = corpus.rows.schema
    twin, real, second = (
        shown(list(corpus.rows[at].values()) if at >= 0 else [None] * len(schema.names), schema, show_text=show_text)
        for at in places
    )
    return [
        Line(
            short(c.name), c.kind, c.name in schema.aside, marked(real[n], c.kind, apart[0, n]), Cell(twin[n]),
            marked(second[n], c.kind, apart[1, n]) if places[2] >= 0 else None,
        )
        for n, c in enumerate(schema.columns)
    ]  # fmt: skip
