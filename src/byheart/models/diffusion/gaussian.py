"""What does noise do to a number step by step, and what is the exact way back when the number is known?

Source: Ho et al. 2020, arXiv 2006.11239, equations 4, 7 and 15 (DDPM); Nichol & Dhariwal 2021, arXiv 2102.09672,
equation 17 (cosine schedule). Steps count from 0, where a row has been noised once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


def cosine_betas(n_steps: int, *, offset: float = 0.008, largest: float = 0.999) -> Tensor:
    """Share of variance replaced by noise in each step, float64 (steps,), rising, each at most `largest`."""
    time = torch.arange(n_steps + 1, dtype=torch.float64) / n_steps
    kept = torch.cos((time + offset) / (1 + offset) * math.pi / 2) ** 2
    return (1 - kept[1:] / kept[:-1]).clamp(max=largest)


@dataclass(frozen=True, eq=False)
class GaussianDiffusion:
    """Noise on numbers.

    Args:
        betas: share of variance replaced by noise in each step, float64 (steps,), in (0, 1).
    """

    betas: Tensor

    @cached_property
    def alpha_bars(self) -> Tensor:
        """Share of variance that is still the row's own after each step, float64 (steps,)."""
        return torch.cumprod(1 - self.betas, 0)

    @cached_property
    def alpha_bars_before(self) -> Tensor:
        """The same one step earlier, 1 at the beginning."""
        return torch.cat([torch.ones_like(self.betas[:1]), self.alpha_bars[:-1]])

    def noised(self, x: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """q(x_t | x_0), equation 4: rows x (rows, numbers) after step t (rows,) with this standard normal noise."""
        kept = self.alpha_bars[t, None]
        return kept.sqrt().to(x) * x + (1 - kept).sqrt().to(x) * noise

    def original(self, x_t: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """The row that `noised` made x_t from, if this was the noise (equation 15)."""
        kept = self.alpha_bars[t, None]
        return (x_t - (1 - kept).sqrt().to(x_t) * noise) / kept.sqrt().to(x_t)

    def posterior(self, x: Tensor, x_t: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """q(x_{t-1} | x_t, x_0), equation 7.

        Returns:
            Mean (rows, numbers) and variance (rows, 1); at t = 0 the mean is x itself and the variance 0.
        """
        beta, kept, kept_before = self.betas[t, None], self.alpha_bars[t, None], self.alpha_bars_before[t, None]
        of_row = kept_before.sqrt() * beta / (1 - kept)
        of_noised = (1 - beta).sqrt() * (1 - kept_before) / (1 - kept)
        variance = (1 - kept_before) / (1 - kept) * beta
        return of_row.to(x) * x + of_noised.to(x) * x_t, variance.to(x)
