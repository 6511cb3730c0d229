"""The autoencoder's divergence, worked out by hand and against torch.distributions."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from byheart.models.table.tabsyn import kl_to_standard_normal


def test_the_divergence_by_hand():
    # KL(N(m, s^2) || N(0, 1)) = (s^2 + m^2 - 1 - ln s^2) / 2
    # N(0, 1): 0.   N(1, 1): (1 + 1 - 1 - 0) / 2 = 0.5.   N(0, e^2): (e^2 - 1 - 2) / 2 = 2.19453
    mean, log_variance = torch.tensor([0.0, 1.0, 0.0]), torch.tensor([0.0, 0.0, 2.0])
    expected = (0 + 0.5 + (math.e**2 - 3) / 2) / 3
    assert kl_to_standard_normal(mean, log_variance).item() == pytest.approx(expected, rel=1e-6)


def test_the_divergence_agrees_with_torch():
    rng = torch.Generator().manual_seed(0)
    mean, log_variance = torch.randn(5, 7, generator=rng), torch.randn(5, 7, generator=rng)
    theirs = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).mean()
    assert kl_to_standard_normal(mean, log_variance).item() == pytest.approx(theirs.item(), rel=1e-5)
