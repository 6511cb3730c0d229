"""How is a denoiser trained for all noise levels at once, and how does noise become data with few calls of it?

Source: Karras et al. 2022, arXiv 2206.00364 (EDM): table 1, equations 5, 7 and 8, algorithms 1 and 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Denoise = Callable[[Tensor, Tensor], Tensor]
"""(rows, features) with noise of standard deviation sigma (rows,) -> the rows without it."""


@dataclass(frozen=True)
class Preconditioning:
    """What is done around the raw network F, so that input, output and target all have unit variance.

    Args:
        sigma_data: standard deviation of the data.
    """

    sigma_data: float = 0.5

    def skip(self, sigma: Tensor) -> Tensor:
        """How much of the noisy input is passed on: 1 without noise, 0 when there is nothing but noise."""
        return self.sigma_data**2 / (sigma**2 + self.sigma_data**2)

    def out(self, sigma: Tensor) -> Tensor:
        """How much the network's output counts: 0 without noise, sigma_data when there is nothing but noise."""
        return sigma * self.sigma_data / (sigma**2 + self.sigma_data**2).sqrt()

    def enter(self, sigma: Tensor) -> Tensor:
        """Factor that gives the noisy input unit variance."""
        return 1 / (sigma**2 + self.sigma_data**2).sqrt()

    def denoised(self, network: Denoise, x: Tensor, sigma: Tensor) -> Tensor:
        """D(x, sigma) = skip x + out F(enter x, log(sigma) / 4), equation 7; (rows, features), sigma (rows,)."""
        s = sigma[:, None]
        return self.skip(s) * x + self.out(s) * network(self.enter(s) * x, sigma.log() / 4)

    def weight(self, sigma: Tensor) -> Tensor:
        """Weight of the squared error of D, 1 / out^2: the network's own error counts alike at every level."""
        return (sigma**2 + self.sigma_data**2) / (sigma * self.sigma_data) ** 2


def edm_loss(
    network: Denoise,
    x: Tensor,
    rng: torch.Generator,
    *,
    around: Preconditioning,
    mean: float = -1.2,
    spread: float = 1.2,
) -> Tensor:
    """Weighted squared error of the denoised rows at log-normal noise levels (equation 8), a scalar.

    Args:
        network: the raw network F.
        x: rows without noise, (rows, features).
        rng: draws levels and noise, on the CPU.
        around: the preconditioning.
        mean: of the logarithm of sigma.
        spread: its standard deviation.
    """
    sigma = (spread * torch.randn(len(x), generator=rng) + mean).exp().to(x)
    noise = torch.randn(x.shape, generator=rng).to(x) * sigma[:, None]
    error = around.denoised(network, x + noise, sigma) - x
    return (around.weight(sigma[:, None]) * error**2).mean()


def karras_sigmas(n_steps: int, *, low: float = 0.002, high: float = 80.0, rho: float = 7.0) -> Tensor:
    """Noise levels from `high` down to `low` and then 0, float64 (steps + 1,), equation 5.

    >>> karras_sigmas(3, low=1.0, high=4.0, rho=1.0).tolist()
    [4.0, 2.5, 1.0, 0.0]
    """
    ramp = torch.linspace(0, 1, n_steps, dtype=torch.float64)
    levels = (high ** (1 / rho) + ramp * (low ** (1 / rho) - high ** (1 / rho))) ** rho
    return torch.cat([levels, levels.new_zeros(1)])


def heun(
    denoise: Denoise, x: Tensor, sigmas: Tensor, *, churn: float = 0.0, rng: torch.Generator | None = None
) -> Tensor:
    """Follow the probability flow from noise to data with Heun's second-order steps (algorithms 1 and 2).

    Args:
        denoise: D(x, sigma), not the raw network.
        x: noise of standard deviation sigmas[0], (rows, features); its dtype is computed in.
        sigmas: falling noise levels, the last is 0, (steps + 1,).
        churn: S_churn, noise added back in each step; 0 is deterministic.
        rng: draws that noise, on the CPU; not needed without churn.
    """
    gamma = min(churn / (len(sigmas) - 1), math.sqrt(2) - 1)

    def slope(x: Tensor, sigma: float) -> Tensor:
        return (x - denoise(x, x.new_full((len(x),), sigma))) / sigma

    for now, after in zip(sigmas[:-1].tolist(), sigmas[1:].tolist(), strict=True):
        raised = now * (1 + gamma)
        if gamma > 0:
            x = x + math.sqrt(raised**2 - now**2) * torch.randn(x.shape, generator=rng, dtype=x.dtype).to(x.device)
        first = slope(x, raised)
        stepped = x + (after - raised) * first
        x = stepped if after == 0 else x + (after - raised) * (first + slope(stepped, after)) / 2
    return x
