"""Which records hang together through pairs that are alike, and how loosely?"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def clusters_of(pairs: np.ndarray, n: int) -> np.ndarray:
    """The first record of each record's cluster, int64 (n,); a record alike to none is its own.

    Args:
        pairs: rows that are alike, int64 (pairs, 2).
        n: records.

    >>> clusters_of(np.array([[0, 2], [2, 3]]), 5).tolist()
    [0, 1, 0, 0, 4]
    """
    links = coo_matrix((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, component = connected_components(links, directed=False)
    first: np.ndarray = np.unique(component, return_index=True)[1]
    found: np.ndarray = first[component].astype(np.int64)
    return found
