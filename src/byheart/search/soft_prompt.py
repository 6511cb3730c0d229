"""How far could any constant prompt go, if it did not have to be made of words?

A few free vectors before every context, trained on some pairs and the same for all. No text says them, so this is no
attack on a deployed model but a ceiling: what a search over words leaves on the table.

Source: Ozdayi et al. 2023, arXiv 2305.11759 (a constant soft prompt, one objective for all pairs).
Departs from it: trained until the budget is spent, the best vectors over all steps are kept; start at the embeddings of
drawn tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from byheart.core.progress import bar
from byheart.core.randomness import generator
from byheart.models.text.prompt_search import (
    BACKWARD,
    Frame,
    continue_vectors,
    embedding,
    plain_tokens,
    soft_loss,
    white_box,
)
from byheart.search.meter import Meter, shares
from byheart.search.port import Pair, Port
from byheart.signals.text.composed import composed


@dataclass(frozen=True, eq=False)
class SoftPrompt:
    """Vectors that stand before a context, and what they came to.

    Args:
        vectors: float (tokens, width).
        nll: mean surprise of each continuation after them, nats per token, float64 (pairs,); NaN where not read.
        spent: target tokens read, a vector counted as a token and a gradient as three readings.
        losses: mean surprise of each step's pairs, (steps,).
    """

    vectors: torch.Tensor
    nll: np.ndarray
    spent: int
    losses: np.ndarray


def soft_prompt(
    port: Port,
    pairs: Sequence[Pair],
    *,
    budget: int,
    seed: int,
    n_vectors: int = 8,
    batch: int = 8,
    lr: float = 0.1,
) -> SoftPrompt:
    """Train vectors that make the continuations likely.

    Args:
        port: the target, open; the vectors stand before the context, however prompts are composed.
        pairs: contexts and continuations.
        budget: target tokens over all pairs, the last reading of all pairs included.
        seed: of the start and of the order of the pairs.
        n_vectors: how many.
        batch: pairs a step.
        lr: step of Adam, in units of the embeddings' root mean square.

    Returns:
        SoftPrompt; the vectors are those of the step after which a running mean of the loss was lowest.

    Raises:
        TargetError: if the target gives no gradient.
        UsageError: if there is no pair.
    """
    white_box(port.target)
    shares(budget, pairs)
    meter, rng, began = Meter(port, budget), generator(seed, "soft prompt"), port.tokens
    frames = [soft_frame(port, pair, n_vectors) for pair in pairs]
    start = embedding(port.target, rng.choice(np.flatnonzero(plain_tokens(port.target)), n_vectors)).detach()
    scale = float(start.square().mean().sqrt())
    vectors = start.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([vectors], lr=lr * scale)
    best, running, losses = start, np.inf, list[float]()
    last = sum(frame.size(n_vectors) for frame in frames)
    with bar("Training a soft prompt", max(budget - last, 0)) as shown:
        while True:
            some = [frames[i] for i in rng.permutation(len(frames))[:batch]]
            cost = BACKWARD * sum(frame.size(n_vectors) for frame in some)
            if cost > meter.left - last:
                break
            meter.charge(cost)
            loss = torch.stack([soft_loss(port.target, frame, vectors) for frame in some]).mean()
            losses.append(loss.item())
            smooth = float(np.mean(losses[-max(1, len(frames) // batch) :]))
            if smooth < running:
                running, best = smooth, vectors.detach().clone()
            (vectors.grad,) = torch.autograd.grad(loss, vectors)
            optimizer.step()
            shown.advance(cost)
    return SoftPrompt(best, soft_nll(port, pairs, best, meter), port.tokens - began, np.array(losses))


def soft_frame(port: Port, pair: Pair, n_vectors: int) -> Frame:
    """What stands around the vectors: special tokens before them, the context after as it stands after a word.

    Where there is no room, the context's earliest tokens give way.
    """
    y, x = port.ids(pair.continuation), port.ids(composed(pair.context, ".", "prepend")[1:])
    room = port.target.context - port.target.front.size - n_vectors - y.size
    return Frame(port.target.front, x[max(0, x.size - room) :], y)


def soft_nll(port: Port, pairs: Sequence[Pair], vectors: torch.Tensor, meter: Meter) -> np.ndarray:
    """Mean surprise of each continuation after the vectors, float64 (pairs,); NaN where the budget is spent."""
    found = np.full(len(pairs), np.nan)
    for i, pair in enumerate(pairs):
        frame = soft_frame(port, pair, len(vectors))
        if frame.size(len(vectors)) > meter.left:
            break
        meter.charge(frame.size(len(vectors)))
        with torch.no_grad():
            found[i] = soft_loss(port.target, frame, vectors).item()
    return found


def soft_said(port: Port, pairs: Sequence[Pair], vectors: torch.Tensor) -> list[np.ndarray]:
    """What the target says after the vectors and each context, as many tokens as are hunted, int32 (tokens,) each."""
    frames = [soft_frame(port, pair, len(vectors)) for pair in pairs]
    port.tokens += sum(frame.size(len(vectors)) for frame in frames)
    return [continue_vectors(port.target, frame, vectors, frame.continuation.size) for frame in frames]
