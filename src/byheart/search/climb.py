"""How does one prompt get better, token by token, along the gradient?

Each step asks the gradient which tokens promise most at each place, reads many prompts that differ from the present one
in one token, and goes to the best of them, better or not. No prompt is read twice; where all neighbours are known, the
search goes on from a new prompt drawn at random. So with enough budget it has read every prompt there is.

Source: Zou et al. 2023, arXiv 2307.15043, algorithm 1.
Departs from it: candidates are drawn without replacement, never twice, and only those whose text comes back as the same
tokens; a dead end is left by a new draw.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from byheart.models.text.prompt_search import BACKWARD, prompt_gradient, read_candidates
from byheart.search.meter import Meter
from byheart.search.safe_prompts import Place, drawn_prompt

PATIENCE = 8  # sequences looked at for each candidate wanted, until enough are found that are prompts


@dataclass(frozen=True)
class Plan:
    """How a climb is made.

    Args:
        n_candidates: prompts read a step.
        top_k: tokens the gradient may name for each place.
        early_stop: end as soon as greedy decoding recites every continuation.
        steps: at most so many; until the budget is spent, or every prompt was read, if None.
    """

    n_candidates: int = 100
    top_k: int = 250
    early_stop: bool = True
    steps: int | None = 200


@dataclass(frozen=True, eq=False)
class Climbed:
    """What a climb came to.

    Args:
        prompt: the best prompt's tokens, int32 (tokens,).
        nll: mean surprise after it, nats per token, a mean over pairs; NaN if nothing was read.
        recited: whether greedy decoding then recites every continuation.
        steps: gradients asked for.
        found_at: target tokens read when the best was found.
    """

    prompt: np.ndarray
    nll: float
    recited: bool
    steps: int
    found_at: int


def climb(place: Place, start: np.ndarray, *, meter: Meter, rng: np.random.Generator, plan: Plan) -> Climbed:
    """Better a prompt until it recites, the steps are made, or the budget is spent.

    Args:
        place: where the prompt stands.
        start: its tokens, int32 (tokens,).
        meter: what may be read; a gradient counts as three readings.
        rng: of the candidates.
        plan: how.
    """
    seen: set[bytes] = set()
    best, batch, steps = Climbed(start, np.nan, False, 0, 0), start[None], 0
    while len(batch):
        batch = batch[: meter.left // place.size(start.size)]
        if not len(batch):
            break
        seen |= {prompt.tobytes() for prompt in batch}
        nll, recited = _read(place, batch, meter)
        chosen = int(np.where(recited, nll, np.inf).argmin() if plan.early_stop and recited.any() else nll.argmin())
        here = batch[chosen]
        if np.isnan(best.nll) or nll[chosen] < best.nll or (plan.early_stop and recited[chosen]):
            best = Climbed(here, float(nll[chosen]), bool(recited[chosen]), steps, meter.spent)
        done = (plan.early_stop and best.recited) or steps == plan.steps
        if done or meter.left < (BACKWARD + 1) * place.size(start.size):
            break
        batch, steps = _neighbours(place, here, seen, meter, rng, plan), steps + 1
    return Climbed(best.prompt, best.nll, best.recited, steps, best.found_at)


def _read(place: Place, batch: np.ndarray, meter: Meter) -> tuple[np.ndarray, np.ndarray]:
    """Mean surprise over pairs and whether all are recited, (candidates,) each."""
    meter.charge(len(batch) * place.size(batch.shape[1]))
    found = [read_candidates(place.port.target, frame, batch) for frame in place.frames]
    return np.mean([f.nll for f in found], axis=0), np.all([f.recited for f in found], axis=0)


def _neighbours(
    place: Place, here: np.ndarray, seen: set[bytes], meter: Meter, rng: np.random.Generator, plan: Plan
) -> np.ndarray:
    """The next prompts to be read, int32 (candidates, tokens); none if every draw is known."""
    meter.charge(BACKWARD * place.size(here.size))
    slopes = np.mean([prompt_gradient(place.port.target, frame, here) for frame in place.frames], axis=0)
    slopes[:, ~place.plain] = np.inf
    k = min(plan.top_k, int(place.plain.sum()))
    named = slopes.argpartition(k - 1, axis=1)[:, :k]
    named.sort(axis=1)
    made: dict[bytes, np.ndarray] = {}
    for entry in rng.permutation(named.size)[: PATIENCE * plan.n_candidates]:
        prompt = here.copy()
        prompt[entry // k] = named.flat[entry]
        if prompt.tobytes() not in seen and place.holds(prompt):
            made[prompt.tobytes()] = prompt
        if len(made) == plan.n_candidates:
            break
    return np.array(list(made.values()), np.int32) if made else _elsewhere(place, here.size, seen, rng)


def _elsewhere(place: Place, n_tokens: int, seen: set[bytes], rng: np.random.Generator) -> np.ndarray:
    """One prompt drawn at random that was not read yet, (1, tokens), or none, (0, tokens)."""
    for _ in range(PATIENCE * PATIENCE):
        prompt = drawn_prompt(place.port, n_tokens, rng)
        if prompt is not None and prompt.tobytes() not in seen and place.holds(prompt):
            return prompt[None]
    return np.zeros((0, n_tokens), np.int32)
