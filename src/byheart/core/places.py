"""Where does a record of this name stand?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from byheart.core.errors import DataError


def places(ids: np.ndarray, wanted: np.ndarray | Sequence[str]) -> np.ndarray:
    """The place of each wanted id among unique ids, int64 (wanted,); -1 where it is not there.

    >>> places(np.array(["a", "b", "c"]), ["c", "x", "a"]).tolist()
    [2, -1, 0]
    """
    place = {name: i for i, name in enumerate(ids.tolist())}
    return np.fromiter((place.get(name, -1) for name in np.asarray(wanted, object).tolist()), np.int64, len(wanted))


def aligned(values: np.ndarray, ids: np.ndarray, wanted: np.ndarray | Sequence[str]) -> np.ndarray:
    """The values (n,) of these records in the order of other ids, float64 (wanted,); NaN where an id is not there.

    >>> aligned(np.array([1.0, 2.0]), np.array(["a", "b"]), ["b", "x"]).tolist()
    [2.0, nan]
    """
    with_absent = np.append(np.asarray(values, np.float64), np.nan)  # which is at place -1
    found: np.ndarray = with_absent[places(ids, wanted)]
    return found


def known_places(ids: np.ndarray, wanted: np.ndarray | Sequence[str], *, skip_unknown: bool) -> np.ndarray:
    """As `places`, of those ids alone that are there, int64 (known,).

    Raises:
        DataError: if one is not there, unless those are to be skipped.
    """
    found = places(ids, wanted)
    unknown = np.flatnonzero(found < 0)
    if unknown.size and not skip_unknown:
        such = f", such as {ids[0]!r}" if len(ids) else ""
        raise DataError(f"no record has the id {wanted[int(unknown[0])]!r}; there are {len(ids)}{such}")
    return found[found >= 0]
