"""Noise on numbers, and the exact way back."""

import math

import numpy as np
import pytest
import torch

from byheart.models.diffusion.gaussian import GaussianDiffusion, cosine_betas


def column(*values):
    return torch.tensor(values, dtype=torch.float64)[:, None]


def test_the_cosine_schedule_by_hand():
    # two steps: f(u) = cos((u + .008) / 1.008 * pi/2)^2 at u = 0, 1/2, 1
    f = [math.cos((u + 0.008) / 1.008 * math.pi / 2) ** 2 for u in (0, 0.5, 1)]
    assert cosine_betas(2).tolist() == pytest.approx([1 - f[1] / f[0], 0.999])  # f(1) = 0: held at 0.999
    betas = cosine_betas(100)
    assert (betas.diff() >= 0).all()
    assert GaussianDiffusion(betas).alpha_bars[-1] < 1e-5


def test_two_steps_by_hand():
    # betas 1/2, 1/2: alpha_bars 1/2, 1/4. x = 2, noise = 1: sqrt(1/4) 2 + sqrt(3/4) 1
    process = GaussianDiffusion(torch.tensor([0.5, 0.5], dtype=torch.float64))
    t = torch.tensor([1])
    x_t = process.noised(column(2), t, column(1))
    assert float(x_t) == pytest.approx(1 + math.sqrt(0.75))
    assert float(process.original(x_t, t, column(1))) == pytest.approx(2)
    # equation 7 at t = 1: mean = sqrt(1/2) (1/2)/(3/4) (x_0 + x_t), variance (1/2)/(3/4) (1/2) = 1/3
    mean, variance = process.posterior(column(2), column(5), t)
    assert float(mean) == pytest.approx(math.sqrt(0.5) * 2 / 3 * (2 + 5))
    assert float(variance) == pytest.approx(1 / 3)
    mean, variance = process.posterior(column(2), column(5), torch.tensor([0]))
    assert (float(mean), float(variance)) == (2, 0)


def test_the_posterior_is_bayes_rule_for_two_gaussians():
    # q(x_{t-1} | x_0) = N(sqrt(a') x_0, 1 - a'); q(x_t | x_{t-1}) = N(sqrt(1-b) x_{t-1}, b): precisions add
    process = GaussianDiffusion(cosine_betas(20))
    for t in (1, 7, 19):
        before, beta = float(process.alpha_bars_before[t]), float(process.betas[t])
        precision = 1 / (1 - before) + (1 - beta) / beta
        center = (math.sqrt(before) * 0.3 / (1 - before) + math.sqrt(1 - beta) * -1.1 / beta) / precision
        mean, variance = process.posterior(column(0.3), column(-1.1), torch.tensor([t]))
        assert float(mean) == pytest.approx(center, rel=1e-9)
        assert float(variance) == pytest.approx(1 / precision, rel=1e-9)


def test_walking_back_with_the_true_noise_arrives():
    """With the exact guess of x_0 in each step, the chain ends at x_0 whatever it started from."""
    process, rng = GaussianDiffusion(cosine_betas(50)), torch.Generator().manual_seed(0)
    truth = torch.randn(40, 3, generator=rng)
    x = torch.randn(40, 3, generator=rng)
    for t in reversed(range(50)):
        mean, variance = process.posterior(truth, x, torch.full((40,), t))
        x = mean + variance.sqrt() * torch.randn(x.shape, generator=rng)
    assert np.allclose(x, truth, atol=1e-6)
