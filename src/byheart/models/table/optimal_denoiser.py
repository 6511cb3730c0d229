"""What would a diffusion model do that learned its task perfectly? It would recite its training rows.

The optimum of denoising score matching over a finite training set is known in closed form, and with an exact solver
each of its samples is a training row. Real models are kept from it by their size and by the length of their training.
It is the positive control of everything that looks for copies.

Source: Karras et al. 2022, arXiv 2206.00364, appendix B.3; Gu et al. 2023, arXiv 2310.02664; Fang et al. 2024,
arXiv 2412.11044, proposition 3.1.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from byheart.core.digest import digest_json
from byheart.core.errors import TargetError
from byheart.core.randomness import derive_seed
from byheart.core.schema import Schema
from byheart.models.diffusion.edm import heun, karras_sigmas
from byheart.models.table.codec import TableCodec

CHUNK = 1024  # samples at once: the weights are (samples, rows)


class EmpiricalOptimalDenoiser:
    """The closed-form denoiser of some training points.

    Args:
        latents: training points, (points, features).
    """

    def __init__(self, latents: np.ndarray | Tensor) -> None:
        self.latents = torch.as_tensor(latents, dtype=torch.float64)

    def weights(self, z: Tensor, sigma: Tensor | float) -> Tensor:
        """w_n = softmax(-|z_n - z|^2 / (2 sigma^2)): which point z comes from, (samples, points), rows sum to 1."""
        level = torch.as_tensor(sigma, dtype=torch.float64).expand(len(z))[:, None]
        squared = torch.cdist(z, self.latents, compute_mode="donot_use_mm_for_euclid_dist") ** 2
        return torch.softmax(-squared / (2 * level**2), dim=1)

    def denoise(self, z: Tensor, sigma: Tensor | float) -> Tensor:
        """D(z, sigma) = sum_n w_n z_n, float64 (samples, features), with noise sigma, a number or (samples,)."""
        return self.weights(z, sigma) @ self.latents

    def score(self, z: Tensor, sigma: Tensor | float) -> Tensor:
        """Gradient of the log density of the noised points, sum_n w_n (z_n - z) / sigma^2."""
        level = torch.as_tensor(sigma, dtype=torch.float64).expand(len(z))[:, None]
        return (self.denoise(z, sigma) - z) / level**2

    def sample(
        self, n: int, *, seed: int, steps: int = 50, low: float = 0.002, high: float = 80.0, rho: float = 7.0
    ) -> Tensor:
        """Points drawn by Heun's method without churn, float64 (n, features); each is a training point."""
        sigmas = karras_sigmas(steps, low=low, high=high, rho=rho)
        rng = torch.Generator().manual_seed(derive_seed(seed, "optimal denoiser"))
        noise = torch.randn(n, self.latents.shape[1], generator=rng, dtype=torch.float64) * high
        return torch.cat([heun(self.denoise, part, sigmas) for part in torch.split(noise, CHUNK)]) if n else noise


class OptimalDenoiser:
    """The closed-form denoiser as a generator of tables: a generator that copies, whatever it is shown.

    Args:
        steps: of Heun's method.
    """

    name = "optimal_denoiser"

    def __init__(self, *, steps: int = 50) -> None:
        self.steps = steps
        self.codec: TableCodec | None = None

    def fit(self, frame: pd.DataFrame, schema: Schema, *, seed: int) -> OptimalDenoiser:
        """Keep the rows; nothing is drawn, the seed does not matter."""
        self.codec = TableCodec.fit(frame, schema)
        z, codes = self.codec.encode(frame)
        self._ends = np.cumsum([z.shape[1], *self.codec.sizes])
        ones = [np.eye(k)[codes[:, j]] for j, k in enumerate(self.codec.sizes)]
        self.points = EmpiricalOptimalDenoiser(np.concatenate([z.astype(np.float64), *ones], axis=1))
        self.digest = digest_json([self.name, self.steps, self.codec.to_dict(), self.points.latents.tolist()])
        return self

    def sample(self, n: int, *, seed: int) -> pd.DataFrame:
        """Rows of the training table, drawn nearly alike.

        Raises:
            TargetError: before `fit`.
        """
        if self.codec is None:
            raise TargetError("the generator has learned nothing yet; call fit first")
        points = self.points.sample(n, seed=seed, steps=self.steps).numpy()
        z, *ones = np.split(points, self._ends[:-1], axis=1) if len(self._ends) > 1 else [points]
        codes = np.stack([p.argmax(1) for p in ones], axis=1) if ones else np.zeros((n, 0), np.int64)
        return self.codec.decode(z, codes)
