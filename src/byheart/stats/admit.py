"""Which scores can be judged, and what is to be said about the others?"""

from __future__ import annotations

import numpy as np

from byheart.core.scores import Scores

MIN_GROUPS = 10  # on each side; below this neither interval nor power is worth a claim
NAMES = {"member": "member", "nonmember": "control", "canary": "canary", "canary_control": "never-inserted canary"}


def admit(scores: Scores, *roles: str, finite: bool = False) -> tuple[Scores, list[str]]:
    """The scores of these roles, each record once and none without a value, and a sentence for each kind left out.

    Args:
        scores: any scores.
        roles: the roles that are judged.
        finite: leave out infinite values too.
    """
    asked = scores.take(np.isin(scores.roles, roles))
    said = []
    first = _first_of_each(asked.ids)
    if not first.all():
        said.append(f"{int((~first).sum())} records occur more than once; each is counted once.")
        asked = asked.take(first)
    has_value = np.isfinite(asked.values) if finite else ~np.isnan(asked.values)
    for role in roles:
        lost = int((~has_value & (asked.roles == role)).sum())
        if lost:
            total = int((asked.roles == role).sum())
            said.append(f"{lost} of {total} {NAMES.get(role, role)} records could not be scored and are left out.")
    return asked.take(has_value), said


def _first_of_each(ids: np.ndarray) -> np.ndarray:
    names = ids.tolist()
    if len(set(names)) == len(names):
        return np.ones(len(names), dtype=bool)
    seen = dict(zip(reversed(names), reversed(range(len(names))), strict=True))  # the first place wins
    first = np.zeros(len(names), dtype=bool)
    first[list(seen.values())] = True
    return first
