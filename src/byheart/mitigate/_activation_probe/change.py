"""What is done to one activation, so that the model no longer reads "recited" in it?

With w and b of a probe, m0 = E[w.h | not recited] and mean0 = E[h | not recited]:

    shift   h <- h - alpha (w.h - m0) w / |w|^2            alpha = 1 gives w.h = m0
    gate    the same, where w.h + b > 0 only
    clamp   h_j <- h_j + alpha (mean0_j - h_j)             for the m coordinates that weigh most

Source: Slonski 2024, arXiv 2412.01014 (activations are changed to suppress recitation; the formulas are ours, as the
paper's own were not at hand).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from byheart.localize._activation_probe.probe import Probe


@dataclass(frozen=True, eq=False)
class Shift:
    """Move along w to where text that is not recited stands.

    Args:
        w: weights of the probe, float32 (dim,).
        b: its constant.
        m0: mean of w.h over what is not recited.
        alpha: how much of the way.
        gated: only where the probe says recited.
    """

    w: torch.Tensor
    b: float
    m0: float
    alpha: float
    gated: bool = False

    def __call__(self, h: torch.Tensor) -> torch.Tensor:
        """From (..., dim) to the same shape and type; computed in float32."""
        x, w = h.float(), self.w.to(h.device)
        at = x @ w
        way = self.alpha * (at - self.m0) / (w @ w)
        if self.gated:
            way = torch.where(at + self.b > 0, way, 0.0)
        return (x - way[..., None] * w).to(h.dtype)


@dataclass(frozen=True, eq=False)
class Clamp:
    """Set some coordinates to their mean over what is not recited.

    Args:
        places: which, int64 (m,).
        values: their means, float32 (m,).
        alpha: how much of the way.
    """

    places: torch.Tensor
    values: torch.Tensor
    alpha: float

    def __call__(self, h: torch.Tensor) -> torch.Tensor:
        """From (..., dim) to the same shape and type; computed in float32."""
        x, places = h.float().clone(), self.places.to(h.device)
        x[..., places] += self.alpha * (self.values.to(h.device) - x[..., places])
        return x.to(h.dtype)


@dataclass(frozen=True, eq=False)
class Astray:
    """The control of a change: every token is moved as far as by the change, but along a direction drawn by chance.

    Args:
        change: what it is the control of.
        w: weights of the probe, float32 (dim,); forward along them is forward along the drawn direction.
        drawn: the direction, of length 1, float32 (dim,).
    """

    change: Shift | Clamp
    w: torch.Tensor
    drawn: torch.Tensor

    def __call__(self, h: torch.Tensor) -> torch.Tensor:
        """From (..., dim) to the same shape and type."""
        x = h.float()
        moved = self.change(x) - x
        way = moved.norm(dim=-1) * torch.sign(moved @ self.w.to(h.device))
        gone: torch.Tensor = x + way[..., None] * self.drawn.to(h.device)
        return gone.to(h.dtype)


def heaviest(probe: Probe, m: int) -> np.ndarray:
    """The m coordinates that weigh most, int64 (m,): largest |w_j| in units of their spread."""
    weight = np.abs(probe.w * probe.scale)
    return np.sort(np.argsort(-weight, kind="stable")[:m])


def drawn_direction(dim: int, rng: np.random.Generator) -> torch.Tensor:
    """A direction of length 1, uniform on the sphere, float32 (dim,)."""
    x = rng.normal(size=dim)
    return torch.from_numpy((x / np.linalg.norm(x)).astype(np.float32))
