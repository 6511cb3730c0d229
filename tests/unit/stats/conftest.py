import numpy as np
import pytest

from byheart.core.card import Card
from byheart.core.scores import Scores


@pytest.fixture
def scored():
    """Build scores from values by role; `ids` are the same for the same shape, so a baseline can be matched."""

    def build(groups=None, extra=None, name="loss", **values):
        parts = {role: np.asarray(v, np.float64) for role, v in values.items()}
        roles = np.concatenate([np.full(v.size, role, object) for role, v in parts.items()])
        ids = np.array([f"{role}-{i}" for role, v in parts.items() for i in range(v.size)], object)
        tied = ids if groups is None else np.asarray(groups, object)
        columns = {k: np.asarray(v) for k, v in (extra or {}).items()}
        card = Card(name, "measure", "ours", "text")
        return Scores(np.concatenate(list(parts.values())), ids, roles, tied, card, {}, columns)

    return build
