"""How many made-up rows hold a cell, or a combination of cells, that no real row would?

Source: Fang et al. 2024, arXiv 2412.11044, Table 5 (out-of-distribution ratio): a small neural network learns to tell
training rows from training rows with one spoilt cell; the ratio is the share of augmented rows that it calls spoilt.
Departs from it: half of the training rows teach it and the other half say how often it calls a real row spoilt, without
which the ratio cannot be read; a spoilt category is a category that occurs (the paper's text) or one that never does
(its code); numbers are scaled, and cut off at `LIMIT` standard deviations, before the network sees them.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from byheart.core.errors import TooFewRecords, UsageError
from byheart.core.items.rows import Rows
from byheart.core.randomness import derive_seed, generator
from byheart.core.verdict import Estimate
from byheart.stats.intervals import proportion

Spoilt = Literal["existing", "unknown"]
FEWEST = 20  # training rows
COMMON = 50  # categories of a column that the network knows by name
LIMIT = 10.0  # standard deviations
WIDTH = 64  # units of the network's one layer
UNKNOWN = -1


@dataclass(frozen=True)
class OutOfDistribution:
    """Shares of rows that look spoilt.

    Args:
        augmented: share of the new rows.
        real: share of real rows that the network did not learn from: what is called spoilt by mistake.
        found: share of rows with one spoilt cell, made of those real rows: what the network can see at all.
        odds: how sure the network is that each new row is spoilt, 0 to 1, (new rows,).
    """

    augmented: Estimate
    real: Estimate
    found: Estimate
    odds: np.ndarray = field(compare=False)


def out_of_distribution_ratio(
    rows: Rows,
    is_new: np.ndarray,
    *,
    factor: float = 100.0,
    spoilt: Spoilt = "existing",
    seed: int,
    level: float = 0.95,
) -> OutOfDistribution:
    """Share of new rows that a network takes for spoilt ones, beside what it says of real rows.

    Args:
        rows: real rows and new ones in one table (n, columns), so that a category has one code.
        is_new: bool (n,), true for the new ones.
        factor: a spoilt number is the number times this: 100 in the paper's text, 10 in its code.
        spoilt: a spoilt category is another one that is `existing`, or one that is `unknown`.
        seed: deals the real rows into halves, spoils cells and begins the network.
        level: coverage of the intervals.

    Returns:
        Three shares, 0 to 1. Where `augmented` is not above `real`, nothing is out of distribution; where `found` is
        hardly above `real`, the network sees nothing and the ratio says nothing.

    Raises:
        TooFewRecords: with fewer than 20 real rows, or no new one.
        UsageError: on a way to spoil that there is not.
    """
    if spoilt not in get_args(Spoilt):
        raise UsageError(f"spoilt is one of {', '.join(get_args(Spoilt))}; got {spoilt!r}")
    real, new = np.flatnonzero(~is_new), np.flatnonzero(is_new)
    if real.size < FEWEST or not new.size:
        raise TooFewRecords(f"give {FEWEST} real rows and a new one or more; got {real.size} and {new.size}")
    rng = generator(seed, "out of distribution")
    real = rng.permutation(real)
    learn, judge = real[: real.size // 2], real[real.size // 2 :]
    cells = _Cells(rows.numbers, rows.codes)
    spoil = _Spoiling(cells.take(learn), factor, spoilt)
    encoding = _Encoding(cells.take(learn))
    taught = [encoding.matrix(cells.take(learn)), encoding.matrix(spoil.one_cell(cells.take(learn), rng))]
    network = _network(taught, seed)

    def share(of: _Cells) -> Estimate:
        return proportion(network.predict(encoding.matrix(of)) == 1, level=level)

    held_out, made = cells.take(judge), cells.take(new)
    odds = network.predict_proba(encoding.matrix(made))[:, 1]
    return OutOfDistribution(share(made), share(held_out), share(spoil.one_cell(held_out, rng)), odds)


def _network(taught: list[np.ndarray], seed: int) -> MLPClassifier:
    """A network that answers 1 for spoilt."""
    network = MLPClassifier((WIDTH,), random_state=derive_seed(seed, "network") % 2**32, max_iter=100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # what it learned is judged by `real` and `found`
        return network.fit(np.concatenate(taught), np.repeat([0, 1], [len(x) for x in taught]))


@dataclass(frozen=True, eq=False)
class _Cells:
    """Numbers float64 (m, p), NaN where missing; codes int (m, c)."""

    numbers: np.ndarray
    codes: np.ndarray

    def take(self, places: np.ndarray) -> _Cells:
        return _Cells(self.numbers[places], self.codes[places])


class _Spoiling:
    """Spoils one random cell of each row."""

    def __init__(self, known: _Cells, factor: float, spoilt: str) -> None:
        self._factor = factor
        there = [[UNKNOWN] if spoilt == "unknown" else np.unique(column) for column in known.codes.T]
        self._choices = [np.asarray(values) for values in there]

    def one_cell(self, rows: _Cells, rng: np.random.Generator) -> _Cells:
        """A copy with one cell of each row spoilt; a missing number stays missing."""
        numbers, codes = rows.numbers.copy(), rows.codes.copy()
        n, p = numbers.shape
        column = rng.integers(0, p + codes.shape[1], size=n)
        for j in range(p):
            numbers[column == j, j] *= self._factor
        for j, choices in enumerate(self._choices):
            at = np.flatnonzero(column == p + j)
            codes[at, j] = _another(codes[at, j], choices, rng)
        return _Cells(numbers, codes)


def _another(codes: np.ndarray, choices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One of the choices, never the code itself if there is another, int (m,)."""
    if choices.size < 2:
        return np.full(codes.size, choices[0])
    known = np.searchsorted(choices, codes)
    own = np.where(choices[np.minimum(known, choices.size - 1)] == codes, known, -1)
    step = rng.integers(1, choices.size, size=codes.size)
    return np.asarray(choices[np.where(own < 0, step, own + step) % choices.size])


class _Encoding:
    """Cells as the network reads them, scaled and named by the rows it learns from."""

    def __init__(self, known: _Cells) -> None:
        there = np.isfinite(known.numbers)
        n = np.maximum(there.sum(axis=0), 1)
        self._mean = np.where(there, known.numbers, 0.0).sum(axis=0) / n
        spread = np.sqrt((np.where(there, known.numbers - self._mean, 0.0) ** 2).sum(axis=0) / n)
        self._spread = np.where(spread > 0, spread, 1.0)
        self._names = [_most_frequent(column) for column in known.codes.T]

    def matrix(self, rows: _Cells) -> np.ndarray:
        """Scaled numbers, which are missing, and one column per category and for any other, float64 (m, width)."""
        missing = ~np.isfinite(rows.numbers)
        x = np.where(missing, 0.0, (rows.numbers - self._mean) / self._spread)
        blocks = [np.clip(x, -LIMIT, LIMIT), missing.astype(np.float64)]
        for column, names in zip(rows.codes.T, self._names, strict=True):
            named = column[:, None] == names
            blocks += [named.astype(np.float64), ~named.any(axis=1, keepdims=True)]
        return np.concatenate(blocks, axis=1)


def _most_frequent(codes: np.ndarray) -> np.ndarray:
    values, counts = np.unique(codes, return_counts=True)
    return values[np.argsort(-counts, kind="stable")[:COMMON]]
