"""How hard would a record pull at the weights?

Source: Wang et al. 2024, arXiv 2402.17012. The gradient is that of the mean loss over the scored tokens, taken without
dropout, with respect to every weight, those of a frozen base included.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from byheart.core.corpus import Corpus
from byheart.core.errors import TargetError
from byheart.core.signals import SignalKey, Signals
from byheart.core.target import Encoded, LanguageModel
from byheart.signals.text.token_logprobs import n_front
from byheart.signals.text.windows import windows

LONGEST = 1024  # tokens in one backward pass; a longer text is the sum of its windows


def gradient_norm(target: LanguageModel, corpus: Corpus, *, seed: int = 0) -> Signals:
    """One forward and one backward pass per record.

    Args:
        target: a model with weights (`module`).
        corpus: the records.
        seed: part of the key; nothing here is left to chance.

    Returns:
        Signals, dense float64 (n,): `gradient_norm`, the L2 norm over all weights, and `gradient_norm_mean`, the mean
        of the L2 norms of the weight tensors; NaN for a record without a scored token.

    Raises:
        TargetError: if the model shows no weights.
    """
    module: Any = getattr(target, "module", None)
    if module is None:
        raise TargetError(f"{target.name} shows no weights, and gradients need them; open it from a folder")
    with _differentiable(module) as weights:
        norms = np.array([_norms(target, module, weights, target.encode(item)) for item in corpus.items])
    norms = norms.reshape(-1, 2)
    arrays = {"gradient_norm": norms[:, 0], "gradient_norm_mean": norms[:, 1]}
    key = SignalKey(target.digest, corpus.digest, "gradient_norm/1", seed)
    return Signals(corpus.ids, corpus.roles, corpus.groups, arrays, key)


def _norms(target: LanguageModel, module: Any, weights: list[torch.Tensor], encoded: Encoded) -> tuple[float, float]:
    n_scored = int(encoded.scored.sum())
    if n_scored == 0:
        return np.nan, np.nan
    total: list[Any] = [None] * len(weights)
    for window in windows(0, encoded.ids, n_front(target, encoded), min(target.context, LONGEST)):
        scored = torch.from_numpy(encoded.scored[window.at : window.at + window.tokens.size]).to(target.device)
        if not scored.any():
            continue
        ids = torch.from_numpy(window.ids).long().to(target.device)
        logits = module(input_ids=ids[None], use_cache=False).logits[0, window.skip :].float()
        tokens = torch.from_numpy(window.tokens).long().to(target.device)
        loss = torch.nn.functional.cross_entropy(logits[scored], tokens[scored], reduction="sum") / n_scored
        for i, g in enumerate(torch.autograd.grad(loss, weights, allow_unused=True)):
            if g is not None:
                total[i] = g if total[i] is None else total[i] + g
    norms = [float(g.double().norm()) for g in total if g is not None]
    return float(np.linalg.norm(norms)), float(np.mean(norms))


@contextmanager
def _differentiable(module: Any) -> Iterator[list[torch.Tensor]]:
    """All weights, each once, asking for gradients; mode and flags are put back."""
    weights = [w for w in module.parameters() if w.is_floating_point()]
    flags, training = [w.requires_grad for w in weights], module.training
    module.eval()
    for w in weights:
        w.requires_grad_(True)
    try:
        yield weights
    finally:
        for w, flag in zip(weights, flags, strict=True):
            w.requires_grad_(flag)
        module.train(training)
