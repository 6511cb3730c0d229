"""What does noise do to a category step by step, and what is the exact way back when the category is known?

In each step a category is kept with probability 1 - beta, and else drawn anew from all of its column alike.

Source: Hoogeboom et al. 2021, arXiv 2102.05379, equations 11 to 15. Steps count from 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import one_hot

TINY = 1e-30


@dataclass(frozen=True, eq=False)
class MultinomialDiffusion:
    """Noise on categories.

    Probabilities are (rows, columns, widest), zero where a column has fewer categories than the widest.

    Args:
        betas: chance that a category is drawn anew in each step, float64 (steps,), in (0, 1).
        sizes: how many categories each column has, (columns,).
    """

    betas: Tensor
    sizes: tuple[int, ...]

    @cached_property
    def real(self) -> Tensor:
        """Which places are categories, bool (columns, widest)."""
        widest = torch.arange(max(self.sizes, default=1), device=self.betas.device)
        return widest < torch.tensor(self.sizes, dtype=torch.long, device=self.betas.device)[:, None]

    @cached_property
    def alike(self) -> Tensor:
        """All categories of a column with the same probability, (columns, widest)."""
        return self.real / self.real.sum(1, keepdim=True)

    @cached_property
    def alpha_bars(self) -> Tensor:
        """Chance that a category was never drawn anew up to each step, float64 (steps,)."""
        return torch.cumprod(1 - self.betas, 0)

    @cached_property
    def alpha_bars_before(self) -> Tensor:
        """The same one step earlier, 1 at the beginning."""
        return torch.cat([torch.ones_like(self.betas[:1]), self.alpha_bars[:-1]])

    def sure(self, codes: Tensor) -> Tensor:
        """Certainty of codes (rows, columns), as probabilities."""
        return one_hot(codes, self.real.shape[1]).to(torch.get_default_dtype())

    def from_logits(self, logits: Tensor) -> Tensor:
        """Probabilities of all categories' logits, one column after the other (rows, sum of sizes)."""
        wide = logits.new_full((len(logits), *self.real.shape), -torch.inf)
        wide[:, self.real] = logits
        return wide.softmax(-1)

    def flat(self, p: Tensor) -> Tensor:
        """Probabilities with one column after the other, (rows, sum of sizes)."""
        return p[:, self.real]

    def noised(self, p: Tensor, t: Tensor) -> Tensor:
        """q(x_t | x_0), equation 12: probabilities after step t (rows,)."""
        return self._mixed(p, self.alpha_bars[t])

    def posterior(self, p: Tensor, codes_t: Tensor, t: Tensor) -> Tensor:
        """q(x_{t-1} | x_t, x_0), equations 13 and 14.

        Args:
            p: probabilities of x_0; sure ones, or a network's.
            codes_t: x_t, int64 (rows, columns).
            t: step that led to x_t, (rows,); at 0 the answer is x_0.
        """
        likely = self._mixed(self.sure(codes_t), 1 - self.betas[t]) * self._mixed(p, self.alpha_bars_before[t])
        return likely / likely.sum(-1, keepdim=True).clamp(min=TINY)

    def divergence(self, codes: Tensor, guess: Tensor, codes_t: Tensor, t: Tensor) -> Tensor:
        """KL(q(x_{t-1} | x_t, x_0) || q(x_{t-1} | x_t, guess)), equation 15, nats, summed over columns (rows,).

        At t = 0 this is the negative log-likelihood of x_0.
        """
        truth, ours = self.posterior(self.sure(codes), codes_t, t), self.posterior(guess, codes_t, t)
        return (torch.xlogy(truth, truth) - truth * ours.clamp(min=TINY).log()).sum((-1, -2))

    def draw(self, p: Tensor, uniform: Tensor) -> Tensor:
        """One category of each column, int64 (rows, columns), at these uniform numbers (rows, columns)."""
        heaped = p.cumsum(-1)
        passed = (heaped <= uniform[..., None] * heaped[..., -1:]).sum(-1)
        return torch.minimum(passed, self.real.sum(1) - 1)

    def _mixed(self, p: Tensor, kept: Tensor) -> Tensor:
        """Keep each category with this chance (rows,), else draw it anew."""
        chance = kept[:, None, None].to(p)
        return chance * p + (1 - chance) * self.alike.to(p)
