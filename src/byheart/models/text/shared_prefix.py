"""How is a context read once and then continued by many texts?

Its keys and values are kept for one text; every use sees them as if they were there for each text of the batch, without
copying, and what a use adds goes to tensors of its own. Caches that are changed in place (states of recurrent layers)
are not shared: the context is then read again with every batch.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from byheart.core.errors import MissingExtra

try:
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer
except ImportError as e:
    raise MissingExtra("transformers", "text") from e


GROWING = (DynamicLayer, DynamicSlidingWindowLayer)  # what they hold is replaced by an update, never changed


@dataclass(frozen=True, eq=False)
class SharedPrefix:
    """A context as a model has read it.

    Args:
        ids: its tokens, int32 (tokens,).
        cache: its keys and values, each layer (1, heads, tokens, width); None if they cannot be shared.
    """

    ids: np.ndarray
    cache: Any | None

    def spread(self, n_texts: int) -> Any:
        """A cache for n_texts texts, each after this context."""
        cache = copy.copy(self.cache)
        cache.layers = [_spread(layer, n_texts) for layer in cache.layers]  # type: ignore[union-attr]
        return cache


def read_prefix(ids: np.ndarray, body: Callable[..., torch.Tensor], config: Any, device: torch.device) -> SharedPrefix:
    """Read a context of one token or more."""
    ids = np.asarray(ids, np.int32)
    cache: Any = DynamicCache(config=config)
    body(torch.from_numpy(ids).long().to(device)[None], past_key_values=cache, use_cache=True)
    shareable = all(type(layer) in GROWING and layer.is_initialized for layer in cache.layers)
    return SharedPrefix(ids, cache if shareable else None)


def _spread(layer: Any, n_texts: int) -> Any:
    wide = copy.copy(layer)
    wide.keys = layer.keys.expand(n_texts, -1, -1, -1)
    wide.values = layer.values.expand(n_texts, -1, -1, -1)
    return wide
