"""Which change of a prompt would make a continuation more likely, and how likely does each of many prompts make it?

The first needs the model's gradient, so an open model; the second any `LanguageModel`. Candidates that differ in their
prompt only share what stands before it, which is read once, and the vocabulary is opened for the continuation alone.

Source: Shin et al. 2020, arXiv 2010.15980 (gradient with respect to the one-hot token); Zou et al. 2023, arXiv
2307.15043, section 2.2 (candidates read in batches).
Departs from it: loss and gradient are of the continuation's mean surprise per token, so that lengths compare.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from byheart.core.errors import TargetError
from byheart.core.target import LanguageModel

BACKWARD = 3  # a forward and a backward pass cost about three forward passes (Kaplan et al. 2020, arXiv 2001.08361)
TOKENS_PER_BATCH = {"cpu": 4096, "cuda": 65536}
LOGITS_PER_BATCH = {"cpu": 1 << 26, "cuda": 1 << 30}


@dataclass(frozen=True, eq=False)
class Frame:
    """What stands around a prompt.

    Args:
        head: tokens before it, int32 (0 or more,).
        tail: tokens between it and the continuation, int32 (0 or more,).
        continuation: what is to be made likely, int32 (1 or more,).
    """

    head: np.ndarray
    tail: np.ndarray
    continuation: np.ndarray

    def size(self, n_prompt: int) -> int:
        """Tokens that one reading takes, with a prompt of so many."""
        return self.head.size + n_prompt + self.tail.size + self.continuation.size


@dataclass(frozen=True, eq=False)
class Read:
    """How candidate prompts fare.

    Args:
        nll: mean surprise of the continuation after each, nats per token, float64 (candidates,).
        recited: whether each token of the continuation is the likeliest after all before it, bool (candidates,); this
            is what greedy decoding says.
    """

    nll: np.ndarray
    recited: np.ndarray


def white_box(model: LanguageModel) -> Any:
    """The model's body and head, through which gradients flow, and its table of embeddings.

    Raises:
        TargetError: if the model gives no gradient.
    """
    if not hasattr(model, "halves") or not hasattr(model, "module"):
        raise TargetError(
            f"{model.name} gives no gradient, and this search follows one; open the model from its weights, or search "
            "by best-of-n"
        )
    return model


def embedding(model: LanguageModel, ids: np.ndarray | torch.Tensor) -> torch.Tensor:
    """What the model reads for these tokens, (tokens, width); scaled where the family scales it."""
    layer = white_box(model).module.get_input_embeddings()
    return layer(torch.as_tensor(np.asarray(ids), dtype=torch.long, device=layer.weight.device))  # type: ignore[no-any-return]


def soft_loss(model: LanguageModel, frame: Frame, vectors: torch.Tensor) -> torch.Tensor:
    """Mean surprise of the continuation after vectors in the prompt's place, nats per token; can be differentiated.

    Args:
        model: an open model.
        frame: what stands around.
        vectors: (prompt tokens, width).
    """
    halves, y = white_box(model).halves, frame.continuation
    around = [embedding(model, part).detach() for part in (frame.head, np.append(frame.tail, y[:-1]))]
    states = halves.body(None, inputs_embeds=torch.cat([around[0], vectors, around[1]])[None], use_cache=False)
    wanted = torch.from_numpy(y).long().to(states.device)
    return cross_entropy(halves.head(states[0, -y.size :]), wanted)


def prompt_gradient(model: LanguageModel, frame: Frame, prompt: np.ndarray) -> np.ndarray:
    """How the continuation's mean surprise changes with each entry of the one-hot prompt.

    Args:
        model: an open model.
        frame: what stands around the prompt.
        prompt: token ids (tokens,).

    Returns:
        float32 (tokens, vocabulary), nats per token; a token with a lower entry than the present one promises, to first
        order, a lower surprise.

    Raises:
        TargetError: if the model gives no gradient.
    """
    table = embedding(model, np.arange(model.vocabulary)).detach()
    vectors = table[torch.from_numpy(np.asarray(prompt)).long()].clone().requires_grad_(True)
    (slope,) = torch.autograd.grad(soft_loss(model, frame, vectors), vectors)
    found: np.ndarray = (slope @ table.T).float().cpu().numpy()
    return found


@torch.no_grad()
def read_candidates(model: LanguageModel, frame: Frame, prompts: np.ndarray) -> Read:
    """The continuation's surprise after each of many prompts of one length.

    Args:
        model: any language model.
        frame: what stands around each; head and prompt together hold a token at least.
        prompts: token ids (candidates, tokens).
    """
    kind = "cuda" if model.device.type == "cuda" else "cpu"
    y, n = frame.continuation, len(prompts)
    rest = np.broadcast_to(np.append(frame.tail, y[:-1]), (n, frame.tail.size + y.size - 1))
    ids = np.concatenate([prompts, rest], axis=1)
    head = frame.head if ids.shape[1] >= y.size else frame.head[:-1]  # a state is needed before the continuation
    ids = np.concatenate([np.broadcast_to(frame.head[head.size :], (n, frame.head.size - head.size)), ids], axis=1)
    shared = model.read_prefix(head) if head.size else None
    rows = max(1, TOKENS_PER_BATCH[kind] // max(1, ids.shape[1]))
    opened = max(1, LOGITS_PER_BATCH[kind] // (model.vocabulary * y.size))
    wanted = torch.from_numpy(y).long().to(model.device)
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    for start in range(0, n, rows):
        batch = torch.from_numpy(ids[start : start + rows]).long().to(model.device)
        states = model.hidden(batch, prefix=shared)[:, -y.size :]
        parts += [_judged(model.logits(some.flatten(0, 1)), wanted) for some in torch.split(states, opened)]
    return Read(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _judged(logits: torch.Tensor, wanted: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Mean surprise and whether all is recited, of logits (rows * tokens, vocabulary)."""
    tokens = wanted.repeat(len(logits) // len(wanted))
    loss = cross_entropy(logits.float(), tokens, reduction="none").view(-1, len(wanted))
    hit = (logits.argmax(-1) == tokens).view(-1, len(wanted))
    return loss.double().mean(1).cpu().numpy(), hit.all(1).cpu().numpy()


def plain_tokens(model: LanguageModel) -> np.ndarray:
    """Which tokens a prompt may hold: those of ordinary text, no special ones, bool (vocabulary,)."""
    plain = np.ones(model.vocabulary, bool)
    tokenizer = getattr(model, "tokenizer", None)
    if tokenizer is not None:
        plain[len(tokenizer) :] = False
        plain[list(tokenizer.added_tokens_decoder)] = False
    plain[model.front] = False
    return plain


@torch.no_grad()
def continue_vectors(model: LanguageModel, frame: Frame, vectors: torch.Tensor, n_new: int) -> np.ndarray:
    """Greedy continuation of head, vectors and tail, int32 (n_new,); each token reads all before it again."""
    halves, made = white_box(model).halves, np.zeros(0, np.int32)
    for _ in range(n_new):
        around = embedding(model, frame.head), vectors, embedding(model, np.append(frame.tail, made))
        states = halves.body(None, inputs_embeds=torch.cat(around)[None], use_cache=False)
        made = np.append(made, np.int32(halves.head(states[0, -1:]).argmax()))
    return made
