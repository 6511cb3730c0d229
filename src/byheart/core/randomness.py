"""Chance that belongs to a record, not to a process.

A draw depends on (seed, purpose, record id) only, so that answers do not change with batch size, order or workers.
"""

from __future__ import annotations

import hashlib

import numpy as np


def derive_seed(seed: int, *purpose: str) -> int:
    """A 63-bit seed for one purpose, from the user's seed."""
    text = "\x1f".join([str(int(seed)), *purpose])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def generator(seed: int, *purpose: str) -> np.random.Generator:
    """A numpy generator for one purpose.

    >>> generator(0, "a").random() == generator(0, "a").random()
    True
    >>> generator(0, "a").random() == generator(0, "b").random()
    False
    """
    return np.random.default_rng(derive_seed(seed, *purpose))
