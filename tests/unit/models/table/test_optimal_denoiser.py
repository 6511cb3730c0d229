"""The perfect diffusion model recites its training rows, all of them alike."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.spatial.distance import cdist
from scipy.stats import chi2

from byheart.core.errors import TargetError
from byheart.core.randomness import generator
from byheart.core.schema import Schema
from byheart.models.table.optimal_denoiser import EmpiricalOptimalDenoiser, OptimalDenoiser


def test_every_sample_is_a_training_point_and_each_point_comes_as_often():
    points = generator(0, "points").standard_normal((200, 8))
    made = EmpiricalOptimalDenoiser(points).sample(500, seed=0, steps=50).numpy()
    distance = np.sort(cdist(made, points), axis=1)
    assert distance[:, 0].max() < 1e-9
    assert (distance[:, 0] / distance[:, 1] < 1 / 3).all()  # the paper's memorization ratio is 100 %
    counts = np.bincount(cdist(made, points).argmin(1), minlength=200)
    statistic = ((counts - 2.5) ** 2 / 2.5).sum()
    assert chi2.sf(statistic, 199) > 1e-4  # false alarms 1e-4 if each is as likely
    assert len(np.unique(counts)) > 1


def test_the_denoiser_by_hand():
    # points 0 and 2 on a line, z = 0.5, sigma = 1: weights exp(-1/8), exp(-9/8) -> 1/(1+e^-1), so D = 2 e^-1/(1+e^-1)
    denoiser = EmpiricalOptimalDenoiser(np.array([[0.0], [2.0]]))
    expected = 2 * np.exp(-1) / (1 + np.exp(-1))
    z = torch.tensor([[0.5]], dtype=torch.float64)
    assert float(denoiser.denoise(z, 1.0)) == pytest.approx(expected)
    assert float(denoiser.score(z, 1.0)) == pytest.approx(expected - 0.5)


def test_the_score_is_the_gradient_of_the_log_density():
    rng = generator(0, "score")
    points, z = rng.standard_normal((20, 3)), torch.from_numpy(rng.standard_normal((6, 3))).requires_grad_()
    sigma = torch.from_numpy(rng.uniform(0.2, 2, 6))
    squared = ((z[:, None] - torch.from_numpy(points)) ** 2).sum(-1)
    log_density = torch.logsumexp(-squared / (2 * sigma[:, None] ** 2), 1)
    (gradient,) = torch.autograd.grad(log_density.sum(), z)
    denoiser = EmpiricalOptimalDenoiser(points)
    assert torch.allclose(denoiser.score(z.detach(), sigma), gradient, atol=1e-10)
    assert torch.allclose(denoiser.weights(z.detach(), sigma).sum(1), torch.ones(6, dtype=torch.float64))


def test_as_a_generator_it_copies_rows_exactly(awkward):
    frame, schema = awkward(60)
    generator = OptimalDenoiser().fit(frame, schema, seed=0)
    made = generator.sample(300, seed=1)
    assert list(made.columns) == list(frame.columns)
    known = {tuple(map(str, row)) for row in frame.drop(columns="note").itertuples(index=False)}
    assert {tuple(map(str, row)) for row in made.drop(columns="note").itertuples(index=False)} <= known
    assert made["note"].isna().all()
    pd.testing.assert_frame_equal(made, generator.sample(300, seed=1))
    assert not made.equals(generator.sample(300, seed=2))
    assert generator.sample(0, seed=0).empty


def test_only_numbers_and_only_categories(awkward):
    frame, schema = awkward(30)
    for name in ("age", "city"):
        made = OptimalDenoiser().fit(frame, Schema((schema[name],)), seed=0).sample(40, seed=0)
        assert set(made[name].dropna()) <= set(frame[name].dropna())


def test_it_must_learn_first():
    with pytest.raises(TargetError, match="call fit first"):
        OptimalDenoiser().sample(3, seed=0)
