"""Signals written by hand: one list per token array, one list inside per record."""

import numpy as np
import pytest

from byheart.core.ragged import Ragged
from byheart.core.signals import Signals

TYPES = {"token_ids": np.int32, "scored": np.uint8, "secret": np.uint8, "rank": np.int32}


@pytest.fixture
def written():
    """`written(logprob=[[-1.0, -2.0]], n_zlib=[10], roles=["member"])`: lists of lists are ragged, lists are dense."""

    def make(*, ids=None, roles=None, groups=None, **columns):
        arrays = {}
        for name, rows in columns.items():
            ragged = all(isinstance(r, list | np.ndarray | range) for r in rows)
            arrays[name] = Ragged.of(rows, dtype=TYPES.get(name, np.float32)) if ragged else np.asarray(rows)
        n = len(next(iter(columns.values())))
        names = np.array(ids or [f"r{i}" for i in range(n)], dtype=object)
        jobs = np.array(roles or ["member"] * n, dtype=object)
        return Signals(names, jobs, names if groups is None else np.array(groups, dtype=object), arrays)

    return make
