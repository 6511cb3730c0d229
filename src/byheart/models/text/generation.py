"""How does a causal language model continue its prompts, whatever else stands in the batch?

Prompts of like length go together, padded on the left. Greedy decoding takes the likeliest token; sampling inverts the
cumulative distribution at numbers drawn for each prompt alone. The settings saved beside a model (penalties, stop
tokens) are not used: what is asked is what is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from byheart.core.errors import MissingExtra
from byheart.models.text.sampling import draw, narrow

try:
    from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList
except ImportError as e:
    raise MissingExtra("transformers", "text") from e

TOKENS_PER_BATCH = {"cpu": 4096, "cuda": 65536}


class SeededChoice(LogitsProcessor):
    """Leaves one token of each row: drawn with numbers that belong to the row's prompt.

    Args:
        uniform: numbers in [0, 1), float64 (prompts, new tokens).
        n_prompt: length of the padded prompts in tokens.
        temperature, top_k, top_p: the decoding scheme.
    """

    def __init__(
        self, uniform: torch.Tensor, n_prompt: int, temperature: float, top_k: int | None, top_p: float | None
    ) -> None:
        self.uniform, self.n_prompt = uniform, n_prompt
        self.temperature, self.top_k, self.top_p = temperature, top_k, top_p

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Rule out every token but the drawn one."""
        logits = narrow(scores.float() / self.temperature, top_k=self.top_k, top_p=self.top_p)
        chosen = draw(logits, self.uniform[:, input_ids.shape[1] - self.n_prompt])
        only = torch.full_like(scores, -torch.inf)
        return only.scatter_(-1, chosen.unsqueeze(-1), 0.0)  # type: ignore[return-value]


def continue_prompts(
    module: Any,
    prompts: Sequence[np.ndarray],
    n_new: int,
    *,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    seeds: Sequence[int] | None,
) -> list[np.ndarray]:
    """Continue each prompt (tokens,) by exactly n_new tokens, int32 (n_new,)."""
    made: list[np.ndarray] = [np.zeros(0, np.int32)] * len(prompts)
    if n_new == 0:
        return made
    kinds = range(len(prompts)) if seeds is None else seeds
    with _plain_settings(module), torch.no_grad():
        for rows in _batches(prompts, n_new, module.device.type):
            batch = [prompts[i] for i in rows]
            choice = LogitsProcessorList()
            if temperature > 0:
                uniform = np.stack([np.random.default_rng(kinds[i]).random(n_new) for i in rows])
                longest = max(p.size for p in batch)
                choice.append(SeededChoice(torch.from_numpy(uniform), longest, temperature, top_k, top_p))
            for i, new in zip(rows, _generate(module, batch, n_new, choice), strict=True):
                made[i] = new
    return made


def _generate(module: Any, batch: list[np.ndarray], n_new: int, choice: Any) -> np.ndarray:
    longest = max(p.size for p in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, prompt in enumerate(batch):
        ids[row, longest - prompt.size :] = torch.from_numpy(np.asarray(prompt, np.int64))
        mask[row, longest - prompt.size :] = 1
    settings = _settings(do_sample=False, max_new_tokens=n_new, pad_token_id=0, use_cache=True)
    out = module.generate(
        input_ids=ids.to(module.device),
        attention_mask=mask.to(module.device),
        generation_config=settings,
        logits_processor=choice,
    )
    new: np.ndarray = out[:, longest:].cpu().numpy().astype(np.int32)
    return new


def _batches(prompts: Sequence[np.ndarray], n_new: int, device: str) -> list[list[int]]:
    """Row numbers in groups of like length, each within a budget of tokens."""
    budget = TOKENS_PER_BATCH.get(device, TOKENS_PER_BATCH["cpu"])
    groups: list[list[int]] = []
    for i in sorted(range(len(prompts)), key=lambda i: (-prompts[i].size, i)):
        longest = prompts[groups[-1][0]].size + n_new if groups else 0
        if groups and longest * (len(groups[-1]) + 1) <= budget:
            groups[-1].append(i)
        else:
            groups.append([i])
    return groups


def _settings(**options: Any) -> Any:
    make: Any = GenerationConfig
    return make(**options)


@contextmanager
def _plain_settings(module: Any) -> Any:
    saved, module.generation_config = module.generation_config, _settings()
    try:
        yield
    finally:
        module.generation_config = saved
