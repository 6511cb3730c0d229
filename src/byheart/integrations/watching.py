"""How much of what was planted does the model know by now?

For a loop of one's own: `watch(model, tokenizer, manifest, seed=0)` between two steps. The model comes back as it was:
the same weights, every part in the mode (training or evaluation) that it was in, the random state where it stood.

Source: Carlini et al. 2019, arXiv 1802.08232, definition 2 (exposure).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from byheart.core.corpus import Corpus
from byheart.core.errors import DataError, TargetError
from byheart.core.signals import Signals
from byheart.data.canaries.canaries import Manifest
from byheart.integrations.sharding import sharded_by, whole
from byheart.measure.exposure import exposure
from byheart.models.text.causal_lm import CausalLM
from byheart.signals.text.token_logprobs import token_logprobs

MEAN = "byheart_exposure_mean"
EXTRACTED = "byheart_extracted"


def watch(model: Any, tokenizer: Any, manifest: Manifest, *, seed: int, layout: str | None = None) -> dict[str, float]:
    """Exposure and extraction of the planted canaries, by one pass over the canaries and their twins.

    Args:
        model: a causal language model of transformers, plain or with a PEFT adapter; it may be in training.
        tokenizer: its tokenizer.
        manifest: the canaries that are in the training data.
        seed: part of the signals' key; nothing here is left to chance.
        layout: how the records are trained on, `text`, `chat` or `prompt`; by default as the manifest says.

    Returns:
        `byheart_exposure_mean`: bits, mean over the planted canaries; about 1.44 when nothing is known, at most
        log2(twins + 1). `byheart_exposure_x16` and the like: the same over those planted 16 times.
        `byheart_extracted`: share of canaries whose whole secret greedy decoding recites after the words before it.

    Raises:
        DataError: if no secret has a token that the loss is on.
        TargetError: if the model cannot be read: its weights are in pieces, or its logits are not numbers.
    """
    pieces = sharded_by(model)
    if pieces is not None:
        raise TargetError(f"the weights are in pieces ({pieces}); save the model and score the saved one")
    corpus = manifest.corpus(layout)
    with left_as_it_was(whole(model)) as module:
        target = CausalLM(module, tokenizer, name="the model in training", digest="in training")
        signals = token_logprobs(target, corpus, seed=seed)
    return _told(signals, corpus)


@contextmanager
def left_as_it_was(module: Any) -> Iterator[Any]:
    """Lend a model; afterwards every part is in its mode again, and the random state where it stood."""
    modes = [(part, part.training) for part in module.modules()]
    weight = next(module.parameters())
    devices = [weight.device] if weight.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        try:
            yield module
        finally:
            for part, training in modes:
                part.training = training


def _told(signals: Signals, corpus: Corpus) -> dict[str, float]:
    bits = exposure(signals, corpus).values
    planted = corpus.roles == "canary"
    counts = corpus.columns["repetitions"].astype(np.int64)
    if np.isnan(bits[planted]).any():
        lost = corpus.ids[planted & np.isnan(bits)]
        raise DataError(
            f"{lost.size} canaries cannot be ranked (first: {lost[0]}): the loss is on no token of their secret; "
            "give the layout that they are trained in"
        )
    told = {MEAN: float(bits[planted].mean())}
    for count in sorted(set(counts[planted].tolist())):
        told[f"byheart_exposure_x{count}"] = float(bits[planted & (counts == count)].mean())
    return {**told, EXTRACTED: float(recited(signals)[planted].mean())}


def recited(signals: Signals) -> np.ndarray:
    """Whether greedy decoding takes every token of the secret, bool (n,); false without a secret."""
    inside = signals.ragged("secret").values.astype(bool) & signals.ragged("scored").values.astype(bool)
    gaps = signals.ragged("gap").keep(inside)
    misses = np.bincount(gaps.row[~(gaps.values > 0)], minlength=len(gaps))
    said: np.ndarray = (gaps.lengths > 0) & (misses == 0)
    return said
