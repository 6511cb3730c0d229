"""A diffusion model of table rows: numbers noised by a Gaussian, categories drawn anew, one network that undoes both.

Source: Kotelnikov et al. 2023, arXiv 2209.15421 (TabDDPM), sections 3 and 4.
Departs from it: each step back has the variance of the exact posterior (Ho et al. 2020, equation 7) and the guess of a
number stays within the range of training, so that 100 steps do; the target is a column like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from byheart.core.errors import UsageError
from byheart.core.randomness import derive_seed
from byheart.models.diffusion.denoiser_mlp import DenoiserMLP
from byheart.models.diffusion.gaussian import GaussianDiffusion, cosine_betas
from byheart.models.diffusion.multinomial import MultinomialDiffusion
from byheart.models.table.codec import TableCodec
from byheart.models.table.generator import Callback, TableGenerator, descend, iterations


class TabDDPMModule(nn.Module):
    """The network and the two kinds of noise.

    Args:
        codec: of the table.
        n_steps: of the diffusion.
        width, layers: hidden layers of width, 2 width, ..., 2 width, width.
    """

    low: Tensor
    high: Tensor

    def __init__(self, codec: TableCodec, n_steps: int, width: int, layers: int) -> None:
        super().__init__()
        self.n_steps, self.n_numbers, self.sizes = n_steps, len(codec.scales), codec.sizes
        widths = [width, *[2 * width] * (layers - 2), width][:layers]
        self.network = DenoiserMLP(self.n_numbers + sum(self.sizes), width, widths)
        ends = [(s.middle[0], s.middle[-1]) if s.values.size else (0.0, 0.0) for s in codec.scales]
        self.register_buffer("low", torch.tensor([e[0] for e in ends], dtype=torch.float32))
        self.register_buffer("high", torch.tensor([e[1] for e in ends], dtype=torch.float32))
        self.gaussian = GaussianDiffusion(cosine_betas(n_steps))
        self.multinomial = MultinomialDiffusion(cosine_betas(n_steps), self.sizes)

    def _apply(self, fn: Any, recurse: bool = True) -> TabDDPMModule:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        betas = self.gaussian.betas.to(self.low.device)
        self.gaussian, self.multinomial = GaussianDiffusion(betas), MultinomialDiffusion(betas, self.sizes)
        return self

    def forward(self, z: Tensor, codes: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Guess the noise on the numbers (rows, numbers) and the categories' probabilities (rows, columns, widest)."""
        flat = self.multinomial.flat(self.multinomial.sure(codes))
        out = self.network(torch.cat([z, flat], dim=1), t)
        return out[:, : self.n_numbers], self.multinomial.from_logits(out[:, self.n_numbers :])

    def loss(self, z: Tensor, codes: Tensor, rng: torch.Generator) -> Tensor:
        """Mean squared error of the noise, plus steps times the mean divergence of a category (nats); a scalar.

        The second term is the bound on the negative log-likelihood, up to a constant, from one step of each row.
        """
        t = torch.randint(self.n_steps, (len(z),), generator=rng).to(z.device)
        noise = torch.randn(z.shape, generator=rng).to(z)
        uniform = torch.rand(codes.shape, generator=rng).to(z)
        noised = self.multinomial.draw(self.multinomial.noised(self.multinomial.sure(codes), t), uniform)
        guess, p = self(self.gaussian.noised(z, t, noise), noised, t)
        error = ((guess - noise) ** 2).sum() / max(noise.numel(), 1)
        divergence = self.multinomial.divergence(codes, p, noised, t).mean() / max(len(self.sizes), 1)
        total: Tensor = error + self.n_steps * divergence
        return total

    def back(self, z: Tensor, codes: Tensor, step: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """One step back: a draw from the posterior of the guessed row."""
        t = torch.full((len(z),), step, device=z.device)
        noise, p = self(z, codes, t)
        guess = self.gaussian.original(z, t, noise).clamp(self.low, self.high)
        mean, variance = self.gaussian.posterior(guess, z, t)
        fresh, uniform = torch.randn(z.shape, generator=rng).to(z), torch.rand(codes.shape, generator=rng).to(z)
        return mean + variance.sqrt() * fresh, self.multinomial.draw(self.multinomial.posterior(p, codes, t), uniform)


@dataclass(eq=False, kw_only=True)
class TabDDPM(TableGenerator):
    """TabDDPM at the scale of a laptop; `TabDDPM.paper()` is the paper's.

    Args:
        width: the hidden layers are width, 2 width, ..., 2 width, width.
        layers: how many hidden layers.
        steps: of the diffusion.
        n_iterations, epochs, batch_size, lr, weight_decay, device, callback: as in `TableGenerator`; the learning rate
            falls linearly to zero.
    """

    name: ClassVar[str] = "tabddpm"
    width: int = 256
    layers: int = 3
    steps: int = 100
    n_iterations: int = 5000
    lr: float = 3e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.layers, self.steps) < 1 or self.width < 2 or self.width % 2:
            raise UsageError(f"tabddpm needs an even width, a layer and a step at least; got {self}")

    @classmethod
    def paper(cls, *, weight_decay: float = 0.0, device: str = "auto", callback: Callback | None = None) -> TabDDPM:
        """As the paper's comparison ran it: hours on a GPU. For Adult it has weight_decay=5e-4.

        Source: Fang et al. 2024, arXiv 2412.11044, and its code.
        """
        return cls(
            width=1024, layers=4, steps=1000, n_iterations=100_000, batch_size=4096, lr=1.81e-3,
            weight_decay=weight_decay, device=device, callback=callback,
        )  # fmt: skip

    def _build(self, codec: TableCodec) -> TabDDPMModule:
        return TabDDPMModule(codec, self.steps, self.width, self.layers)

    def _train(self, module: TabDDPMModule, z: Tensor, codes: Tensor, seed: int) -> None:
        rng = torch.Generator().manual_seed(derive_seed(seed, "training"))
        descend(
            lambda rows, _: module.loss(z[rows], codes[rows], rng),
            module,
            len(z),
            iterations(len(z), self.batch_size, self.n_iterations, self.epochs),
            batch_size=self.batch_size,
            lr=self.lr,
            weight_decay=self.weight_decay,
            rng=rng,
            title="Training TabDDPM",
            after=self._tell,
        )

    def _draw(self, module: TabDDPMModule, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        z = torch.randn(n, module.n_numbers, generator=rng).to(self.place)
        uniform = torch.rand(n, len(module.sizes), generator=rng).to(self.place)
        alike = module.multinomial.alike.to(uniform).expand(n, -1, -1)
        codes = module.multinomial.draw(alike, uniform)
        for step in reversed(range(self.steps)):
            z, codes = module.back(z, codes, step, rng)
        return z, codes
