"""A diffusion model in the latent space of an autoencoder of table rows, so that numbers and categories mix.

First a variational autoencoder learns rows: each cell is a token, small transformers read and write the tokens. Then a
diffusion model (EDM) learns the distribution of the rows' latent means, and its samples are decoded.

Source: Zhang et al. 2024, arXiv 2310.09656 (TabSyn), section 3.
Departs from it: latents are scaled to standard deviation 1/2 exactly, as EDM supposes (theirs are halved); the weight
of the divergence falls geometrically and the learning rate linearly, not upon a plateau, and there is no early
stopping, so that the length of a training is what the user says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from byheart.core.errors import UsageError
from byheart.core.randomness import derive_seed
from byheart.models.diffusion.denoiser_mlp import DenoiserMLP
from byheart.models.diffusion.edm import Preconditioning, edm_loss, heun, karras_sigmas
from byheart.models.table.codec import TableCodec
from byheart.models.table.generator import Callback, TableGenerator, descend, iterations

CHUNK = 4096
EDM = Preconditioning(sigma_data=0.5)


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) in nats, averaged over all coordinates; a scalar."""
    return -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).mean()


class CellTokenizer(nn.Module):
    """One token for each cell, and one in front that may gather the row.

    Args:
        n_numbers: numerical columns; a number scales the vector of its column.
        sizes: categories of each categorical column; each has a vector.
        d_token: width of a token.
    """

    offsets: Tensor

    def __init__(self, n_numbers: int, sizes: tuple[int, ...], d_token: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(d_token)
        self.front = nn.Parameter(torch.empty(1, d_token).uniform_(-bound, bound))
        self.scale = nn.Parameter(torch.empty(n_numbers, d_token).uniform_(-bound, bound))
        self.vectors = nn.Parameter(torch.empty(sum(sizes), d_token).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(n_numbers + len(sizes), d_token).uniform_(-bound, bound))
        self.register_buffer("offsets", torch.tensor([sum(sizes[:j]) for j in range(len(sizes))], dtype=torch.long))

    def forward(self, z: Tensor, codes: Tensor) -> Tensor:
        """From numbers (rows, numbers) and codes (rows, categories) to tokens (rows, 1 + cells, d_token)."""
        cells = torch.cat([z[..., None] * self.scale, self.vectors[codes + self.offsets]], dim=1) + self.bias
        return torch.cat([self.front.expand(len(z), 1, -1), cells], dim=1)


class TableVAE(nn.Module):
    """The autoencoder.

    Args:
        n_numbers, sizes, d_token: as for `CellTokenizer`.
        layers, heads, factor: of each of its three transformers; the feed-forward part is factor times d_token wide.
    """

    cell: Tensor

    def __init__(
        self, n_numbers: int, sizes: tuple[int, ...], *, d_token: int, layers: int, heads: int, factor: int
    ) -> None:
        super().__init__()
        self.n_numbers, self.sizes = n_numbers, sizes
        self.tokens = CellTokenizer(n_numbers, sizes, d_token)
        make = [_transformer(d_token, layers, heads, factor) for _ in range(3)]
        self.mean, self.log_variance, self.writer = make
        cell = [*range(n_numbers), *(n_numbers + j for j, k in enumerate(sizes) for _ in range(k))]
        self.register_buffer("cell", torch.tensor(cell, dtype=torch.long))
        self.read_out = nn.Parameter(torch.randn(len(cell), d_token) / math.sqrt(d_token))
        self.read_bias = nn.Parameter(torch.zeros(len(cell)))

    def encode(self, z: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of the latent tokens, each (rows, 1 + cells, d_token)."""
        tokens = self.tokens(z, codes)
        return self.mean(tokens), self.log_variance(tokens)

    def latents(self, z: Tensor, codes: Tensor) -> Tensor:
        """What the diffusion learns: means of the cells' latent tokens, (rows, cells * d_token)."""
        tokens: Tensor = self.mean(self.tokens(z, codes))
        return tokens[:, 1:].flatten(1)

    def decode(self, latent: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """From latent tokens of the cells (rows, cells, d_token) to numbers and the logits of each category."""
        out = (self.writer(latent)[:, self.cell] * self.read_out).sum(-1) + self.read_bias
        return out[:, : self.n_numbers], out[:, self.n_numbers :].split(list(self.sizes), dim=1)

    def loss(self, z: Tensor, codes: Tensor, beta: float, rng: torch.Generator) -> Tensor:
        """Mean squared error of numbers, mean cross-entropy of categories, beta times the divergence; a scalar."""
        mean, log_variance = self.encode(z, codes)
        noise = torch.randn(mean.shape, generator=rng).to(mean)
        numbers, logits = self.decode((mean + (log_variance / 2).exp() * noise)[:, 1:])
        total = beta * kl_to_standard_normal(mean, log_variance) + ((numbers - z) ** 2).sum() / max(z.numel(), 1)
        for j, of_column in enumerate(logits):
            total = total + cross_entropy(of_column, codes[:, j]) / len(self.sizes)
        return total


class TabSynModule(nn.Module):
    """Autoencoder, denoiser, and where the latents lie.

    Args:
        vae: the autoencoder.
        n_latent: width of a row's latent.
        width, layers: hidden layers of 2 width, ..., 2 width, width.
    """

    center: Tensor
    spread: Tensor

    def __init__(self, vae: TableVAE, n_latent: int, width: int, layers: int) -> None:
        super().__init__()
        self.vae, self.n_latent = vae, n_latent
        self.denoiser = DenoiserMLP(n_latent, width, [2 * width] * (layers - 1) + [width])
        self.register_buffer("center", torch.zeros(n_latent))
        self.register_buffer("spread", torch.ones(()))

    def place_latents(self, z: Tensor, codes: Tensor) -> Tensor:
        """Encode all rows, remember center and spread, and return them with standard deviation 1/2."""
        with torch.no_grad():
            parts = [
                self.vae.latents(a, b) for a, b in zip(torch.split(z, CHUNK), torch.split(codes, CHUNK), strict=True)
            ]
        latents = torch.cat(parts)
        self.center.copy_(latents.mean(0))
        self.spread.copy_((latents - self.center).pow(2).mean().sqrt().clamp(min=1e-6))
        return (latents - self.center) / self.spread * EDM.sigma_data


@dataclass(eq=False, kw_only=True)
class TabSyn(TableGenerator):
    """TabSyn at the scale of a laptop; `TabSyn.paper()` is the paper's.

    Args:
        width: the hidden layers of the denoiser are 2 width, ..., 2 width, width.
        layers: how many.
        steps: of Heun's method when sampling; each but the last asks the denoiser twice.
        churn: noise added back while sampling.
        d_token: width of a cell's token, and of its latent.
        vae_layers, heads, factor: of the autoencoder's transformers.
        vae_iterations, vae_epochs, vae_lr: training of the autoencoder.
        beta_max, beta_min: first and last weight of the divergence.
        n_iterations, epochs, batch_size, lr, weight_decay, device: training of the denoiser, as in `TableGenerator`.
        callback: called after the updates of the denoiser, not of the autoencoder.
    """

    name: ClassVar[str] = "tabsyn"
    width: int = 256
    layers: int = 3
    steps: int = 50
    churn: float = 1.0
    d_token: int = 4
    vae_layers: int = 1
    heads: int = 1
    factor: int = 8
    vae_iterations: int = 1000
    vae_epochs: int | None = None
    vae_lr: float = 3e-3
    beta_max: float = 1e-2
    beta_min: float = 1e-5
    n_iterations: int = 5000
    lr: float = 3e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        counts = (self.layers, self.d_token, self.vae_layers, self.vae_iterations, self.vae_epochs or 1, self.heads)
        if min(counts) < 1 or self.steps < 2 or self.width < 2 or self.width % 2 or self.d_token % self.heads:
            raise UsageError(f"tabsyn needs an even width, two steps, and tokens that the heads divide; got {self}")

    @classmethod
    def paper(cls, *, device: str = "auto", callback: Callback | None = None) -> TabSyn:
        """As the paper's comparison ran it: an hour or more on a GPU.

        Source: Fang et al. 2024, arXiv 2412.11044, and its code.
        """
        return cls(
            width=1024, layers=3, epochs=10_001, batch_size=4096, lr=1e-3,
            vae_layers=2, factor=32, vae_epochs=4000, vae_lr=1e-3, device=device, callback=callback,
        )  # fmt: skip

    def _build(self, codec: TableCodec) -> TabSynModule:
        n_numbers, sizes = len(codec.scales), codec.sizes
        vae = TableVAE(
            n_numbers, sizes, d_token=self.d_token, layers=self.vae_layers, heads=self.heads, factor=self.factor
        )
        return TabSynModule(vae, (n_numbers + len(sizes)) * self.d_token, self.width, self.layers)

    def _train(self, module: TabSynModule, z: Tensor, codes: Tensor, seed: int) -> None:
        rng = torch.Generator().manual_seed(derive_seed(seed, "training"))

        def beta(done: float) -> float:
            return float(self.beta_max * (self.beta_min / self.beta_max) ** done)

        descend(
            lambda rows, done: module.vae.loss(z[rows], codes[rows], beta(done), rng),
            module.vae,
            len(z),
            iterations(len(z), self.batch_size, self.vae_iterations, self.vae_epochs),
            batch_size=self.batch_size,
            lr=self.vae_lr,
            rng=rng,
            title="Training TabSyn's autoencoder",
        )
        latents = module.place_latents(z, codes)
        descend(
            lambda rows, _: edm_loss(module.denoiser, latents[rows], rng, around=EDM),
            module.denoiser,
            len(z),
            iterations(len(z), self.batch_size, self.n_iterations, self.epochs),
            batch_size=self.batch_size,
            lr=self.lr,
            weight_decay=self.weight_decay,
            rng=rng,
            title="Training TabSyn's denoiser",
            after=self._tell,
        )

    def _draw(self, module: TabSynModule, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        sigmas = karras_sigmas(self.steps)
        noise = torch.randn(n, module.n_latent, generator=rng).to(self.place) * float(sigmas[0])

        def denoise(x: Tensor, sigma: Tensor) -> Tensor:
            return EDM.denoised(module.denoiser, x, sigma)

        latents = heun(denoise, noise, sigmas, churn=self.churn, rng=rng) / EDM.sigma_data * module.spread
        z, logits = module.vae.decode(
            (latents + module.center).reshape(n, module.n_latent // self.d_token, self.d_token)
        )
        codes = [of_column.argmax(1) for of_column in logits]
        return z, torch.stack(codes, dim=1) if codes else torch.zeros(n, 0, dtype=torch.long)


def _transformer(d_token: int, layers: int, heads: int, factor: int) -> nn.TransformerEncoder:
    layer = nn.TransformerEncoderLayer(
        d_token, heads, factor * d_token, dropout=0.0, activation="relu", batch_first=True, norm_first=True
    )
    return nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
