"""One plain training loop: what a fine-tune does, in a page.

Source: Loshchilov and Hutter 2019, arXiv 1711.05101 (AdamW, from torch).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from byheart.core.errors import UsageError
from byheart.core.randomness import derive_seed, generator
from byheart.core.target import Encoded

Callback = Callable[[int, float], None]


def train(
    module: Any,
    encoded: Sequence[Encoded],
    *,
    epochs: float = 1.0,
    steps: int | None = None,
    batch_size: int = 8,
    lr: float = 1e-3,
    weight_decay: float = 0.0,
    seed: int,
    callback: Callback | None = None,
) -> np.ndarray:
    """Train a causal language model in place on the scored tokens of some records.

    The learning rate falls linearly to zero; gradients are clipped to norm 1. The model ends in evaluation mode.

    Args:
        module: the model.
        encoded: the records, as the model's `encode` gives them; a record that is to be seen k times stands there k
            times.
        epochs: passes over the records, if `steps` is None.
        steps: updates.
        batch_size: records per update.
        lr: highest learning rate of AdamW.
        weight_decay: of AdamW.
        seed: of the order and of dropout; the global random state is left as it was.
        callback: called after each update with its number, from 0, and its loss.

    Returns:
        Mean loss per scored token of each update, nats, (steps,).

    Raises:
        UsageError: if there is nothing to learn from.
    """
    learnable = [e for e in encoded if e.scored.any()]
    if not learnable or batch_size < 1:
        raise UsageError(f"nothing to learn from: {len(learnable)} records with a scored token, {batch_size} a batch")
    n_steps = steps if steps is not None else max(1, round(epochs * -(-len(learnable) // batch_size)))
    weights = [w for w in module.parameters() if w.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=lr, weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=n_steps)
    batches = _batches(np.array([e.ids.size for e in learnable]), batch_size, seed)
    losses = np.zeros(n_steps)
    module.train()
    with torch.random.fork_rng():
        torch.manual_seed(derive_seed(seed, "dropout"))
        for step in range(n_steps):
            loss = batch_loss(module, [learnable[i] for i in next(batches)])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            schedule.step()
            losses[step] = loss.item()
            if callback is not None:
                callback(step, losses[step])
    module.eval()
    return losses


def batch_loss(module: Any, batch: Sequence[Encoded]) -> torch.Tensor:
    """Mean loss over the scored tokens of a batch, nats, a scalar that can be differentiated."""
    longest = max(e.ids.size for e in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    real, scored = torch.zeros_like(ids), torch.zeros_like(ids, dtype=torch.bool)
    for i, e in enumerate(batch):
        n = e.ids.size
        ids[i, :n], real[i, :n] = torch.from_numpy(e.ids), 1
        scored[i, :n] = torch.from_numpy(e.scored)
    device = next(module.parameters()).device
    ids, scored = ids.to(device), scored[:, 1:].to(device)
    logits = module(input_ids=ids, attention_mask=real.to(device), use_cache=False).logits[:, :-1]
    return torch.nn.functional.cross_entropy(logits[scored].float(), ids[:, 1:][scored])


def _batches(sizes: np.ndarray, batch_size: int, seed: int) -> Iterator[list[int]]:
    """Batches of record numbers without end: every pass a new order, records of near-equal length together.

    Chance deals the records into heaps of eight batches; each heap is sorted by length and cut, so that little of a
    batch is padding, and the batches of a pass come in an order of chance.
    """
    rng = generator(seed, "training order")
    while True:
        order = rng.permutation(sizes.size)
        heaps = [order[i : i + 8 * batch_size] for i in range(0, order.size, 8 * batch_size)]
        sorted_heaps = [heap[np.argsort(sizes[heap], kind="stable")] for heap in heaps]
        cut = [h[i : i + batch_size].tolist() for h in sorted_heaps for i in range(0, h.size, batch_size)]
        yield from (cut[i] for i in rng.permutation(len(cut)))
