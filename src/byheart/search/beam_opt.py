"""Which prompt, token by token, lowers the surprise of a continuation and can still be read?

The hunter proposes tokens, the target says how much each lowers the surprise, the frozen hunter how readable it is.

Source: Paulus et al. 2024, arXiv 2404.16873 (AdvPrompter, algorithm 2 and its code's constants: 4 beams, 48 candidates,
weight 100, temperature 0.6, repetition penalty 1.2), which the withdrawn arXiv 2412.07261 seems to follow.
Departs from it: a search that runs out of budget hands out what it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from byheart.core.errors import UsageError
from byheart.core.progress import progress
from byheart.core.randomness import generator
from byheart.models.text.hunter import PromptHunter
from byheart.search.port import Pair, Port, Searched


@dataclass(frozen=True)
class Beam:
    """A prompt in the making.

    Args:
        ids: the hunter's tokens.
        score: log P(prompt | context) under the frozen hunter - weight * (surprise with it - surprise without any).
        nll: surprise of the continuation after it, nats per token.
    """

    ids: tuple[int, ...]
    score: float
    nll: float


@dataclass(frozen=True, eq=False)
class BeamOpt:
    """The search, as a `Search`.

    Args:
        hunter: writes and reads prompts.
        weight: nats of readability that one nat per token of surprise is worth.
        beams: prompts kept after each token.
        top_k: prompts tried for each token, over all beams.
        n_tokens: length of a prompt, in the hunter's tokens.
        temperature: of both draws; 0 always takes the best.
        repetition: penalty on tokens that the prompt already holds.

    Raises:
        UsageError: if nothing could be searched with these.
    """

    hunter: PromptHunter
    weight: float = 100.0
    beams: int = 4
    top_k: int = 48
    n_tokens: int = 30
    temperature: float = 0.6
    repetition: float = 1.2

    def __post_init__(self) -> None:
        if min(self.beams, self.top_k, self.n_tokens) < 1 or min(self.weight, self.temperature) < 0:
            raise UsageError(
                f"beams, top_k and n_tokens are at least 1, weight and temperature at least 0; got {self.beams}, "
                f"{self.top_k}, {self.n_tokens}, {self.weight} and {self.temperature}"
            )

    def __call__(
        self, port: Port, pairs: Sequence[Pair], *, budget: int, seed: int, starts: Sequence[str] | None = None
    ) -> Searched:
        """A prompt for each pair; a pair that begins from a start keeps it if nothing better is found.

        The budget is dealt out evenly: what one pair leaves, the next ones may use.
        """
        began, prompts, nll = port.tokens, [], []
        for i, pair in enumerate(progress(pairs, f"Searching prompts for {len(pairs)} records")):
            share = (budget - (port.tokens - began)) // (len(pairs) - i)
            text, loss = self.search([pair], port, pair.context, budget=share, rng=generator(seed, "beams", pair.id))
            if starts is not None and starts[i]:
                given = float(port.nll([pair.context], [starts[i]], [pair.continuation])[0])
                text, loss = (starts[i], given) if given <= loss else (text, loss)
            prompts.append(text)
            nll.append(loss)
        return Searched(prompts, np.array(nll), port.tokens - began)

    def universal(self, port: Port, pairs: Sequence[Pair], *, budget: int, seed: int) -> tuple[str, float]:
        """One prompt for all pairs together, and the mean surprise after it: the hunter reads nothing."""
        return self.search(pairs, port, "", budget=budget, rng=generator(seed, "one prompt for all"))

    def search(
        self, pairs: Sequence[Pair], port: Port, context: str, *, budget: int, rng: np.random.Generator
    ) -> tuple[str, float]:
        """One prompt for all of `pairs`, written for `context`."""
        stop = port.tokens + budget
        beams = [Beam((), 0.0, self._surprise(port, pairs, [""])[0])]
        spent_on_step = 0
        for step in range(self.n_tokens):
            before = port.tokens
            if before + spent_on_step > stop:
                break
            tried = self._extended(beams, pairs, port, context, rng)
            last = step == self.n_tokens - 1
            beams = _kept(tried, 1 if last else self.beams, self.temperature, rng)
            spent_on_step = port.tokens - before
        best = max(beams, key=lambda b: b.score)
        return self.hunter.text(best.ids), best.nll

    def _extended(
        self, beams: Sequence[Beam], pairs: Sequence[Pair], port: Port, context: str, rng: np.random.Generator
    ) -> list[Beam]:
        """Every candidate token of every beam, scored: S + log P_0(v) - weight * (change of the surprise)."""
        trained, frozen = self.hunter.next_token(context, [b.ids for b in beams], repetition=self.repetition)
        each = max(1, self.top_k // len(beams))
        tried = [(b, i, v) for i, b in enumerate(beams) for v in _candidates(trained[i], each, self.temperature, rng)]
        nll = self._surprise(port, pairs, [self.hunter.text((*b.ids, v)) for b, _, v in tried])
        return [
            Beam((*b.ids, v), b.score + float(frozen[i, v]) - self.weight * (new - b.nll), new)
            for (b, i, v), new in zip(tried, nll, strict=True)
        ]

    @staticmethod
    def _surprise(port: Port, pairs: Sequence[Pair], prompts: Sequence[str]) -> list[float]:
        """Mean over the pairs of the surprise after each prompt, nats per token, (prompts,)."""
        rows = [(pair, p) for p in prompts for pair in pairs]
        found = port.nll([r.context for r, _ in rows], [p for _, p in rows], [r.continuation for r, _ in rows])
        means: list[float] = found.reshape(len(prompts), len(pairs)).mean(axis=1).tolist()
        return means


def _candidates(log_p: torch.Tensor, k: int, temperature: float, rng: np.random.Generator) -> list[int]:
    """So many tokens drawn from softmax(log_p / temperature) without replacement, the likeliest always among them."""
    values = log_p.numpy()
    return _drawn(values, min(k, int(np.isfinite(values).sum())), temperature, rng)


def _kept(tried: Sequence[Beam], k: int, temperature: float, rng: np.random.Generator) -> list[Beam]:
    """So many beams drawn by score in the same way, the best first."""
    return [tried[i] for i in _drawn(np.array([b.score for b in tried]), min(k, len(tried)), temperature, rng)]


def _drawn(values: np.ndarray, k: int, temperature: float, rng: np.random.Generator) -> list[int]:
    """Gumbel's trick: the k largest of values + temperature * noise; the largest value always comes first."""
    keys = values + temperature * rng.gumbel(size=values.size) if temperature else values.copy()
    keys[int(np.argmax(values))] = np.inf
    order: list[int] = np.argsort(-keys, kind="stable")[:k].tolist()
    return order
