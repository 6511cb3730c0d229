"""How much has a prefix been disturbed, by what moved where, and by what is another token now?

Source: Zhao et al. 2024, arXiv 2403.11473 (`lineage`: tokens that moved and neighbours that parted, per token);
Zhang et al. 2025, arXiv 2506.12321 (perturbation strength by positional changes of tokens).
Departs from it: measured on places and on tokens. Exchanging two equal tokens moves them and changes nothing, so that
repetitive prefixes receive weaker perturbations from the same operator; only what is measured on tokens tells.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from byheart.compare.text.alignment import edit_distance

STRENGTHS = (
    "lineage", "lineage_tokens", "disp_abs", "disp_rel", "displacement", "kendall", "position", "position_end", "edit",
)  # fmt: skip
"""What `strengths` gives; the last three and `lineage_tokens` are measured on tokens, the others on places."""


def strengths(before: np.ndarray, after: np.ndarray, source: np.ndarray) -> dict[str, float]:
    """Every strength of one perturbation, by the names of `STRENGTHS`.

    Args:
        before: token ids (n,).
        after: token ids (n',).
        source: for each new place the old one, -1 for a new token, (n',).

    Returns:
        0 where nothing changed. `lineage` and `lineage_tokens` up to 3, `disp_abs` in tokens, the others up to 1. NaN
        where it has no meaning: order measures when the tokens are no longer the same ones.
    """
    n = before.size
    return {
        "lineage": lineage(source, n),
        "lineage_tokens": lineage(on_tokens(before, after), n),
        "disp_abs": mean_shift(source, n),
        "disp_rel": parted(source, n),
        "displacement": displacement(source, n),
        "kendall": discordant(source),
        "position": changed_places(before, after),
        "position_end": changed_places(before, after, align="end"),
        "edit": edit_distance(before.tolist(), after.tolist()) / max(n, after.size, 1),
    }


def lineage(source: np.ndarray, n: int) -> float:
    """P = (A + B) / n, between 0 (nothing moved) and 3; NaN if the tokens are not a reordering of all n.

    A counts places whose token came from elsewhere; B counts neighbours that were none before twice, and each end that
    changed once.

    >>> lineage(np.array([1, 0, 3, 2]), 4)
    3.0
    """
    if not _reordered(source, n):
        return np.nan
    if n == 0:
        return 0.0
    a = np.count_nonzero(source != np.arange(n))
    b = 2 * np.count_nonzero(np.diff(source) != 1) + (source[0] != 0) + (source[-1] != n - 1)
    return float((a + b) / n)


def mean_shift(source: np.ndarray, n: int) -> float:
    """Mean distance that a token moved, in tokens; NaN unless a reordering."""
    return float(np.abs(source - np.arange(n)).mean()) if n and _reordered(source, n) else (np.nan if n else 0.0)


def parted(source: np.ndarray, n: int) -> float:
    """Share of neighbours that were none before; NaN unless a reordering."""
    return float((np.diff(source) != 1).mean()) if n > 1 and _reordered(source, n) else (np.nan if n > 1 else 0.0)


def displacement(source: np.ndarray, n: int) -> float:
    """Mean over the old tokens of the distance moved / (n - 1), between 0 and 1; a token that is gone counts 1."""
    if n == 0:
        return 0.0
    shift = np.ones(n)
    kept = source >= 0
    shift[source[kept]] = np.minimum(np.abs(np.flatnonzero(kept) - source[kept]) / max(n - 1, 1), 1)
    return float(shift.mean())


def discordant(source: np.ndarray) -> float:
    """Share of pairs of kept tokens whose order is turned, between 0 and 1 (reversed)."""
    kept = source[source >= 0]
    pairs = kept.size * (kept.size - 1) / 2
    return float(np.count_nonzero(np.triu(kept[:, None] > kept[None, :])) / pairs) if pairs else 0.0


def changed_places(before: np.ndarray, after: np.ndarray, *, align: Literal["start", "end"] = "start") -> float:
    """Share of places with another token; what sticks out where one is longer counts as changed.

    Args:
        before: token ids (n,).
        after: token ids (n',).
        align: which ends are laid side by side; a model reads the prefix's end last.
    """
    longer, shorter = max(before.size, after.size), min(before.size, after.size)
    if longer == 0:
        return 0.0
    side = slice(None, shorter) if align == "start" else slice(-shorter, None)
    same = np.count_nonzero(before[side] == after[side]) if shorter else 0
    return float((longer - same) / longer)


def on_tokens(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The mapping as the tokens show it, int64 (n',): whatever stands where an equal token stood did not move.

    The other tokens come from the places of equal ones that are still free, in order; -1 where there is none.

    >>> on_tokens(np.array([7, 8, 7, 8]), np.array([7, 8, 7, 8])).tolist()
    [0, 1, 2, 3]
    """
    source = np.full(after.size, -1, np.int64)
    shorter = min(before.size, after.size)
    stays = np.flatnonzero(before[:shorter] == after[:shorter])
    source[stays] = stays
    for token in np.unique(after[source < 0]):
        free = np.setdiff1d(np.flatnonzero(before == token), stays)
        wanted = np.flatnonzero((after == token) & (source < 0))
        source[wanted[: free.size]] = free[: wanted.size]
    return source


def nearest_change(before: np.ndarray, after: np.ndarray) -> int:
    """Tokens between the last changed one and the end of the prefix, laid end to end; -1 if all are the same.

    >>> nearest_change(np.array([1, 2, 3]), np.array([1, 9, 3]))
    1
    """
    shorter = min(before.size, after.size)
    differs = before[before.size - shorter :] != after[after.size - shorter :]
    if differs.any():
        return int(shorter - 1 - np.flatnonzero(differs)[-1])
    return -1 if before.size == after.size else shorter


def _reordered(source: np.ndarray, n: int) -> bool:
    return source.size == n and np.array_equal(np.sort(source), np.arange(n))
