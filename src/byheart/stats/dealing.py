"""What sums come out when some of many groups are drawn, without dealing every group every time?

Where groups times dealings are few, each dealing draws its groups. Where they are many, the smaller side alone is
drawn, which costs as much as that side is large. Where both sides are large, the groups that stand out most (in sum or
in size) are dealt one by one, and the rest, which are many and alike, follow the normal law given how many of them
were drawn (Hajek 1960). None of those that make tails heavy or sums rare is in that rest: so many are dealt one by one
that 1000 of them are expected on the smaller side, and then the law of Berry and Esseen leaves p off by some
thousandths at most.

Source: Hajek 1960, Publications of the Mathematical Institute of the Hungarian Academy of Sciences 5:361-374.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

MAX_DEALT = 100_000_000  # groups times dealings, above which not every group is dealt
MAX_SHUFFLED = 20_000_000  # records times dealings, the same for labels dealt within groups, which is slower
APART = 1000  # of the groups dealt one by one, so many are expected on the smaller side


def drawn_sums(
    sums: np.ndarray, sizes: np.ndarray, k: int, rng: np.random.Generator, n: int
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Total sum and size of k of the groups, drawn anew n times without replacement.

    Args:
        sums: of the values of each group, (groups,).
        sizes: of each group, (groups,).
        k: how many groups are drawn.
        rng: where chance comes from.
        n: how often.

    Returns:
        Sums and sizes, (n,) each, and whether a part of them follows the normal law.
    """
    if sums.size * n <= MAX_DEALT:
        picks = (rng.permutation(sums.size)[:k] for _ in range(n))
        return *_totals(sums, sizes, picks, n), False
    if 2 * k > sums.size:
        rest = drawn_sums(sums, sizes, sums.size - k, rng, n)
        return sums.sum() - rest[0], sizes.sum() - rest[1], rest[2]
    n_apart = math.ceil(APART * sums.size / max(k, 1))
    if k <= n_apart:
        picks = (rng.choice(sums.size, k, replace=False, shuffle=False) for _ in range(n))
        return *_totals(sums, sizes, picks, n), False
    return *_mostly_normal(sums, sizes, k, n_apart, rng, n), True


def _totals(sums: np.ndarray, sizes: np.ndarray, picks: Iterable[np.ndarray], n: int) -> tuple[np.ndarray, np.ndarray]:
    found = np.zeros((2, n))
    for i, picked in enumerate(picks):
        found[:, i] = sums[picked].sum(), sizes[picked].sum()
    return found[0], found[1]


def _mostly_normal(
    sums: np.ndarray, sizes: np.ndarray, k: int, n_apart: int, rng: np.random.Generator, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """The groups that stand out dealt one by one, the sum of the rest by the normal law."""
    both = np.stack([sums - sums.sum() / sizes.sum() * sizes, sizes]).astype(np.float64)
    spread = both.std(axis=1, keepdims=True)
    apart = np.abs(both - both.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
    order = np.argsort(-apart.max(axis=0), kind="stable")
    out, rest = order[:n_apart], order[n_apart:]
    n_out = rng.hypergeometric(out.size, rest.size, k, size=n)
    sums_out, sizes_out = _totals(sums[out], sizes[out], (rng.permutation(out.size)[:j] for j in n_out.tolist()), n)
    table = np.stack([sums[rest], sizes[rest]]).astype(np.float64)
    left = k - n_out
    scale = np.sqrt(left * (rest.size - left) / (rest.size - 1))
    values, vectors = np.linalg.eigh(np.cov(table, ddof=0))
    drawn = (vectors * np.sqrt(np.maximum(values, 0.0))) @ rng.standard_normal((2, n)) * scale
    drawn += table.mean(axis=1, keepdims=True) * left
    return sums_out + drawn[0], sizes_out + drawn[1]


def drawn_within(
    values: np.ndarray, is_member: np.ndarray, codes: np.ndarray, rng: np.random.Generator, n: int
) -> tuple[np.ndarray, bool]:
    """Sum of as many values of each group as it has members, drawn anew within each group, n times.

    Args:
        values: of the records, (rows,).
        is_member: bool (rows,).
        codes: group of each record, int (rows,).
        rng: where chance comes from.
        n: how often.

    Returns:
        Sums (n,), and whether a part of them follows the normal law.
    """
    order = np.lexsort((~is_member, codes))  # by group, members first
    value, member, code = values[order], is_member[order], codes[order]
    if code.size * n <= MAX_SHUFFLED:
        return _shuffled(value, member, code, rng, n), False
    start = np.flatnonzero(np.diff(code, prepend=-1))
    size, drawn = np.diff(np.append(start, code.size)), np.add.reduceat(member.astype(np.float64), start)
    mean = np.add.reduceat(value, start) / size
    square = np.add.reduceat((value - np.repeat(mean, size)) ** 2, start) / np.maximum(size - 1, 1)
    variance = drawn * (size - drawn) / size * square
    limit = math.ceil(APART * code.size / float((drawn * (size - drawn) / size).sum()))
    total, normal = np.zeros(n), False
    for g in np.flatnonzero(size > limit).tolist():  # so large that its own records are as many as groups elsewhere
        inside = slice(start[g], start[g] + size[g])
        found, _, part = drawn_sums(value[inside], np.ones(int(size[g])), int(drawn[g]), rng, n)
        total, normal = total + found, normal or part
    small = np.flatnonzero(size <= limit)
    small = small[np.argsort(-variance[small], kind="stable")]
    apart = small[np.cumsum(size[small]) <= limit]
    rest = small[apart.size :]
    rows = np.isin(np.repeat(np.arange(size.size), size), apart)
    total += _shuffled(value[rows], member[rows], code[rows], rng, n)
    total += float((drawn * mean)[rest].sum()) + float(variance[rest].sum()) ** 0.5 * rng.standard_normal(n)
    return total, normal or rest.size > 0


def _shuffled(value: np.ndarray, member: np.ndarray, code: np.ndarray, rng: np.random.Generator, n: int) -> np.ndarray:
    """The sums with every group shuffled; rows by group, members first."""
    found = np.zeros(n)
    for i in range(n):
        found[i] = value[np.lexsort((rng.random(code.size), code))][member].sum()
    return found
