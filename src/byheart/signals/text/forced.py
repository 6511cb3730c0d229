"""What does the model think of given continuations after given prompts? One pass over all; nothing is generated.

As long as every token was the model's best guess, what it has read is what it would have said. So the run of hits at
the beginning is as long as what greedy decoding recites, and a continuation of hits alone is recited in full.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch

from byheart.core.ragged import Ragged
from byheart.core.target import LanguageModel
from byheart.signals.text.token_logprobs import LOGIT_BYTES, TOKENS_PER_BATCH
from byheart.signals.text.vocabulary import read_vocabulary
from byheart.signals.text.windows import Window, batches

READ = ("logprob", "mean_logprob", "gap", "rank")


def forced(
    target: LanguageModel,
    prompts: Sequence[np.ndarray],
    continuations: Sequence[np.ndarray],
    *,
    max_tokens_per_batch: int | Literal["auto"] = "auto",
) -> dict[str, Ragged]:
    """Read each continuation after its prompt; the vocabulary is opened at the continuation only.

    Args:
        target: the model.
        prompts: token ids (1 or more,) each, special tokens included.
        continuations: token ids each; with its prompt no longer than the context. Nothing is read for an empty one.
        max_tokens_per_batch: padding included.

    Returns:
        Ragged float32 per token of each continuation: `logprob`, `mean_logprob`, `gap`, `rank`, as `token_logprobs` has
        them.

    Raises:
        TargetError: if the logits are not numbers.
    """
    shape = Ragged.of(continuations, np.int32)
    flat = {name: np.full(shape.values.size, np.nan, np.float32) for name in READ}
    pieces = [
        Window(row, np.concatenate([p, c[:-1]]), p.size - 1, 0, c)
        for row, (p, c) in enumerate(zip(prompts, continuations, strict=True))
        if c.size
    ]
    place = "cuda" if target.device.type == "cuda" else "cpu"
    budget = TOKENS_PER_BATCH[place] if max_tokens_per_batch == "auto" else max_tokens_per_batch
    portion = max(1, LOGIT_BYTES[place] // (4 * target.vocabulary))
    for batch in batches(pieces, budget):
        states, tokens = _states(target, batch)
        where = np.concatenate([shape.offsets[w.row] + np.arange(w.tokens.size) for w in batch])
        for k in range(0, len(states), portion):
            found = read_vocabulary(target.logits(states[k : k + portion]), tokens[k : k + portion])
            for name in READ:
                flat[name][where[k : k + portion]] = found[name].cpu().numpy()
    return {name: shape.like(values) for name, values in flat.items()}


@torch.no_grad()
def _states(target: LanguageModel, batch: Sequence[Window]) -> tuple[torch.Tensor, torch.Tensor]:
    """Hidden states (positions, width) before the tokens that are asked for, and these tokens (positions,)."""
    ids = torch.zeros(len(batch), batch[0].ids.size, dtype=torch.long)
    asked = torch.zeros_like(ids, dtype=torch.bool)
    for i, window in enumerate(batch):
        ids[i, : window.ids.size] = torch.from_numpy(window.ids)
        asked[i, window.skip : window.ids.size] = True
    states = target.hidden(ids.to(target.device))
    tokens = torch.from_numpy(np.concatenate([w.tokens for w in batch])).long().to(states.device)
    return states.flatten(0, 1)[asked.flatten().nonzero()[:, 0].to(states.device)], tokens
