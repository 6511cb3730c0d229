"""In how many ways can a prefix be disturbed, and which of its tokens then stand where?

An operator says, for every place of the new prefix, which place of the old one its token came from; -1 is a token that
was not there. All else follows from that: the new tokens, and how much has changed (see `positional_change`).

Source: Zhao et al. 2024, arXiv 2403.11473, for scrambled order (`random`, `adjacent`, `rotate` and older relatives),
re-told from its definitions; Zhang et al. 2025, arXiv 2506.12321 (prefixes perturbed, strength by positional changes);
the operators that change which tokens there are, and where, are ours.
Departs from it: a random swap takes two different places, so that it always moves something; the middle token of an odd
number stays in place under `rotate`; the same units, tokens, are used everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from byheart.core.errors import UsageError

SCRAMBLING = ("random", "adjacent", "rotate", "first_last", "fix_ends", "trigram", "reverse")
"""Operators that keep the tokens and change their order, over the whole prefix."""
EDITING = ("delete", "insert", "replace", "replace_like", "swap", "shuffle")
"""Operators on `budget` tokens at a location."""
LETTERS = ("typo", "case")
"""Operators on letters; the text is cut into tokens anew."""
OPERATORS = ("none", *SCRAMBLING, *EDITING, *LETTERS)
LOCATIONS = ("random", "start", "middle", "end")


@dataclass(frozen=True)
class Perturbation:
    """One way to disturb a prefix.

    Args:
        operator: one of `SCRAMBLING`, `EDITING`, `LETTERS`, or `none`.
        budget: random swaps, edited tokens or letters, pairs, or the width of the shuffled window.
        location: one of `LOCATIONS`; or the number of a token, from 0.
        repeat: tells draws of the same kind apart.

    Raises:
        UsageError: if the operator or location is unknown or the budget below 1.
    """

    operator: str
    budget: int = 1
    location: str | int = "random"
    repeat: int = 0

    def __post_init__(self) -> None:
        if self.operator not in OPERATORS:
            raise UsageError(f"an operator is one of {', '.join(OPERATORS)}; got {self.operator!r}")
        if self.budget < 1 or (isinstance(self.location, str) and self.location not in LOCATIONS):
            raise UsageError(
                f"a budget is at least 1, a location one of {', '.join(LOCATIONS)} or a number; "
                f"got {self.budget} at {self.location!r}"
            )

    @property
    def name(self) -> str:
        """`operator`, `operator/4` where the budget matters, `operator/4/end` where the location does."""
        parts = [self.operator]
        if self.operator in ("random", *EDITING, *LETTERS):
            parts.append(str(self.budget))
        if self.operator in (*EDITING, *LETTERS):
            parts.append(str(self.location))
        return "/".join(parts)


def moved(n: int, how: Perturbation, rng: np.random.Generator) -> np.ndarray:
    """For every place of the new prefix, the old place of its token; -1 for a new one. int64 (n', ).

    No longer than the old prefix: what an insertion pushes out on the left is gone. A shuffle may by chance leave all
    in place; its strength then is 0.

    Args:
        n: tokens in the old prefix.
        how: the perturbation; not one of letters.
        rng: its chance.

    Raises:
        UsageError: if the prefix is shorter than the budget.
    """
    needed = {"swap": 2 * how.budget, "delete": how.budget + 1}.get(how.operator, how.budget)
    if how.operator in EDITING and n < needed:
        raise UsageError(f"{how.name} needs a prefix of at least {needed} tokens; got {n}")
    return _MOVES[how.operator](n, how, rng)[-n:] if n else np.zeros(0, np.int64)


def filled(ids: np.ndarray, source: np.ndarray, draw: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The new prefix, int32 (n',).

    Args:
        ids: the old prefix (n,).
        source: as from `moved`, (n',).
        draw: gives new tokens for the tokens that they take the place of (k,), never the same ones.
    """
    new = source < 0
    made = ids[np.where(new, np.minimum(np.arange(source.size), ids.size - 1), source)].astype(np.int32)
    if new.any():
        made[new] = draw(made[new])
    return made


def another_token(ids: np.ndarray, vocabulary: int, rng: np.random.Generator) -> np.ndarray:
    """For each token (k,) a different one, all equally likely, int32 (k,)."""
    other: np.ndarray = (ids + rng.integers(1, vocabulary, ids.size)) % vocabulary
    return other.astype(np.int32)


def token_like(ids: np.ndarray, counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each token (k,) a different one of the same tenth of the tokens that occur, by how often they do. int32 (k,).

    Args:
        ids: the tokens.
        counts: how often each token of the vocabulary occurs, (vocabulary,).
        rng: chance.
    """
    occurring = np.flatnonzero(counts)
    order = occurring[np.argsort(counts[occurring], kind="stable")]
    tenth = np.full(counts.size, -1)
    tenth[order] = np.arange(order.size) * 10 // max(order.size, 1)
    made = another_token(ids, counts.size, rng)
    for i, t in enumerate(ids):
        alike = np.setdiff1d(np.flatnonzero(tenth == tenth[t]), [t])
        if alike.size:
            made[i] = rng.choice(alike)
    return made


def disturbed_text(text: str, how: Perturbation, rng: np.random.Generator) -> str:
    """A text with `budget` typing errors (two neighbouring letters exchanged) or letters of the other case.

    Letters that make no difference (equal neighbours, no other case) are passed over; fewer are changed where there are
    not enough others.
    """
    letters = list(text)
    if how.operator == "case":
        open_ = [i for i, c in enumerate(letters) if c.swapcase() != c]
    else:
        open_ = [i for i in range(len(letters) - 1) if letters[i] != letters[i + 1]]
    for k in places(len(open_), min(how.budget, len(open_)), how.location, rng):
        i = open_[k]
        if how.operator == "case":
            letters[i] = letters[i].swapcase()
        else:
            letters[i : i + 2] = letters[i + 1], letters[i]
    return "".join(letters)


def places(n: int, k: int, location: str | int, rng: np.random.Generator) -> np.ndarray:
    """So many of n places, in ascending order, int64 (k,).

    >>> places(10, 2, "end", np.random.default_rng(0)).tolist()
    [8, 9]
    """
    if location == "random":
        return np.sort(rng.choice(n, k, replace=False)).astype(np.int64)
    first = {"start": 0, "middle": (n - k) // 2, "end": n - k}.get(str(location))
    first = int(np.clip(int(location), 0, n - k)) if first is None else first
    return np.arange(first, first + k)


def _random(n: int, how: Perturbation, rng: np.random.Generator) -> np.ndarray:
    source = np.arange(n)
    for _ in range(how.budget if n > 1 else 0):
        pair = rng.choice(n, 2, replace=False)
        source[pair] = source[pair[::-1]]
    return source


def _pairs(n: int, first: Sequence[int] | np.ndarray) -> np.ndarray:
    """Each of these places exchanged with the next one."""
    source, left = np.arange(n), np.asarray(first, np.int64)
    source[left], source[left + 1] = left + 1, left
    return source


def _rotate(n: int, how: Perturbation, rng: np.random.Generator) -> np.ndarray:
    half, order = n // 2, np.arange(n)
    return np.concatenate([order[n - half :], order[half : n - half], order[:half]])


def _first_last(n: int, how: Perturbation, rng: np.random.Generator) -> np.ndarray:
    source = np.arange(n)
    source[[0, -1]] = source[[-1, 0]]
    return source


def _shuffled(n: int, blocks: Sequence[slice], rng: np.random.Generator) -> np.ndarray:
    source = np.arange(n)
    for block in blocks:
        source[block] = rng.permutation(source[block])
    return source


def _insert(n: int, how: Perturbation, rng: np.random.Generator) -> np.ndarray:
    after = places(n, how.budget, how.location, rng) + 1  # before the first token it would only be pushed out again
    return np.insert(np.arange(n), after, -1)


def _replace(n: int, how: Perturbation, rng: np.random.Generator) -> np.ndarray:
    source = np.arange(n)
    source[places(n, how.budget, how.location, rng)] = -1
    return source


def _swap(n: int, how: Perturbation, rng: np.random.Generator) -> np.ndarray:
    k = how.budget
    if how.location == "random":
        return _pairs(n, places(n - k, k, "random", rng) + np.arange(k))
    return _pairs(n, places(n, 2 * k, how.location, rng)[::2])


def _window(n: int, how: Perturbation, rng: np.random.Generator) -> np.ndarray:
    where = int(rng.integers(n - how.budget + 1)) if how.location == "random" else how.location
    first = int(places(n, how.budget, where, rng)[0])
    return _shuffled(n, [slice(first, first + how.budget)], rng)


_MOVES: dict[str, Callable[[int, Perturbation, np.random.Generator], np.ndarray]] = {
    "none": lambda n, how, rng: np.arange(n),
    "random": _random,
    "adjacent": lambda n, how, rng: _pairs(n, np.arange(0, n - 1, 2)),
    "rotate": _rotate,
    "first_last": _first_last,
    "fix_ends": lambda n, how, rng: _shuffled(n, [slice(1, n - 1)], rng),
    "trigram": lambda n, how, rng: _shuffled(n, [slice(i, i + 3) for i in range(0, n, 3)], rng),
    "reverse": lambda n, how, rng: np.arange(n)[::-1].copy(),
    "delete": lambda n, how, rng: np.delete(np.arange(n), places(n, how.budget, how.location, rng)),
    "insert": _insert,
    "replace": _replace,
    "replace_like": _replace,
    "swap": _swap,
    "shuffle": _window,
}
