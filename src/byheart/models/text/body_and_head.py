"""Where does a causal language model end and its vocabulary begin?

A forward pass is cut into the body (token ids to last hidden states) and the head (hidden state to logits), so that the
vocabulary is opened only where it is read. The cut is checked against the whole model on a probe; a model whose logits
are made in another way is used whole, and its "hidden states" are its logits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

PROBE = (2, 9)


@dataclass(frozen=True)
class Halves:
    """The two halves.

    Args:
        body: from ids (texts, tokens) and keyword options of the model to states (texts, tokens, width).
        head: from states (positions, width) to float32 logits (positions, vocabulary).
        whole: true if the body is the whole model.
    """

    body: Callable[..., torch.Tensor]
    head: Callable[[torch.Tensor], torch.Tensor]
    whole: bool


def cut(module: Any) -> Halves:
    """Cut a transformers causal language model in two, and check that the halves make the whole."""
    whole = Halves(lambda ids, **options: module(input_ids=ids, **options).logits, torch.Tensor.float, True)
    output = module.get_output_embeddings()
    body = module.base_model
    if output is None or body is module:
        return whole
    finish = _finish(module.config.get_text_config())

    def states(ids: torch.Tensor, **options: Any) -> torch.Tensor:
        found: torch.Tensor = body(input_ids=ids, **options).last_hidden_state
        return found

    halves = Halves(states, lambda hidden: finish(output(hidden)).float(), False)
    return halves if _agree(module, halves) else whole


def _finish(config: Any) -> Callable[[torch.Tensor], torch.Tensor]:
    """What some families do to the logits after the head: scale them, or bend them into a range."""
    factor = (getattr(config, "logit_scale", None) or 1.0) / (getattr(config, "logits_scaling", None) or 1.0)
    cap = getattr(config, "final_logit_softcapping", None)

    def finish(logits: torch.Tensor) -> torch.Tensor:
        if factor != 1.0:
            logits = logits * factor
        return logits if cap is None else torch.tanh(logits / cap) * cap

    return finish


@torch.no_grad()
def _agree(module: Any, halves: Halves) -> bool:
    device = module.get_input_embeddings().weight.device
    n = min(module.get_input_embeddings().weight.shape[0], module.get_output_embeddings().weight.shape[0])
    ids = (torch.arange(PROBE[0] * PROBE[1], device=device).reshape(PROBE) * 7919 + 11) % n
    expected = module(input_ids=ids, use_cache=False).logits.float()
    try:
        states = halves.body(ids, use_cache=False)
        got = halves.head(states.flatten(0, 1)).reshape(expected.shape)
    except (AttributeError, TypeError, RuntimeError):
        return False
    exact = states.dtype == torch.float32
    return torch.allclose(got, expected, rtol=1e-4 if exact else 2e-2, atol=1e-4 if exact else 5e-2, equal_nan=True)
