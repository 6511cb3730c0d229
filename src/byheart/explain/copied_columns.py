"""Which columns do synthetic rows take over from training rows?

Source: ours. A column of few values agrees with the nearest training row in any table, so agreement is held against
that of held-out rows with theirs: all rows on both sides, as rows chosen for being near agree more by that choice.
"""

from __future__ import annotations

import numpy as np

from byheart.core.card import method
from byheart.core.corpus import Corpus
from byheart.core.errors import DataError
from byheart.core.findings import Findings
from byheart.core.items.rows import Rows
from byheart.core.signals import Signals
from byheart.core.verdict import Estimate
from byheart.stats.excess import excess
from byheart.stats.intervals import proportion
from byheart.stats.multiplicity import holm
from byheart.stats.proportions import more_hits_p
from byheart.stats.sides import Sides


@method(
    paper="ours",
    family="table",
    needs=("nearest_member", "corpus"),
    unit="share of rows, beyond held-out rows",
    cost="none beside the distances",
    limits="a generator that crowds into common values agrees more without copying; read it where copies are shown",
)
def copied_columns(nearest_member: Signals, corpus: Corpus, *, tolerance: float = 0.01, seed: int = 0) -> Findings:
    """Agreement of synthetic rows with their nearest training row by column, beyond that of held-out rows with theirs.

    Args:
        nearest_member: array `neighbour` (n, 2) of rows of role synthetic and nonmember among training rows.
        corpus: the rows of all tables, the same records in the same order.
        tolerance: numbers agree within this part of the column's range among real rows.
        seed: for the dealings of labels where held-out rows come in groups.

    Returns:
        Findings with an address per compared column; the weight is the excess (agreement - null) / (1 - null): the
        share of rows that took the value over, 0 for none, 1 for all. Columns: `value`, `low`, `high` (agreement of
        synthetic rows with its interval), `null` (that of held-out rows; NaN without any), `p` that the first is
        larger, and `q`, that p corrected for the number of columns (Holm).

    Raises:
        DataError: if the two inputs are not of the same records.
    """
    if not np.array_equal(nearest_member.ids, corpus.ids):
        raise DataError("neighbours are places in the whole corpus; give the signals and the rows of the same records")
    names = corpus.rows.schema.compared
    nearest = nearest_member.dense("neighbour")[:, 0]
    sides = []
    for role in ("synthetic", "nonmember"):
        rows = np.flatnonzero((corpus.roles == role) & (nearest >= 0))
        sides.append((rows, agreement(corpus, rows, nearest[rows], tolerance)))
    read = [_column(sides, corpus.groups, j, seed) for j in range(len(names))]
    found, beyond = [facts for facts, _ in read], [e for _, e in read]
    columns = {k: np.array([f[k] for f in found], np.float64) for k in ("value", "low", "high", "null", "p")}
    tested = ~np.isnan(columns["p"])
    columns["q"] = np.full(len(names), np.nan)
    columns["q"][tested] = holm(columns["p"][tested])
    weight = np.array([np.nan if e is None or e.value is None else e.value for e in beyond], np.float64)
    estimates = {name: e for name, e in zip(names, beyond, strict=True) if e is not None and e.value is not None}
    return Findings(
        "factor", np.array(names, dtype=object), weight, copied_columns.card,  # type: ignore[attr-defined]
        estimates=estimates, params={"tolerance": tolerance, "seed": seed}, columns=columns,
    )  # fmt: skip


def agreement(corpus: Corpus, rows: np.ndarray, others: np.ndarray, tolerance: float) -> np.ndarray:
    """Whether the rows (r,) agree with the others (r,), column by column, bool (r, compared columns).

    Numbers agree within `tolerance` times the range of the real rows, categories when equal; missing agrees with
    missing.
    """
    table: Rows = corpus.rows
    numbers, codes = table.numbers, table.codes
    real = numbers[np.isin(corpus.roles, ("member", "nonmember"))]
    width = np.ptp(np.where(np.isnan(real), np.nanmean(real, axis=0), real), axis=0) if real.size else 0.0
    gap = np.abs(numbers[rows] - numbers[others])
    both_missing = np.isnan(numbers[rows]) & np.isnan(numbers[others])
    close = (gap <= tolerance * width) | both_missing
    return np.hstack([close, codes[rows] == codes[others]])


def _column(
    sides: list[tuple[np.ndarray, np.ndarray]], groups: np.ndarray, column: int, seed: int
) -> tuple[dict[str, float | None], Estimate | None]:
    """Agreement of one column on both sides, and its excess."""
    (made, of_made), (held, of_held) = sides
    nothing: dict[str, float | None] = dict.fromkeys(("value", "low", "high", "null", "p"), None)
    if not made.size:
        return nothing, None
    share = proportion(of_made[:, column], groups[made])
    seen = {**nothing, "value": share.value, "low": share.low, "high": share.high}
    if not held.size:
        return seen, None
    null = proportion(of_held[:, column], groups[held])
    hits = Sides.of(of_made[:, column], of_held[:, column], groups[made], groups[held])
    p, _ = more_hits_p(hits, seed=seed)
    unit = "share of synthetic rows that took the value over"
    return {**seen, "null": null.value, "p": p}, excess(share, null, unit=unit)
