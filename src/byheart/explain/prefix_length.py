"""Does a longer beginning bring more of an article back, and does it matter where in the article it is taken from?

The literature disagrees on the sign, so that the curve is reported and no direction is claimed. Only articles that were
answered at every place of the grid are counted, places that few articles are long enough for left out; and stretches
are capped at the shortest continuation of their article, as what stands near its end has less room.

Source: Freeman et al. 2024, arXiv 2412.06370 (25 to 400 tokens; longer brings more is its hypothesis); Xu et al. 2025
find short prefixes from the very beginning to bring most.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from byheart.compare.text.shared_text import RUN
from byheart.core.card import method
from byheart.core.corpus import Corpus
from byheart.core.findings import Findings
from byheart.core.signals import Signals
from byheart.core.verdict import Estimate
from byheart.signals.chat.reply_cells import ANSWERED, reply_cells
from byheart.stats.intervals import bootstrap_mean
from byheart.stats.paired import two_sided

PLACE = ["prefix", "offset"]
SAID = {"prefix": "after {} words", "offset": "from word {} on"}


@method(
    paper="2412.06370",
    family="chat",
    needs=("replies", "corpus"),
    unit="characters",
    cost="none beside the answers",
    limits="holds for these articles and templates; articles that were refused anywhere are left out",
)
def prefix_length(
    replies: Signals, corpus: Corpus, *, public: Sequence[str] = (), shared_run: int = RUN, seed: int = 0
) -> Findings:
    """Longest stretch by length and place of the prefix, the largest over templates, members and controls apart.

    Args:
        replies: as `signals/chat/replies` leaves them.
        corpus: the articles.
        public: texts that are nobody's.
        shared_run: words in a row that another article must share for them not to count.
        seed: of the resamples and sign flips.

    Returns:
        Findings of kind factor: an address `prefix:38 offset:0 role:member` for each place and role, its weight the
        mean longest stretch in characters. Columns `prefix`, `offset`, `role`, `n` (articles), `low`, `high`.
        Estimates, on members: `longer` (longest prefix less the shortest, article by article, offsets together) and
        `further` (the last offset less the first); without value where there is one length, or one place.
    """
    table = _complete(reply_cells(replies, corpus, tuple(public), shared_run))
    rows: list[dict[str, Any]] = []
    for role in ("member", "nonmember"):
        side = table[table["role"] == role]
        for place, cells in side.groupby(PLACE):
            mean = _mean(cells["stretch"], cells["group"], seed)
            rows.append({**dict(zip(PLACE, place, strict=True)), "role": role, "n": len(cells),
                         "weight": float(cells["stretch"].mean()), "low": mean.low, "high": mean.high})  # fmt: skip
    found = pd.DataFrame(rows, columns=[*PLACE, "role", "n", "weight", "low", "high"])
    address = [f"prefix:{r.prefix} offset:{r.offset} role:{r.role}" for r in found.itertuples()]
    members = table[table["role"] == "member"]
    card = prefix_length.card  # type: ignore[attr-defined]
    return Findings(
        "factor", np.array(address, dtype=object), found["weight"].to_numpy(np.float64), card,
        params={"shared_run": shared_run, "seed": seed},
        columns={**{name: found[name].to_numpy() for name in (*PLACE, "role")}, "n": found["n"].to_numpy(np.int64),
                 **{name: found[name].to_numpy(np.float64) for name in ("low", "high")}},
        estimates={"longer": _contrast(members, "prefix", seed), "further": _contrast(members, "offset", seed)},
    )  # fmt: skip


def _complete(cells: pd.DataFrame) -> pd.DataFrame:
    """A row for each article and place, of the articles answered at every place; `stretch` is capped.

    A place counts if half as many articles were answered there as where most were.
    """
    asked = cells[cells["kind"].isin(ANSWERED)]
    best = asked.groupby(["row", "role", "group", *PLACE], as_index=False)[["characters", "room"]].max()
    here = best.groupby(PLACE)["row"].transform("size")
    best = best[here >= here.max() / 2]
    n_places = len(best[PLACE].drop_duplicates())
    kept: pd.DataFrame = best[best.groupby("row")["row"].transform("size") == n_places].copy()
    kept["stretch"] = np.minimum(kept["characters"], kept.groupby("row")["room"].transform("min"))
    return kept


def _contrast(table: pd.DataFrame, by: str, seed: int) -> Estimate:
    """Mean over articles of the stretch at the largest value of `by` less that at the smallest, the rest averaged."""
    values = table.groupby(["row", "group", by])["stretch"].mean().unstack(by)
    if values.shape[1] < 2 or not len(values):
        return Estimate(None, None, None, len(values), "characters", f"one {by} only, or no article answered at all")
    difference = values.iloc[:, -1] - values.iloc[:, 0]
    groups = difference.index.get_level_values("group")
    mean = _mean(difference, groups, seed)
    p = two_sided(difference.to_numpy(), np.asarray(groups, dtype=object), seed=seed)
    first, last = values.columns[0], values.columns[-1]
    unit = f"characters more {SAID[by].format(last)} than {SAID[by].format(first)}"
    how = f"article by article; {mean.how}; sign flips, two-sided p = {p:.2g}"
    return Estimate(mean.value, mean.low, mean.high, mean.n, unit, how)


def _mean(values: pd.Series, groups: Any, seed: int) -> Estimate:
    """Mean with its interval; no interval below two groups."""
    labels = np.asarray(groups, dtype=object)
    n = len(set(labels.tolist()))
    if n < 2:
        return Estimate(float(values.mean()), None, None, n, "characters", "one group; no interval")
    return bootstrap_mean(values.to_numpy(np.float64), labels, seed=seed)
