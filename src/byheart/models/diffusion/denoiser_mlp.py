"""A multilayer perceptron that is told how noisy its input is.

Source: Kotelnikov et al. 2023, arXiv 2209.15421, section 4 (TabDDPM); Zhang et al. 2024, arXiv 2310.09656, appendix D
(TabSyn): the same network with other widths.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


def waves(level: Tensor, n: int, *, longest: float = 10_000.0) -> Tensor:
    """Cosines and sines of a noise level (rows,) at n / 2 rates from 1 down to about 1 / longest, (rows, n).

    Source: Vaswani et al. 2017, arXiv 1706.03762, section 3.5.
    """
    rates = torch.exp(-math.log(longest) * torch.arange(n // 2, device=level.device) / (n // 2))
    angle = level.to(torch.float32)[:, None] * rates
    return torch.cat([angle.cos(), angle.sin()], dim=1)


class DenoiserMLP(nn.Module):
    """Input and noise level to an output as wide as the input.

    Args:
        n_features: of the input and the output.
        width: of the first hidden state, to which the noise level is added; even.
        widths: of the layers that follow.
    """

    def __init__(self, n_features: int, width: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.width = width
        self.enter = nn.Linear(n_features, width)
        self.level = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        sizes = [width, *widths]
        layers = [(nn.Linear(a, b), nn.SiLU()) for a, b in pairwise(sizes)]
        self.layers = nn.Sequential(*(part for layer in layers for part in layer), nn.Linear(sizes[-1], n_features))

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        """From (rows, features) and (rows,) to (rows, features)."""
        out: Tensor = self.layers(self.enter(x) + self.level(waves(level, self.width)))
        return out
