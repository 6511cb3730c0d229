"""Preconditioning, noise levels and the solver, against closed forms."""

import math

import pytest
import torch

from byheart.models.diffusion.edm import Preconditioning, edm_loss, heun, karras_sigmas

AROUND = Preconditioning(0.5)


def f64(*values):
    return torch.tensor(values, dtype=torch.float64)


def test_limits_of_the_preconditioning():
    little, much = f64(1e-9), f64(1e9)
    assert float(AROUND.skip(little)) == pytest.approx(1)
    assert float(AROUND.out(little)) == pytest.approx(0, abs=1e-8)
    assert float(AROUND.skip(much)) == pytest.approx(0, abs=1e-15)
    assert float(AROUND.out(much)) == pytest.approx(0.5)
    # sigma = sigma_data = 0.5: skip 1/2, out .25 / sqrt(.5), enter 1 / sqrt(.5), weight .5 / .0625 = 8
    half = f64(0.5)
    assert [float(f(half)) for f in (AROUND.skip, AROUND.out, AROUND.enter, AROUND.weight)] == pytest.approx(
        [0.5, 0.25 / math.sqrt(0.5), 1 / math.sqrt(0.5), 8]
    )
    assert torch.allclose(AROUND.weight(f64(0.1, 3)) * AROUND.out(f64(0.1, 3)) ** 2, f64(1, 1))


def test_the_denoised_row_by_hand():
    x, sigma = f64(1.0)[:, None], f64(0.5)
    seen = []

    def network(inner, level):
        seen.extend([float(inner), float(level)])
        return torch.full_like(inner, 2)

    denoised = AROUND.denoised(network, x, sigma)
    assert seen == pytest.approx([math.sqrt(2), math.log(0.5) / 4])
    assert float(denoised) == pytest.approx(0.5 + 0.25 / math.sqrt(0.5) * 2)


def test_the_loss_of_the_best_network_for_gaussian_data():
    """Data N(0, 1/4): the best denoiser is skip x, F = 0, and the weighted error is 1 at every level."""
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(20_000, 4, generator=rng) / 2
    loss = edm_loss(lambda inner, _: torch.zeros_like(inner), x, rng, around=AROUND)
    # the weighted error is a squared standard normal: mean 1, variance 2; 4.5 standard errors, 7e-6 false alarms
    assert abs(float(loss) - 1) < 4.5 * math.sqrt(2 / 80_000)


def test_noise_levels():
    levels = karras_sigmas(50)
    assert len(levels) == 51
    assert (levels.diff() < 0).all()
    assert levels[[0, -2, -1]].tolist() == pytest.approx([80, 0.002, 0])
    # rho = 7, halfway of 3 levels: ((80^(1/7) + .002^(1/7)) / 2)^7
    assert float(karras_sigmas(3)[1]) == pytest.approx(((80 ** (1 / 7) + 0.002 ** (1 / 7)) / 2) ** 7)


def gaussian(x, sigma):
    """Best denoiser of data N(3, 1/4)."""
    s = sigma[:, None]
    return 3 + 0.25 / (0.25 + s**2) * (x - 3)


def test_heun_solves_the_flow_of_a_gaussian_with_second_order():
    # the flow keeps quantiles: x_0 = 3 + (x - 3) sqrt(1/4) / sqrt(1/4 + 80^2)
    x = f64(-100, 3, 160)[:, None]
    exact = 3 + (x - 3) * 0.5 / math.sqrt(0.25 + 80**2)
    error = [float((heun(gaussian, x, karras_sigmas(n)) - exact).abs().max()) for n in (25, 50, 100)]
    assert error[1] < 0.02
    assert error[0] / error[1] > 2.5
    assert error[1] / error[2] > 2.5


def test_churn_keeps_the_distribution_and_is_reproducible():
    def drawn(seed):
        rng = torch.Generator().manual_seed(seed)
        return heun(gaussian, 80 * torch.randn(5000, 1, generator=rng), karras_sigmas(50), churn=1, rng=rng)

    x = drawn(0)
    assert torch.equal(x, drawn(0))
    assert not torch.equal(x, drawn(1))
    assert abs(float(x.mean()) - 3) < 4.5 * 0.5 / math.sqrt(5000)  # 7e-6 false alarms
    assert abs(float(x.std()) - 0.5) < 4.5 * 0.5 / math.sqrt(10_000) + 0.01  # and what 50 steps leave undone
