"""Which direction separates two classes of activations?

Source: Hastie, Tibshirani & Friedman 2009, The Elements of Statistical Learning, sections 4.3 and 4.4 (LDA, logistic
regression); Ledoit & Wolf 2004, Journal of Multivariate Analysis 88:365-411 (shrinkage of the covariance); Platt 1999
(log-odds from a projection).
Departs from it: numbers are scaled by median and quartiles and, for fitting only, cut at `CUT` of these, so that a few
massive activations do not decide; the line itself is applied to what is, uncut.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.covariance import ledoit_wolf
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

Kind = Literal["logistic", "means", "lda"]
KINDS: tuple[Kind, ...] = ("logistic", "means", "lda")
CUT = 8.0
QUARTILES = 1.349  # interquartile range of a normal law, in standard deviations


@dataclass(frozen=True, eq=False)
class Scaling:
    """Centre and scale of each number, (dim,) each; of the middle half of the events."""

    centre: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray) -> Scaling:
        """From activations (events, dim); a number that hardly varies keeps its standard deviation, or 1."""
        low, centre, high = np.quantile(x, [0.25, 0.5, 0.75], axis=0).astype(np.float64)
        spread = x.std(axis=0, dtype=np.float64)
        scale = np.where(high - low > 1e-3 * spread, (high - low) / QUARTILES, spread)
        return cls(centre, np.where(scale > 0, scale, 1.0))

    def cut(self, x: np.ndarray) -> np.ndarray:
        """Scaled and cut, float64 (events, dim)."""
        z: np.ndarray = np.clip((x - self.centre) / self.scale, -CUT, CUT)
        return z


@dataclass(frozen=True, eq=False)
class Line:
    """Log-odds w·h + b, in the units of the activation; w (dim,)."""

    w: np.ndarray
    b: float

    def logit(self, x: np.ndarray) -> np.ndarray:
        """Log-odds (events,) of activations (events, dim)."""
        odds: np.ndarray = x.astype(np.float64) @ self.w + self.b
        return odds


def fit(x: np.ndarray, positive: np.ndarray, *, kind: Kind = "logistic", strength: float = 1e-2) -> Line:
    """Fit a direction.

    Args:
        x: activations (events, dim).
        positive: bool (events,); the classes weigh the same, however many events they have.
        kind: logistic regression, difference of means, or linear discriminant with a shrunk covariance.
        strength: C of the logistic regression, the inverse of its L2 penalty.
    """
    scaling = Scaling.of(x)
    z = scaling.cut(x)
    if kind == "logistic":
        w, b = _logistic(z, positive, strength)
    else:
        gap = z[positive].mean(axis=0) - z[~positive].mean(axis=0)
        w = gap if kind == "means" else np.linalg.solve(_within(z, positive), gap)
        slope, b = _logistic((z @ w)[:, None], positive, 1.0)
        w = w * slope[0]
    raw = w / scaling.scale
    return Line(raw, float(b - raw @ scaling.centre))


def _within(z: np.ndarray, positive: np.ndarray) -> np.ndarray:
    centred = z.copy()
    for side in (positive, ~positive):
        centred[side] -= z[side].mean(axis=0)
    covariance: np.ndarray = ledoit_wolf(centred, assume_centered=True)[0]
    return covariance + 1e-9 * np.eye(z.shape[1])


def _logistic(z: np.ndarray, positive: np.ndarray, strength: float) -> tuple[np.ndarray, float]:
    model = LogisticRegression(C=strength, class_weight="balanced", max_iter=500, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(z, positive)
    return model.coef_[0].astype(np.float64), float(model.intercept_[0])
