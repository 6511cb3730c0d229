"""Which token follows, how often? The rows of a query are sorted by it, so only where it changes is looked at."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from byheart.index.shard import Shard


def next_tokens(shard: Shard, first: int, end: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """What follows the suffixes' first tokens.

    Args:
        shard: where they stand.
        first: first of their rows.
        end: first row behind them; more than `first`.
        length: tokens that they share.

    Returns:
        The different next tokens, int64 (m,), and how often each follows, int64 (m,). The end of a document counts as
        the separator.
    """

    def read(rows: np.ndarray) -> np.ndarray:
        at = shard.positions(rows) + length
        token = shard.tokens.take(np.minimum(at, shard.n_rows - 1)).astype(np.int64)
        return np.where(at < shard.n_rows, token, -1)  # the last document has no separator behind it, and comes first

    starts, tokens = constant_runs(read, first, end)
    tokens[tokens == -1] = shard.separator
    kinds, which = np.unique(tokens, return_inverse=True)
    return kinds, np.bincount(which, weights=np.diff(np.append(starts, end))).astype(np.int64)


def constant_runs(read: Callable[[np.ndarray], np.ndarray], first: int, end: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the runs of equal values start, in an array whose equal values stand together.

    Args:
        read: the values at given places, (n,) -> (n,).
        first: first place.
        end: first place behind; more than `first`.

    Returns:
        Start of each run, int64 (runs,), sorted, and its value. Takes about runs x log2(n / runs) reads.

    >>> values = np.array([3, 3, 3, 8, 8, 5])
    >>> constant_runs(lambda at: values[at], 0, 6)[0].tolist()
    [0, 3, 5]
    """
    a, b = np.array([first]), np.array([end - 1])
    value_a, value_b = read(a), read(b)
    starts, values = [a], [value_a]
    while a.size:
        differ = value_a != value_b
        a, b, value_a, value_b = a[differ], b[differ], value_a[differ], value_b[differ]
        next_to = b - a == 1
        starts.append(b[next_to])
        values.append(value_b[next_to])
        a, b, value_a, value_b = a[~next_to], b[~next_to], value_a[~next_to], value_b[~next_to]
        middle = (a + b) >> 1
        value = read(middle)
        a, b = np.concatenate([a, middle]), np.concatenate([middle, b])
        value_a, value_b = np.concatenate([value_a, value]), np.concatenate([value, value_b])
    start = np.concatenate(starts)
    order = np.argsort(start)
    return start[order], np.concatenate(values)[order]
