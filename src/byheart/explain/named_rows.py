"""Which single synthetic rows are copies, and of whom?

Each person, trained on or held out, is represented by the synthetic row that copies them most closely. Copies of
held-out persons are coincidences, so they tell how many of the copies of training persons are, however the generator
distributes its rows. Beside it stands the plain comparison with held-out rows, which asks that both be distributed
alike.

Source: Barber & Candes 2015, arXiv 1404.5609 (targets against decoys); Bates et al. 2023, arXiv 2104.08279 (p against
held-out rows).
"""

from __future__ import annotations

import numpy as np

from byheart.compare.rows.per_real_row import REAL, generated
from byheart.core.card import method
from byheart.core.findings import Findings
from byheart.core.signals import Signals
from byheart.stats.competition import competition_q
from byheart.stats.conformal import conformal_p

SHARE_FALSE = 0.05


@method(
    paper="1404.5609",
    family="table",
    needs=("nearest_member", "nearest_real"),
    unit="1 - ratio of distances",
    cost="none beside the distances",
    limits="at most one in twenty of the persons named is expected to be a coincidence, if both tables are drawn alike",
)
def named_rows(nearest_member: Signals, nearest_real: Signals) -> Findings:
    """Synthetic rows that copy a training row too closely for as many coincidences as held-out rows show.

    Args:
        nearest_member: array `distance` (n, 2) of rows of role synthetic and nonmember to training rows.
        nearest_real: arrays `distance` (n, 2) and `neighbour` (n, 2) of generated rows among all real rows.

    Returns:
        Findings with an address per synthetic row; the weight is 1 - ratio of its distances to the two nearest real
        rows, 1 for an exact copy. Columns: `of` (id of the nearest real row), `p` (chance that a held-out row is as
        near to one training row; NaN without any), and `q` (smallest share of false names at which it is named; 1 if
        nearest to a held-out row).
    """
    roles, groups = nearest_real.roles, nearest_real.groups.astype(str)
    rows = generated(nearest_real)
    whose = nearest_real.dense("neighbour")[rows, 0]
    close = closeness(nearest_real)[rows]
    trained = roles[whose] == "member"
    best = {role: _best(close[roles[whose] == role], groups[whose[roles[whose] == role]]) for role in REAL}
    n_groups = [len(set(groups[roles == role])) for role in REAL]
    q_of_best = competition_q(best["member"], best["nonmember"], *n_groups)
    q = np.ones(rows.size)
    q[trained] = _lowest_reached(close[trained], best["member"], q_of_best)
    like, held = closeness(nearest_member), roles == "nonmember"
    p = conformal_p(like[rows], like[held]) if (~np.isnan(like[held])).any() else np.full(rows.size, np.nan)
    columns = {"of": nearest_real.ids[whose], "p": p, "q": q}
    return Findings(
        "record", nearest_real.ids[rows], close, named_rows.card,  # type: ignore[attr-defined]
        params={"training": n_groups[0], "held_out": n_groups[1]}, columns=columns,
    )  # fmt: skip


def naming(found: Findings) -> str:
    """What is to be said of them, in a sentence."""
    named = np.asarray(found.columns["q"]) <= SHARE_FALSE
    n, m = int(found.params["held_out"]), int(found.params["training"])
    if not n:
        return "No single row is named: without held-out rows nothing tells which copies are coincidences."
    if named.any():
        whose = len(set(np.asarray(found.columns["of"])[named].tolist()))
        return (
            f"{int(named.sum())} of {named.size} synthetic rows are named as copies of {whose} training rows; at most "
            f"{SHARE_FALSE:.0%} of the training persons named are expected to be coincidences, judging by the copies "
            "of held-out rows."
        )
    needed = int(np.ceil(m / n / SHARE_FALSE))
    return (
        "No single synthetic row is named as a copy: not enough copies of training rows stand against those of "
        f"held-out rows (with none of these, {needed} training persons would have to be copied)."
    )


def closeness(nearest: Signals) -> np.ndarray:
    """1 - ratio of the two distances, 1 at distance 0, float64 (n,); NaN where there is nothing to compare with."""
    first, second = nearest.dense("distance").T
    ratio = np.divide(first, second, out=np.full(first.shape, np.nan), where=second > 0)
    close: np.ndarray = np.where(first == 0, 1.0, 1 - ratio)
    return close


def _best(close: np.ndarray, persons: np.ndarray) -> np.ndarray:
    """The closest copy of each person who is copied at all, (persons,)."""
    known = ~np.isnan(close)
    names, place = np.unique(persons[known], return_inverse=True)
    best = np.full(names.size, -np.inf)
    np.maximum.at(best, place, close[known])
    return best


def _lowest_reached(close: np.ndarray, best: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The q of each row: that of the closest person who is no closer than the row, 1 where there is none."""
    order = np.argsort(best)
    place = np.searchsorted(best[order], close, side="right") - 1
    reached = np.where(place >= 0, q[order][np.maximum(place, 0)], 1.0) if best.size else np.ones(close.size)
    return np.where(np.isnan(close), 1.0, reached)
