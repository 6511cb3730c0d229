"""What happened to the canaries, by how often each was planted?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from byheart.report.evidence import Evidence
from byheart.report.text.recitation import Recital

PLANTED, TWIN = "canary", "canary_control"


def exposures(evidence: Evidence) -> dict[int, np.ndarray]:
    """Exposure in bits by repetitions, twins at 0; empty without exposure scores."""
    scores = evidence.scores.get("exposure")
    if scores is None:
        return {}
    kept = scores.where(PLANTED, TWIN)
    times = _repetitions(evidence, kept.ids, kept.roles, kept.extra)
    return {int(r): kept.values[times == r] for r in np.unique(times)}


def ceiling(evidence: Evidence) -> float:
    """The most bits that ranking one canary among its twins can show: log2(twins + 1)."""
    pools: Mapping[Any, int] = {}
    if evidence.corpus is not None and "pool" in evidence.corpus.columns:
        pool = evidence.corpus.columns["pool"][evidence.corpus.roles == TWIN]
        names, counts = np.unique(pool.astype(str), return_counts=True)
        pools = dict(zip(names.tolist(), counts.tolist(), strict=True))
    return float(np.log2(max(pools.values(), default=evidence.count(TWIN)) + 1))


def recited_secrets(evidence: Evidence, recital: Recital | None) -> dict[int, tuple[int, int]]:
    """(secrets recited whole, canaries) by repetitions, twins at 0."""
    if recital is None:
        return {}
    rows = np.isin(recital.roles, (PLANTED, TWIN)) & (recital.secret > 0)
    times = _repetitions(evidence, recital.ids[rows], recital.roles[rows], {})
    whole = recital.whole_secret[rows]
    return {int(r): (int(whole[times == r].sum()), int((times == r).sum())) for r in np.unique(times)}


def _repetitions(evidence: Evidence, ids: np.ndarray, roles: np.ndarray, extra: Mapping[str, np.ndarray]) -> np.ndarray:
    """Times planted, int64 (n,): from the scores, else the corpus, else once for every planted one."""
    if "repetitions" in extra:
        values = extra["repetitions"]
    elif evidence.corpus is not None and "repetitions" in evidence.corpus.columns:
        known = dict(zip(evidence.corpus.ids, evidence.corpus.columns["repetitions"], strict=True))
        values = np.array([known.get(i) for i in ids], dtype=object)
    else:
        values = np.ones(ids.size)
    numbers = np.array([0.0 if v is None else float(v) for v in values])
    times = np.nan_to_num(numbers).astype(np.int64)
    return np.where(roles == TWIN, 0, np.maximum(times, 1))
