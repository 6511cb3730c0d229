"""Noise on categories, and the exact way back."""

import math

import pytest
import torch

from byheart.models.diffusion.gaussian import cosine_betas
from byheart.models.diffusion.multinomial import MultinomialDiffusion

HALF = torch.tensor([0.5, 0.5], dtype=torch.float64)
THREE = MultinomialDiffusion(HALF, (3,))


def code(value):
    return torch.tensor([[value]])


def step(t):
    return torch.tensor([t])


def test_three_categories_by_hand():
    # kept after two steps with chance 1/4: 1/4 + 3/4 * 1/3 = 1/2, others 1/4
    assert THREE.noised(THREE.sure(code(0)), step(1))[0, 0].tolist() == pytest.approx([1 / 2, 1 / 4, 1 / 4])
    # after one step with chance 1/2: 1/2 + 1/2 * 1/3 = 2/3, others 1/6
    assert THREE.noised(THREE.sure(code(0)), step(0))[0, 0].tolist() == pytest.approx([2 / 3, 1 / 6, 1 / 6])
    # posterior at t = 1 of x_0 = 0, x_t = 1: (1/6, 2/3, 1/6) * (2/3, 1/6, 1/6) = (4, 4, 1)/36 -> (4/9, 4/9, 1/9)
    posterior = THREE.posterior(THREE.sure(code(0)), code(1), step(1))
    assert posterior[0, 0].tolist() == pytest.approx([4 / 9, 4 / 9, 1 / 9])
    # at t = 0 the answer is x_0, whatever was seen
    assert THREE.posterior(THREE.sure(code(2)), code(1), step(0))[0, 0].tolist() == pytest.approx([0, 0, 1])
    # a guess of (1/2, 1/4, 1/4) at t = 0, x_t = 1: (1/6, 2/3, 1/6) * guess = (2, 4, 1)/24 -> (2/7, 4/7, 1/7)
    guess = torch.tensor([[[0.5, 0.25, 0.25]]])
    assert THREE.posterior(guess, code(1), step(0))[0, 0].tolist() == pytest.approx([2 / 7, 4 / 7, 1 / 7])
    # so its divergence at t = 0 is the negative log-likelihood of x_0
    assert float(THREE.divergence(code(0), guess, code(1), step(0))) == pytest.approx(math.log(7 / 2))
    # at t = 1: the guess after one step is (5/12, 7/24, 7/24), times (1/6, 2/3, 1/6) = (10, 28, 7)/144 -> /45
    expected = 4 / 9 * math.log(4 / 9 / (10 / 45)) + 4 / 9 * math.log(4 / 9 / (28 / 45)) + 1 / 9 * math.log(5 / 7)
    assert float(THREE.divergence(code(0), guess, code(1), step(1))) == pytest.approx(expected, rel=1e-5)


def test_columns_of_unlike_size_do_not_leak_into_each_other():
    process = MultinomialDiffusion(cosine_betas(30), (4, 1, 2))
    rng = torch.Generator().manual_seed(0)
    codes = torch.stack([torch.randint(k, (200,), generator=rng) for k in (4, 1, 2)], dim=1)
    t = torch.randint(30, (200,), generator=rng)
    guess = process.from_logits(torch.randn(200, 7, generator=rng))
    noised = process.draw(process.noised(process.sure(codes), t), torch.rand(200, 3, generator=rng))
    for p in (guess, process.noised(guess, t), process.posterior(guess, noised, t)):
        assert torch.allclose(p.sum(-1), torch.ones(200, 3), atol=1e-5)
        assert (p[:, ~process.real] == 0).all()
        assert (p >= 0).all()
    assert process.flat(guess).shape == (200, 7)
    assert (noised < torch.tensor([4, 1, 2])).all()
    divergence = process.divergence(codes, guess, noised, t)
    assert (divergence >= -1e-5).all()
    assert torch.allclose(process.divergence(codes, process.sure(codes), noised, t), torch.zeros(200), atol=1e-5)


def test_the_posterior_is_bayes_rule():
    """Enumerate x_0 -> x_1 -> x_2 for three categories: the joint table gives the same conditional."""
    betas = torch.tensor([0.3, 0.6], dtype=torch.float64)
    process = MultinomialDiffusion(betas, (3,))
    first, second = ((1 - b) * torch.eye(3, dtype=torch.float64) + b / 3 for b in betas)
    for x_0 in range(3):
        for x_2 in range(3):
            joint = first[x_0] * second[:, x_2]
            got = process.posterior(process.sure(code(x_0)), code(x_2), step(1))[0, 0]
            assert got.tolist() == pytest.approx((joint / joint.sum()).tolist(), rel=1e-5)


def test_a_draw_has_the_right_shares_and_never_an_impossible_category():
    process = MultinomialDiffusion(HALF, (4,))
    p = torch.tensor([0.0, 0.5, 0.0, 0.5]).expand(10_000, 1, 4)
    drawn = process.draw(p, torch.rand(10_000, 1, generator=torch.Generator().manual_seed(1)))
    assert set(drawn.flatten().tolist()) == {1, 3}
    assert abs((drawn == 1).float().mean() - 0.5) < 4.5 * 0.005  # 7e-6 false alarms
    ends = process.draw(p[:2], torch.tensor([[0.0], [1 - 2**-24]]))
    assert ends.flatten().tolist() == [1, 3]


def test_a_table_without_categories_is_empty_and_no_error():
    process = MultinomialDiffusion(HALF, ())
    none = torch.zeros(5, 0, dtype=torch.long)
    p = process.from_logits(torch.zeros(5, 0))
    assert process.flat(p).shape == (5, 0)
    assert process.divergence(none, p, none, torch.zeros(5, dtype=torch.long)).tolist() == [0] * 5
    assert process.draw(p, torch.zeros(5, 0)).shape == (5, 0)
