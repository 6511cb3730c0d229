"""From scores of rows to verdicts: is the synthetic table a copy, and whom does it give away?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from byheart.audit.profiles import Profile
from byheart.audit.text.judging import within
from byheart.core.scores import Scores
from byheart.core.verdict import Verdict
from byheart.stats.judge.copies import judge_copies
from byheart.stats.judge.membership import judge
from byheart.stats.judge.settle import settle
from byheart.stats.judge.share import judge_share

SHARES = {
    "closest_record": "Synthetic rows lie closer to training rows than to rows the generator never saw.",
    "singling_out": "Statements drawn from the synthetic table single out training rows more often than rows the "
    "generator never saw.",
    "repeated_values": "Free texts and identifiers of training rows come back in the synthetic table more often than "
    "those of rows the generator never saw.",
}
MEMBERSHIP = "Who holds a row can tell from the synthetic table whether it was a training row."


def judge_table(scores: Mapping[str, Scores], profile: Profile, *, seed: int, level: float = 0.05) -> list[Verdict]:
    """Judge every claim the scores can carry.

    Args:
        scores: by method name.
        profile: how many resamples, and whether a claim may be made at all.
        seed: for resampling.
        level: largest p that counts, after correction for the number of claims.
    """
    blind = scores.get("blind_rows")
    options: dict[str, Any] = {"blind": blind, "level": level, "seed": seed, "n_resamples": profile.n_resamples}
    found = [judge_copies(scores["nearest_row"], scores["copied_record"], **options)]
    for name, claim in SHARES.items():
        if name in scores and not np.isnan(scores[name].values).all():
            found.append(judge_share(scores[name], claim=claim, **options))
    found.append(replace(judge(scores["row_membership"], **options), claim=MEMBERSHIP))
    return [within(v, scores, profile) for v in settle(found, level)]
