"""Which records of a run do the probes call recited, each record judged by probes that did not learn from it?

Source: Bates et al. 2023, arXiv 2104.08279 (conformal p-values; the share of false names among those named).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from byheart.core.signals import Signals
from byheart.core.target import LanguageModel
from byheart.core.verdict import Estimate
from byheart.localize._activation_probe.lines import Line
from byheart.localize._activation_probe.sequences import UNSEEN_QUANTILE, stretches, text_scores, token_odds
from byheart.models.text.sites import Site
from byheart.stats.auc import auc_estimate
from byheart.stats.conformal import conformal_p
from byheart.stats.intervals import proportion
from byheart.stats.multiplicity import benjamini_hochberg
from byheart.stats.sides import Sides

POOLS = (("member", "nonmember"), ("canary", "canary_control"))
LEVEL = 0.05


def score_records(
    target: LanguageModel, events: Signals, site: Site, state: Mapping[str, np.ndarray]
) -> tuple[pd.DataFrame, float]:
    """Every record by probes that did not learn from its document.

    Args:
        target: the model.
        events: the events of the records.
        site: of the probes.
        state: of the findings; its `fold` is of these records first.

    Returns:
        A row per record: `id`, `role`, `group`, `score` (mean log-odds), `p` (conformal, against the never seen of its
        kind), `q` (Benjamini-Hochberg), `from`, `to` (characters of the recited stretch), `weight` of it; and the
        log-odds that unseen tokens hardly exceed, which a stretch is weighed above.
    """
    w, b = state["fold_w"], state["fold_b"]
    lines = [*(Line(w[k], float(b[k])) for k in range(len(b))), Line(state["w"], float(state["b"]))]
    odds = token_odds(target, events, site, lines)
    row = odds[0].row
    fold = state["fold"][: len(events)]
    held = odds[0].like(np.stack([o.values for o in odds])[fold[row], np.arange(row.size)])
    scores = text_scores(held, events.ragged("word_start"))
    unseen = np.isin(events.roles, ("nonmember", "canary_control"))
    level = float(np.nanquantile(held.values[unseen[row]], UNSEEN_QUANTILE)) if unseen.any() else 0.0
    first, last, weight = stretches(held, events.ragged("start"), events.ragged("end"), level)
    table = pd.DataFrame({
        "id": events.ids, "role": events.roles, "group": events.groups, "score": scores, "p": np.nan, "q": np.nan,
        "from": first, "to": last, "weight": weight,
    })  # fmt: skip
    for role, control in POOLS:
        asked, known = ((table["role"] == r) & table["score"].notna() for r in (role, control))
        if asked.any() and known.any():
            p = conformal_p(table.loc[asked, "score"].to_numpy(), table.loc[known, "score"].to_numpy())
            table.loc[asked, "p"], table.loc[asked, "q"] = p, benjamini_hochberg(p)
    return table, level


def by_record(table: pd.DataFrame) -> dict[str, Estimate]:
    """How well the records of each pool are told from those never seen, and how many are named."""
    found: dict[str, Estimate] = {}
    for role, control in POOLS:
        one, zero = (table[(table["role"] == r) & table["score"].notna()] for r in (role, control))
        if one["group"].nunique() < 2 or zero["group"].nunique() < 2:
            continue
        values, groups = ([t[name].to_numpy() for t in (one, zero)] for name in ("score", "group"))
        sides = Sides.of(*values, *groups)
        found[f"records told apart, {role}"] = auc_estimate(sides)
        found[f"records flagged, {role}"] = proportion(one["q"].to_numpy() <= LEVEL, one["group"].to_numpy())
    return found
