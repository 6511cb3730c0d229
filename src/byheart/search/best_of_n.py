"""What is the best of many prompts, drawn round after round from where the best so far has led?

Prompts are drawn by edits of words, or by a language model that goes on from the context; the best is kept if it beats
the incumbent. How good a prompt is, is the continuation's surprise, or the overlap of what the target says with it.

Source: Kassem et al. 2024, arXiv 2403.04801 (best of n, and the score from overlaps).
Departs from it: beta and gamma are numbers, so every pair of them is defined; the score is not halved; what the target
says is as long as the continuation and compared with all of it; a round is drawn around the incumbent without another
model's paraphrase.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from byheart.compare.text.recited import rouge_l
from byheart.core.progress import progress
from byheart.core.randomness import generator
from byheart.core.target import LanguageModel
from byheart.models.text.hunter import PromptHunter
from byheart.search.meter import Meter, first_prompts, shares
from byheart.search.port import Pair, Port, Searched
from byheart.signals.text.composed import text_ids


class Propose(Protocol):
    """Where prompts come from."""

    def __call__(self, pair: Pair, best: str, n: int, rng: np.random.Generator) -> list[str]:
        """At most n prompts for a pair, given the best so far; none when there is nothing more to try."""


class Objective(Protocol):
    """How good prompts are."""

    def __call__(self, meter: Meter, pair: Pair, prompts: list[str]) -> np.ndarray:
        """Scores of as many prompts, from the first, as the budget allows, higher is better, float64 (read,)."""


def surprise(meter: Meter, pair: Pair, prompts: list[str]) -> np.ndarray:
    """Minus the continuation's mean surprise, nats per token."""
    found = meter.read([pair] * len(prompts), prompts)
    scores: np.ndarray = -found[~np.isnan(found)]
    return scores


@dataclass(frozen=True)
class Overlap:
    """Overlap: beta R(M(p), y) - gamma R(p, y), where R(a, y) = LCS(a, y) / |y| in tokens.

    The second term punishes a prompt that says the continuation itself.

    Args:
        beta: weight of what the target says.
        gamma: weight of what the prompt says already; 1 - beta if None.
    """

    beta: float = 0.5
    gamma: float | None = None

    def __call__(self, meter: Meter, pair: Pair, prompts: list[str]) -> np.ndarray:
        """Score prompts by what the target says after them."""
        y, gamma = meter.port.ids(pair.continuation), 1 - self.beta if self.gamma is None else self.gamma
        said = meter.hear(pair, prompts)
        asked = [meter.port.ids(prompt) for prompt in prompts[: len(said)]]
        parts = [(rouge_l(s, y).recall, rouge_l(p, y).recall) for s, p in zip(said, asked, strict=True)]
        return np.array([self.beta * heard - gamma * told for heard, told in parts])


class WordEdits:
    """Prompts that differ from the incumbent by one word: put in, left out, replaced, or moved.

    Args:
        pairs: whose contexts give the words; continuations give none.
    """

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self.words = sorted({word for pair in pairs for word in pair.context.split()})

    def __call__(self, pair: Pair, best: str, n: int, rng: np.random.Generator) -> list[str]:
        """Unlike prompts, n or as many as there are."""
        made = dict.fromkeys(self._edited(best.split(), rng) for _ in range(4 * n))
        return [prompt for prompt in made if prompt not in ("", best)][:n]

    def _edited(self, words: list[str], rng: np.random.Generator) -> str:
        kind, at = rng.integers(4), int(rng.integers(len(words) + 1))
        new = [str(self.words[rng.integers(len(self.words))])] if self.words else []
        if kind == 0 or not words:
            return " ".join(words[:at] + new + words[at:])
        at = min(at, len(words) - 1)
        rest = words[:at] + words[at + 1 :]
        to = int(rng.integers(len(words)))
        put = {1: [], 2: new, 3: [words[at]]}[int(kind)]
        return " ".join(rest[:at] + put + rest[at:] if kind < 3 else rest[:to] + put + rest[to:])


@dataclass(frozen=True)
class Written:
    """Prompts that a language model writes when it goes on from the context: a hunter that was never trained.

    Args:
        model: the writer; its tokens are not the target's and not counted.
        n_tokens: length of a prompt in the writer's tokens.
        temperature, top_p: how they are drawn.
    """

    model: LanguageModel
    n_tokens: int = 30
    temperature: float = 1.0
    top_p: float = 0.9

    def __call__(self, pair: Pair, best: str, n: int, rng: np.random.Generator) -> list[str]:
        """Up to n unlike prompts."""
        ids = np.concatenate([self.model.front, text_ids(self.model, pair.context)]).astype(np.int32)
        ids, seeds = ids[-(self.model.context - self.n_tokens) :], rng.integers(1 << 62, size=n).tolist()
        made = self.model.generate(
            [ids] * n, self.n_tokens, temperature=self.temperature, top_p=self.top_p, seeds=seeds
        )
        return list(dict.fromkeys(self.model.decode(m) for m in made))


def written_by(hunter: PromptHunter, n_tokens: int) -> Propose:
    """Prompts of n tokens that a hunter writes for the context, drawn."""

    def propose(pair: Pair, best: str, n: int, rng: np.random.Generator) -> list[str]:
        made = hunter.write([pair.context] * n, n_tokens, seeds=rng.integers(1 << 62, size=n).tolist())
        return [prompt for prompt in dict.fromkeys(made) if prompt]

    return propose


def best_of_n(
    port: Port,
    pairs: Sequence[Pair],
    *,
    budget: int,
    seed: int,
    starts: Sequence[str] | None = None,
    propose: Propose | None = None,
    objective: Objective = surprise,
    n: int = 24,
    rounds: int | None = 3,
) -> Searched:
    """Draw prompts in rounds and keep the best.

    Args:
        port: the target.
        pairs: contexts and continuations.
        budget: target tokens over all pairs, an equal share for each.
        seed: of the draws; a pair's draws depend on its id, not on the other pairs.
        starts: prompts that are tried first, one per pair; the bare context otherwise.
        propose: where prompts come from; edits of words if None.
        objective: how good a prompt is.
        n: prompts a round, 24 in the paper's code.
        rounds: at most so many, 3 in the paper's code; until the budget is spent if None.

    Returns:
        Searched; NaN for a pair whose share did not suffice for one reading.

    Raises:
        UsageError: if there is no pair, or not one start per pair.
    """
    share, began = shares(budget, pairs), port.tokens
    propose = WordEdits(pairs) if propose is None else propose
    prompts, nll = first_prompts(starts, pairs, port), np.full(len(pairs), np.nan)
    for i, pair in enumerate(progress(pairs, "Trying prompts, round after round")):
        meter, rng, best, drawn = Meter(port, share), generator(seed, "best_of_n", pair.id), -np.inf, 0
        batch = [prompts[i]]
        while batch:
            scores = objective(meter, pair, batch)
            if scores.size and scores.max() > best:
                best, prompts[i] = float(scores.max()), batch[int(scores.argmax())]
            more = scores.size == len(batch) and (rounds is None or drawn < rounds)
            batch, drawn = propose(pair, prompts[i], n, rng) if more else [], drawn + 1
        if best > -np.inf:
            nll[i] = -best if objective is surprise else meter.read([pair], [prompts[i]])[0]
    return Searched(prompts, nll, port.tokens - began)
